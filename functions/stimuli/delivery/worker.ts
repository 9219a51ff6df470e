import type { DeliverResponse } from "../../../types/delivery.ts";
import type { Answer, ConnectorKind } from "../connectors/connector.ts";
import type { Channel } from "../render.ts";

/** A row of stimuli.claim_deliveries: this worker's to send, and nobody else's until `lease_until`. */
export interface HandedOver {
  brand_id: string;
  deployment_id: string;
  stimulus_id: string;
  actor_id: string;
  channel: Channel;
  connector: ConnectorKind;
  service_name: string | null;
  address: string | null;
  idempotency_key: string;
  fencing_token: number;
  lease_until: string;
  content: Record<string, unknown>;
  /** Of the stimulus, and over them those of the person. */
  field_values: Record<string, unknown>;
  /** As the template declares them. */
  fields: unknown;
  unsubscribe_token: string | null;
  language: string;
  currency: string;
  time_zone: string;
}

/** What stimuli.finish_deliveries takes. */
export interface Result {
  deployment_id: string;
  fencing_token: number;
  verdict: "sent" | "delivered" | "rejected" | "retry" | "unknown" | "released";
  provider_message_id?: string | null;
  code?: string;
  message?: string;
  retry_after_seconds?: number;
  content?: Record<string, unknown>;
}

export interface Queue {
  claim(worker: string, limit: number): Promise<HandedOver[]>;
  finish(results: Result[]): Promise<void>;
}

export interface Sent {
  answer: Answer;
  content?: Record<string, unknown>;
}

export interface Work {
  queue: Queue;
  /** Hands one message to its provider, unless `notAfter` (performance.now()) has passed; never throws. */
  send(message: HandedOver, notAfter: number): Promise<Sent>;
  worker: string;
  concurrency: number;
  /** No message is taken after so long. */
  forMs: number;
}

/**
 * Of a claim that was asked for at t, everything has begun by t + this or is given back. What a person decides after
 * the claim has looked is so never later than this by the time that a provider gets the message.
 */
const HAND_OVER_MS = 900;
/** How long an answer waits for others before it is written down. */
const FLUSH_MS = 100;
const MAX_RESULTS = 500;

/** Takes messages from the queue and sends them, until none is due or the time is up. */
export async function deliver({ queue, send, worker, concurrency, forMs }: Work): Promise<DeliverResponse> {
  const counts = { handed_over: 0, sent: 0, rejected: 0, retry: 0, unknown: 0, released: 0 };
  const until = performance.now() + forMs;
  const inFlight = new Set<Promise<void>>();
  const results: Result[] = [];
  let isDry = false;
  let atOnce = concurrency;

  const start = (message: HandedOver, notAfter: number) => {
    const sending = send(message, notAfter).then((sent) => {
      const result = toResult(message, sent);
      counts[result.verdict === "delivered" ? "sent" : result.verdict] += 1;
      results.push(result);
      inFlight.delete(sending);
    });
    inFlight.add(sending);
  };

  for (;;) {
    if (results.length > 0) {
      await flush(queue, results);
      // What was given back may be due again.
      isDry = false;
    }
    const isTime = performance.now() < until;
    const free = Math.min(atOnce, concurrency - inFlight.size);
    // Half of the places at a time: a claim for every single answer would cost more than the sending.
    if (isTime && (concurrency - inFlight.size) * 2 >= concurrency) {
      const asked = performance.now();
      const claimed = await queue.claim(worker, free);
      isDry = claimed.length === 0;
      counts.handed_over += claimed.length;
      for (const message of claimed) start(message, asked + HAND_OVER_MS);
      // A database that takes long over a claim leaves no time for what was claimed: fewer at once then.
      const isSlow = performance.now() - asked > HAND_OVER_MS / 2;
      atOnce = isSlow ? Math.ceil(atOnce / 2) : Math.min(concurrency, atOnce * 2);
    }
    if (inFlight.size === 0 && results.length === 0 && (isDry || !isTime)) return counts;
    if (inFlight.size > 0) await pause(inFlight);
  }
}

async function flush(queue: Queue, results: Result[]): Promise<void> {
  const batch = results.splice(0, MAX_RESULTS);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await queue.finish(batch);
    } catch (error) {
      // After that the leases run out, and the messages are sent again by their keys, or held.
      if (attempt === 5) throw error;
      await sleep(200 * 2 ** attempt);
    }
  }
}

/** Until something is answered, and a moment longer for others. */
async function pause(inFlight: Set<Promise<void>>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([...inFlight, sleep(FLUSH_MS, patience.signal)]);
  patience.abort();
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function toResult({ deployment_id, fencing_token }: HandedOver, { answer, content }: Sent): Result {
  const id = { deployment_id, fencing_token };
  switch (answer.kind) {
    case "sent":
      return {
        ...id,
        verdict: answer.isDelivered ? "delivered" : "sent",
        provider_message_id: answer.providerMessageId,
        content,
      };
    case "rejected":
      return { ...id, verdict: "rejected", code: answer.code, message: answer.message };
    case "retry":
      return {
        ...id,
        verdict: "retry",
        code: answer.code,
        message: answer.message,
        retry_after_seconds: answer.afterSeconds,
      };
    case "released":
      return { ...id, verdict: "released" };
    case "unknown":
      return { ...id, verdict: "unknown", code: answer.code, message: answer.message, content };
  }
}
