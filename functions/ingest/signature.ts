const encoder = new TextEncoder();

/** Whether `header` ("sha256=<hex>") is the HMAC of exactly these bytes. WebCrypto compares in constant time. */
export async function isSigned(
  body: Uint8Array,
  header: string | undefined,
  secret: string,
): Promise<boolean> {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header ?? "")?.[1];
  if (!hex || !secret) return false;
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const key = await hmacKey(encoder.encode(secret), ["verify"]);
  return crypto.subtle.verify("HMAC", key, signature, body as BufferSource);
}

/** Compares two secrets without telling by its time where they differ: as HMACs under a key of the moment. */
export async function isSameSecret(given: string, expected: string): Promise<boolean> {
  if (!expected) return false;
  const key = await hmacKey(crypto.getRandomValues(new Uint8Array(32)), ["sign", "verify"]);
  const proof = await crypto.subtle.sign("HMAC", key, encoder.encode(expected));
  return crypto.subtle.verify("HMAC", key, proof, encoder.encode(given));
}

function hmacKey(secret: Uint8Array, usages: KeyUsage[]): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    "raw",
    secret as BufferSource,
    { name: "HMAC", hash: "SHA-256" },
    false,
    usages,
  );
}
