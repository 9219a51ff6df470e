import type { IngestResponse, IngestVerdict } from "../../types/api.ts";
import { startProgress } from "./progress.ts";
import type { Session } from "./session.ts";
import type { WireSignal } from "./wire.ts";

/** The function takes at most this many signals at a time… */
const BATCH_SIZE = 1000;
/** …and this many bytes, with room for the envelope. */
const BATCH_BYTES = 3_500_000;
const ATTEMPTS = 5;

/** Sends signals to the Edge Function `ingest` as a machine does, with an API key; one verdict per signal, in order. */
export async function sendSignals(
  session: Session,
  signals: readonly WireSignal[],
  label: string,
): Promise<IngestVerdict[]> {
  const progress = startProgress(label, signals.length);
  const verdicts: IngestVerdict[] = [];
  for (const batch of batches(signals)) {
    verdicts.push(...(await sendBatch(session, batch)));
    progress.advance(batch.length);
  }
  progress.stop();
  return verdicts;
}

export function* batches(signals: readonly WireSignal[]): Generator<WireSignal[]> {
  let batch: WireSignal[] = [];
  let bytes = 0;
  for (const signal of signals) {
    const size = Buffer.byteLength(JSON.stringify(signal)) + 1;
    if (batch.length > 0 && (batch.length === BATCH_SIZE || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(signal);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch(
  { stack, apiKey }: Session,
  signals: readonly WireSignal[],
): Promise<IngestVerdict[]> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${stack.url}/functions/v1/ingest`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": apiKey },
      body: JSON.stringify({ signals }),
    });
    const body = await response.text();
    if (response.ok) return (JSON.parse(body) as IngestResponse).results;
    // A busy or limited intake says how long to wait. Sending a batch again is safe: each signal has its own id.
    const retry = response.status === 429 || response.status >= 500;
    if (!retry || attempt === ATTEMPTS)
      throw new Error(
        `ingest answered ${response.status}: ${body.slice(0, 500)} (LOOPWISE_VERBOSE=1 prints the log of the stack)`,
      );
    const seconds = Number(response.headers.get("retry-after")) || attempt;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}
