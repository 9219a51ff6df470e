import { type Environment, serviceClient } from "../clients.ts";
import { fromDatabase } from "../problem.ts";
import type { Database, Json } from "../../../types/database.ts";
import { offline } from "./offline.ts";
import { createOpenAi } from "./openai.ts";
import { type Completion, type JsonRequest, type Provider, ProviderError } from "./provider.ts";

/** What an AI call is for: it stands in the log with it. */
export interface Purpose {
  /** Registered in ai.functions. */
  function: string;
  brandId: string;
  entity: { type: string; id: string };
  /** Who asked. */
  userId?: string;
}

export interface AiEnvironment extends Environment {
  /** Without a key everything is answered offline. */
  OPENAI_API_KEY?: string;
  OPENAI_BASE_URL?: string;
  OPENAI_MODEL?: string;
}

export type LogRow = Database["ai"]["Functions"]["log_provider_call"]["Args"];
export type LogCall = (row: LogRow) => Promise<void>;

export interface Ai {
  readonly provider: Pick<Provider, "name" | "model">;
  completeJson<T>(request: JsonRequest<T>, purpose: Purpose): Promise<Completion<T>>;
}

const DEFAULT_MODEL = "gpt-4.1-mini";

export function createProvider(env: AiEnvironment): Provider {
  if (!env.OPENAI_API_KEY) return offline;
  return createOpenAi({
    apiKey: env.OPENAI_API_KEY,
    baseURL: env.OPENAI_BASE_URL || undefined,
    model: env.OPENAI_MODEL || DEFAULT_MODEL,
  });
}

/** A provider each of whose calls becomes a row of ai.function_calls, whether it came to an answer or not. */
export function createAi(provider: Provider, log: LogCall): Ai {
  return {
    provider,
    async completeJson(request, purpose) {
      const row = {
        p_function: purpose.function,
        p_brand: purpose.brandId,
        p_entity_type: purpose.entity.type,
        p_entity_id: purpose.entity.id,
        p_user: purpose.userId,
        p_provider: provider.name,
        p_model: provider.model,
        p_started_at: new Date().toISOString(),
        p_input: { name: request.name, data: request.data } as Json,
      };
      try {
        const completion = await provider.completeJson(request);
        const { value, tokens, attempts } = completion;
        await log({ ...row, ...ended("completed", attempts), p_output: { value, tokens } as Json });
        return completion;
      } catch (error) {
        if (error instanceof ProviderError) {
          const { code, providerStatus, isTimeout, attempts } = error;
          const failure = { code, status: providerStatus ?? null };
          await log({ ...row, ...ended(isTimeout ? "timeout" : "failed", attempts), p_error: failure });
        }
        throw error;
      }
    },
  };
}

function ended(status: LogRow["p_status"], attempts: number) {
  return { p_status: status, p_retries: attempts - 1 };
}

/** Service role: the log is closed to clients, who would write calls that never were. */
export function serviceLog(env: Environment): LogCall {
  const service = serviceClient(env);
  return async (row) => {
    const { error } = await service.schema("ai").rpc("log_provider_call", row);
    if (error) throw fromDatabase(error);
  };
}
