import type { Random } from "../random.ts";
import type { WireSignal } from "../wire.ts";

/** What ought to happen to a signal. The verdicts of the intake are scored against it. */
export type Expected = "accepted" | "duplicate" | "rejected";

export interface SentSignal {
  signal: WireSignal;
  expected: Expected;
  /** Which kind of copy or fault it is; for people to read. */
  kind: string;
}

const RESENT = 0.012;
const COPIED = 0.01;
const FORWARDED = 0.06;
const BROKEN = 0.006;

/** Life as it arrives: retries, copies under another id, forwarded messages and broken rows among the good ones. */
export function addNoise(signals: readonly WireSignal[], random: Random): SentSignal[] {
  return signals.flatMap((signal) => {
    const sent: SentSignal[] = [{ signal, expected: "accepted", kind: "good" }];
    if (random.chance(RESENT)) {
      sent.push({ signal: structuredClone(signal), expected: "duplicate", kind: "sent again" });
    }
    if (random.chance(COPIED)) {
      const copy = { ...signal, source_platform: "back-office", source_id: `copy-${signal.source_id}` };
      sent.push({ signal: copy, expected: "duplicate", kind: "same under another id" });
    }
    if (signal.type === "whatsapp_message" && random.chance(FORWARDED)) {
      sent.push({ signal: forward(signal), expected: "duplicate", kind: "nearly the same text" });
    }
    if (random.chance(BROKEN)) {
      const { kind, fields } = random.pick(FAULTS);
      const broken = { ...signal, source_id: `broken-${signal.source_id}`, ...fields };
      sent.push({ signal: broken, expected: "rejected", kind });
    }
    return sent;
  });
}

/** The same words two minutes later under another id, with the small changes that forwarding makes. */
function forward(signal: WireSignal): WireSignal {
  const at = new Date(Date.parse(signal.occurred_at) + 120_000).toISOString();
  const text = String(signal.data.message_text).replace("!", ".").replace(",", "");
  const id = `forwarded-${signal.source_id}`;
  return {
    ...signal,
    source_id: id,
    occurred_at: at,
    data: { ...signal.data, message_text: text, whatsapp_message_id: id, timestamp: at },
  };
}

const FAULTS: readonly { kind: string; fields: Partial<WireSignal> }[] = [
  { kind: "unknown type", fields: { type: "telepathy" } },
  { kind: "year 9999", fields: { occurred_at: "9999-01-01T00:00:00Z" } },
  { kind: "broken e-mail address", fields: { identifiers: { email: "nobody at nowhere" } } },
  { kind: "no data", fields: { data: {} } },
];
