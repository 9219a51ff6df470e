import type { z } from "zod";
import { Problem, type ProblemCode } from "../problem.ts";

/** A question whose answer is a JSON document. */
export interface JsonRequest<T> {
  /** What the answer is called, in snake_case. */
  name: string;
  schema: z.ZodType<T>;
  /** Our own words only: whatever comes from outside goes into `data`. */
  instructions: string;
  /** Goes to the provider as a JSON document beside the instructions. Its texts may be anybody's. */
  data: unknown;
  /** What is answered where there is no provider. */
  template: () => T;
}

export interface Completion<T> {
  value: T;
  /** Requests it took. */
  attempts: number;
  tokens: { input: number; output: number } | null;
}

/** Who answers. Others than `completeJson` come with what needs them. */
export interface Provider {
  readonly name: string;
  readonly model: string;
  /** The answer, of the shape of `schema`. Throws ProviderError where there is none. */
  completeJson<T>(request: JsonRequest<T>): Promise<Completion<T>>;
}

/** Why there is no answer. Holds no text of the provider's, which may repeat a key or the data. */
export class ProviderError extends Problem {
  readonly attempts: number;
  /** Status of the provider's last response; absent where there was none. */
  readonly providerStatus?: number;
  readonly isTimeout: boolean;
  /** How long the provider asked to be left alone. */
  readonly retryAfterMs?: number;

  constructor(
    code: ProblemCode & `ai_${string}`,
    about: { attempts: number; status?: number; isTimeout?: boolean; retryAfterMs?: number },
  ) {
    const seconds = Math.max(1, Math.ceil((about.retryAfterMs ?? 30_000) / 1000));
    super(code, { headers: code === "ai_unavailable" ? { "retry-after": String(seconds) } : {} });
    this.attempts = about.attempts;
    this.providerStatus = about.status;
    this.isTimeout = about.isTimeout ?? false;
    this.retryAfterMs = about.retryAfterMs;
  }
}
