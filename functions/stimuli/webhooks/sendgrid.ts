import { z } from "zod";
import type { DeliveryEvent } from "../../../types/delivery.ts";
import { fromBase64 } from "./standard.ts";

const TOLERANCE_SECONDS = 600;

/** SendGrid's signed event webhook: ECDSA on P-256 with SHA-256 over timestamp and body, the public key as DER in base64. */
export async function isSendGridSigned(
  publicKey: string,
  headers: Headers,
  body: Uint8Array,
  now = Date.now(),
): Promise<boolean> {
  const timestamp = headers.get("x-twilio-email-event-webhook-timestamp") ?? "";
  const signature = rawSignature(fromBase64(headers.get("x-twilio-email-event-webhook-signature") ?? ""));
  const key = fromBase64(publicKey);
  if (!key || !signature || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const head = new TextEncoder().encode(timestamp);
  const signed = new Uint8Array(head.byteLength + body.byteLength);
  signed.set(head);
  signed.set(body, head.byteLength);
  try {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const verifier = await crypto.subtle.importKey("spki", key as BufferSource, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(
      { name: "ECDSA", hash: "SHA-256" },
      verifier,
      signature as BufferSource,
      signed,
    );
  } catch {
    return false;
  }
}

/** WebCrypto wants r and s of 32 bytes each; the header has them as a DER sequence of two integers. */
function rawSignature(der: Uint8Array | undefined): Uint8Array | undefined {
  if (der?.[0] !== 0x30 || der[1] !== der.byteLength - 2) return;
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const value = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || value.byteLength !== length || length < 1) return;
    const digits = value[0] === 0 ? value.subarray(1) : value;
    if (digits.byteLength > 32) return;
    raw.set(digits, end - digits.byteLength);
    at += 2 + length;
  }
  return at === der.byteLength ? raw : undefined;
}

const event = z.looseObject({
  sg_event_id: z.string().min(1).max(255),
  event: z.string(),
  timestamp: z.number().int().min(0).max(99_999_999_999),
  email: z.string().max(320).optional(),
  "smtp-id": z.string().max(500).optional(),
  url: z.string().max(4000).optional(),
  type: z.string().optional(),
  status: z.string().max(100).optional(),
});

const TYPES: Record<string, DeliveryEvent["type"]> = {
  processed: "sent",
  delivered: "delivered",
  open: "opened",
  click: "clicked",
  bounce: "bounced",
  dropped: "failed",
  spamreport: "complained",
  unsubscribe: "unsubscribed",
  group_unsubscribe: "unsubscribed",
};

/** What SendGrid tells of messages; `smtp-id` is the Message-ID that they were sent with. Other kinds of events pass by. */
export function fromSendGrid(body: unknown): DeliveryEvent[] {
  return (Array.isArray(body) ? body : []).flatMap((candidate) => {
    const { data } = event.safeParse(candidate);
    const type = data && TYPES[data.event];
    if (!data || !type) return [];
    return {
      event_id: data.sg_event_id,
      type,
      provider_message_id: data["smtp-id"],
      // Known even where the answer to the hand-over was lost.
      deployment_id: /^<?loopwise-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/.exec(
        data["smtp-id"] ?? "",
      )?.[1],
      occurred_at: new Date(data.timestamp * 1000).toISOString(),
      // A blocked message may pass another day; only a bounce says that the address is gone.
      is_permanent: data.type !== "blocked",
      address: data.email?.toLowerCase(),
      link: data.url,
      code: data.status,
    };
  });
}
