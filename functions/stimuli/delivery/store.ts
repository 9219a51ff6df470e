import type { Json } from "../../../types/database.ts";
import type { DeliveryEvent, RecordedEvents } from "../../../types/delivery.ts";
import { type Environment, serviceClient } from "../../_shared/clients.ts";
import { fromDatabase } from "../../_shared/problem.ts";
import type { Credentials } from "../connectors/connector.ts";
import type { HandedOver, Queue } from "./worker.ts";

/** What the delivery routes want of the database. */
export interface DeliveryStore extends Queue {
  credentials(brandId: string, serviceName: string): Promise<Credentials | null>;
  recordEvents(brandId: string, provider: string, events: DeliveryEvent[]): Promise<RecordedEvents>;
  ingest(brandId: string, signals: unknown[]): Promise<void>;
  /** False where the link is none of ours. */
  unsubscribe(token: string): Promise<boolean>;
}

export function createDeliveryStore(env: Environment): DeliveryStore {
  // Service role: the queue is of all brands, credentials are in Vault, and providers and links have no user.
  const service = serviceClient(env);
  const stimuli = service.schema("stimuli");
  return {
    async claim(worker, limit) {
      const { data, error } = await stimuli.rpc("claim_deliveries", { p_worker: worker, p_limit: limit });
      if (error) throw fromDatabase(error);
      return data as unknown as HandedOver[];
    },
    async finish(results) {
      const { error } = await stimuli.rpc("finish_deliveries", { p_results: results as unknown as Json });
      if (error) throw fromDatabase(error);
    },
    async credentials(brandId, serviceName) {
      const { data, error } = await service
        .schema("core")
        .rpc("integration_credentials", { p_brand: brandId, p_service_name: serviceName });
      if (error) throw fromDatabase(error);
      return data as Credentials | null;
    },
    async recordEvents(brandId, provider, events) {
      const { data, error } = await stimuli
        .rpc("record_events", { p_brand: brandId, p_provider: provider, p_events: events as unknown as Json })
        .single();
      if (error) throw fromDatabase(error);
      return data as RecordedEvents;
    },
    async ingest(brandId, signals) {
      const { error } = await service
        .schema("signals")
        .rpc("ingest", { p_brand: brandId, p_signals: signals as Json });
      if (error) throw fromDatabase(error);
    },
    async unsubscribe(token) {
      const { error } = await stimuli.rpc("unsubscribe", { p_token: token }).single();
      if (error?.details === "unsubscribe_link_invalid") return false;
      if (error) throw fromDatabase(error);
      return true;
    },
  };
}
