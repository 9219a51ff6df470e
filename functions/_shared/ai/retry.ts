export interface Patience {
  /** Attempts after the first. */
  retries: number;
  /** Longest that one attempt may take. */
  attemptMs: number;
  /** Longest that all of them and the waits between them may take. */
  totalMs: number;
  /** First wait, doubled with each; a random half of it is taken off, so that callers do not come back together. */
  backoffMs: number;
}

/** How an attempt failed. */
export interface Failure {
  isTransient: boolean;
  /** How long the other side asked to be left alone. */
  retryAfterMs?: number;
}

/**
 * Tries until it works, is not worth another attempt, or takes too long. `attempt` is told its number, from 1, and the
 * time that it has; the last error is thrown.
 */
export async function withRetries<T>(
  patience: Patience,
  attempt: (number: number, timeoutMs: number) => Promise<T>,
  failureOf: (error: unknown) => Failure,
): Promise<T> {
  const deadline = performance.now() + patience.totalMs;
  const left = () => Math.max(1, Math.floor(deadline - performance.now()));
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number, Math.min(patience.attemptMs, left()));
    } catch (error) {
      const { isTransient, retryAfterMs = 0 } = failureOf(error);
      const backoff = patience.backoffMs * 2 ** (number - 1) * (1 - Math.random() / 2);
      const wait = retryAfterMs + backoff;
      if (!isTransient || number > patience.retries || wait >= left()) throw error;
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }
}

/** What a response says of when to come back: Retry-After in seconds or as a date, or OpenAI's retry-after-ms. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const exact = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (exact >= 0) return exact;
  const given = headers.get("retry-after")?.trim();
  if (!given) return;
  const wait = /^\d+(\.\d+)?$/.test(given) ? Number(given) * 1000 : Date.parse(given) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
