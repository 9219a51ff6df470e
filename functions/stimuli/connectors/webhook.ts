import { request as httpsRequest, type RequestOptions } from "node:https";
import type { ClientRequest, IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { retryAfterMs } from "../../_shared/ai/retry.ts";
import { signStandard } from "../webhooks/standard.ts";
import { publicAddress } from "./address.ts";
import {
  type Answer,
  type Connector,
  ConnectorFault,
  type Credentials,
  type Message,
  setting,
  text,
} from "./connector.ts";
import { isUnconnected } from "./http.ts";

/** How the connector reaches the network; tests give it a network of their own. */
export interface Network {
  addressOf(host: string): Promise<string | undefined>;
  request(options: RequestOptions): ClientRequest;
}

const internet: Network = { addressOf: publicAddress, request: (options) => httpsRequest(options) };
const MAX_ANSWER_BYTES = 16_384;

/**
 * A message as a signed POST (Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature). Credentials: url
 * (https), secret (whsec_…). The name is resolved once and that very address is called, so that it cannot turn private
 * in between; redirects are not followed. The receiver knows a message again by webhook-id.
 */
export function webhook(credentials: Credentials, network: Network = internet): Connector {
  const secret = setting(credentials, "secret");
  const given = setting(credentials, "url");
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol !== "https:" || url.username || url.password)
    throw new ConnectorFault("url is no https URL");

  return {
    async send(message, { idempotencyKey, signal }) {
      const address = await network.addressOf(url.hostname).catch(() => null);
      if (address === null) return { kind: "retry", code: "name_not_found" };
      if (address === undefined) return { kind: "rejected", code: "address_not_public" };
      const body = JSON.stringify(document(message));
      const timestamp = Math.floor(Date.now() / 1000);
      const headers = {
        host: url.host,
        "content-type": "application/json",
        "content-length": String(new TextEncoder().encode(body).byteLength),
        "user-agent": "loopwise",
        "idempotency-key": idempotencyKey,
        "webhook-id": idempotencyKey,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": await signStandard(secret, idempotencyKey, timestamp, body),
      };
      const options = {
        host: address,
        port: url.port || 443,
        path: url.pathname + url.search,
        method: "POST",
        headers,
        // A certificate is asked for by name; an address has none.
        servername: isIP(url.hostname) ? "" : url.hostname,
        signal,
        agent: false,
      };
      try {
        return answerOf(await exchange(network, options, body));
      } catch (error) {
        return isUnconnected(error)
          ? { kind: "retry", code: "unreachable" }
          : { kind: "unknown", code: "answer_lost" };
      }
    },
    close() {},
  };
}

function document({ deploymentId, stimulusId, actorId, channel, to, content, unsubscribeUrl }: Message) {
  return {
    type: "message.send",
    timestamp: new Date().toISOString(),
    data: {
      message_id: deploymentId,
      stimulus_id: stimulusId,
      actor_id: actorId,
      channel,
      to,
      content,
      unsubscribe_url: unsubscribeUrl,
    },
  };
}

interface Exchanged {
  status: number;
  retryAfter?: string;
  body: string;
}

function exchange(network: Network, options: RequestOptions, body: string): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const request = network.request(options);
    request.on("error", reject);
    request.on("response", (response: IncomingMessage) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      response.on("data", (chunk: Uint8Array) => {
        size += chunk.byteLength;
        if (size <= MAX_ANSWER_BYTES) chunks.push(chunk);
        // The status says it all; nobody reads on for ever.
        else response.destroy();
      });
      const end = () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers["retry-after"],
          body: new TextDecoder().decode(joined(chunks)),
        });
      response.on("end", end);
      response.on("close", end);
      response.on("error", end);
    });
    request.end(body);
  });
}

function answerOf({ status, retryAfter, body }: Exchanged): Answer {
  const code = String(status);
  if (status >= 200 && status < 300) return { kind: "sent", providerMessageId: idIn(body) };
  if (status === 429 || status === 503 || status === 425) {
    const wait = retryAfterMs(new Headers(retryAfter ? { "retry-after": retryAfter } : {}));
    return { kind: "retry", code, ...(wait === undefined ? {} : { afterSeconds: wait / 1000 }) };
  }
  if (status >= 500 || status === 408 || status === 0) return { kind: "unknown", code };
  return { kind: "rejected", code: status < 400 ? "redirected" : code };
}

function idIn(body: string): string | null {
  try {
    return text((JSON.parse(body) as { id?: unknown } | null)?.id).slice(0, 500) || null;
  } catch {
    return null;
  }
}

function joined(chunks: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return all;
}
