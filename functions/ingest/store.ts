import { type Environment, callerClient, serviceClient } from "../_shared/clients.ts";
import { fromDatabase } from "../_shared/problem.ts";
import type { IngestVerdict } from "../../types/api.ts";
import type { Json } from "../../types/database.ts";

export interface KeyUse {
  brandId: string;
  limit: number;
  remaining: number;
  resetAt: Date;
}

export interface Batch {
  brandId: string;
  signals: unknown[];
  idempotencyKey?: string;
}

interface WhatsAppCredentials {
  app_secret: string;
  verify_token: string;
}

/** What the function wants of the database. */
export interface Store {
  /** Checks an API key for signals:write and takes one request from its rate limit. */
  useApiKey(key: string): Promise<KeyUse>;
  /** With a user's token as that user; without one for a machine that has already proved who it is. */
  ingest(batch: Batch, userToken?: string): Promise<IngestVerdict[]>;
  whatsAppCredentials(brandId: string): Promise<WhatsAppCredentials | null>;
}

export function createStore(env: Environment): Store {
  // Service role: API keys and webhooks have no user, keys and Vault are closed to clients.
  const service = serviceClient(env);
  return {
    async useApiKey(key) {
      const { data, error } = await service
        .schema("core")
        .rpc("use_api_key", { p_api_key: key, p_scope: "signals:write" })
        .single();
      if (error) throw fromDatabase(error);
      return {
        brandId: data.brand_id,
        limit: data.rate_limit,
        remaining: data.rate_remaining,
        resetAt: new Date(data.rate_reset_at),
      };
    },

    async ingest({ brandId, signals, idempotencyKey }, userToken) {
      const client = userToken === undefined ? service : callerClient(env, userToken);
      const { data, error } = await client.schema("signals").rpc("ingest", {
        p_brand: brandId,
        p_signals: signals as Json,
        p_idempotency_key: idempotencyKey,
      });
      if (error) throw fromDatabase(error);
      return data as IngestVerdict[];
    },

    async whatsAppCredentials(brandId) {
      const { data, error } = await service
        .schema("core")
        .rpc("integration_credentials", { p_brand: brandId, p_service_name: "whatsapp" });
      if (error) throw fromDatabase(error);
      return data as unknown as WhatsAppCredentials | null;
    },
  };
}
