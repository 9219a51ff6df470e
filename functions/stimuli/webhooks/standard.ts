/** Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id.timestamp.body under the bytes after whsec_. */
const TOLERANCE_SECONDS = 300;
const encoder = new TextEncoder();

export async function signStandard(
  secret: string,
  id: string,
  timestamp: number,
  body: string,
): Promise<string> {
  const key = await hmacKey(secret);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`${id}.${timestamp}.${body}`));
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
}

/** Whether one of the signatures in the headers is of exactly these bytes, and they are not old. */
export async function isStandardSigned(
  secret: string,
  headers: Headers,
  body: Uint8Array,
  now = Date.now(),
): Promise<boolean> {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  if (!secret || !id || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const head = encoder.encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.byteLength + body.byteLength);
  signed.set(head);
  signed.set(body, head.byteLength);
  const key = await hmacKey(secret);
  for (const part of (headers.get("webhook-signature") ?? "").split(" ").slice(0, 8)) {
    const signature = fromBase64(/^v1,(.+)$/.exec(part)?.[1] ?? "");
    if (signature && (await crypto.subtle.verify("HMAC", key, signature as BufferSource, signed)))
      return true;
  }
  return false;
}

function hmacKey(secret: string): Promise<CryptoKey> {
  const bytes = fromBase64(secret.replace(/^whsec_/, "")) ?? encoder.encode(secret);
  return crypto.subtle.importKey("raw", bytes as BufferSource, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}

export function fromBase64(value: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(value), (c) => c.charCodeAt(0));
    return bytes.byteLength > 0 ? bytes : undefined;
  } catch {
    return undefined;
  }
}
