import { redact } from "../../_shared/redact.ts";
import {
  type Connector,
  type ConnectorKind,
  ConnectorFault,
  type Credentials,
} from "../connectors/connector.ts";
import { render } from "../render.ts";
import type { HandedOver, Sent } from "./worker.ts";

export interface Sending {
  connect(kind: ConnectorKind, credentials: Credentials): Connector;
  credentials(brandId: string, serviceName: string): Promise<Credentials | null>;
  /** Where /unsubscribe/<token> is reached. */
  unsubscribeUrl: string;
  attemptMs: number;
}

/** Sends what was handed over. One connector per brand and service, kept until close(). */
export function createSender({ connect, credentials, unsubscribeUrl, attemptMs }: Sending) {
  const connectors = new Map<string, Promise<Connector>>();

  function connectorOf({ brand_id, connector, service_name }: HandedOver): Promise<Connector> {
    const key = `${brand_id} ${connector} ${service_name}`;
    const known =
      connectors.get(key) ??
      (async () => {
        const given = service_name === null ? {} : await credentials(brand_id, service_name);
        if (!given) throw new ConnectorFault(`${service_name} is not connected`);
        return connect(connector, given);
      })();
    connectors.set(key, known);
    return known;
  }

  async function send(handed: HandedOver, notAfter: number): Promise<Sent> {
    let connector: Connector;
    let content: Record<string, unknown>;
    const link = handed.unsubscribe_token ? `${unsubscribeUrl}/${handed.unsubscribe_token}` : null;
    try {
      connector = await connectorOf(handed);
    } catch (error) {
      const message = error instanceof ConnectorFault ? error.message : "credentials could not be read";
      return { answer: { kind: "retry", code: "connector_unusable", message } };
    }
    try {
      const { language, currency, time_zone: timeZone, channel, fields } = handed;
      const values = link ? { ...handed.field_values, unsubscribe_url: link } : handed.field_values;
      content = render(handed.content, values, { channel, fields, language, currency, timeZone });
    } catch (error) {
      return {
        answer: { kind: "rejected", code: "render_failed", message: redact((error as Error).message) },
      };
    }
    // The texts are filled and the way is known: from here on nothing but the provider takes time.
    if (performance.now() > notAfter) return { answer: { kind: "released" } };
    try {
      const answer = await connector.send(
        {
          deploymentId: handed.deployment_id,
          stimulusId: handed.stimulus_id,
          brandId: handed.brand_id,
          actorId: handed.actor_id,
          channel: handed.channel,
          to: handed.address,
          content,
          unsubscribeUrl: link,
        },
        { idempotencyKey: handed.idempotency_key, signal: AbortSignal.timeout(attemptMs), notAfter },
      );
      return { answer, content };
    } catch (error) {
      // A fault of ours in the middle of a hand-over: it may have gone.
      return {
        answer: { kind: "unknown", code: "worker_fault", message: redact((error as Error).message) },
        content,
      };
    }
  }

  async function close(): Promise<void> {
    for (const connector of await Promise.allSettled(connectors.values()))
      if (connector.status === "fulfilled") connector.value.close();
  }
  return { send, close };
}
