import { retryAfterMs } from "../../_shared/ai/retry.ts";
import {
  type Answer,
  type Connector,
  ConnectorFault,
  type Credentials,
  line,
  type Message,
  setting,
  text,
} from "./connector.ts";
import { answerJson, isUnconnected } from "./http.ts";

/** Too much at once, or a passing fault on Meta's side: the message was not taken. */
const LATER = new Set([1, 2, 4, 80_007, 130_429, 131_000, 131_016, 131_048, 131_056, 131_057, 133_004]);
/** The access token or the account; the brand mends it and the message may go then. */
const OURS = new Set([0, 3, 10, 190, 131_005, 131_031, 131_042]);

/**
 * WhatsApp Cloud API. Credentials: access_token, phone_number_id, base_url? (https://graph.facebook.com), api_version?.
 * Content: whatsapp_template {name, language, components?} where the last word of the person is older than 24 hours, else body.
 * Meta takes no idempotency key.
 */
export function whatsapp(credentials: Credentials, request: typeof fetch = fetch): Connector {
  const token = setting(credentials, "access_token");
  const base = text(credentials.base_url) || "https://graph.facebook.com";
  const version = text(credentials.api_version) || "v23.0";
  const sender = setting(credentials, "phone_number_id");
  if (!/^\d+$/.test(sender) || !/^v\d+\.\d+$/.test(version))
    throw new ConnectorFault("phone_number_id or api_version is malformed");
  const url = `${base.replace(/\/+$/, "")}/${version}/${sender}/messages`;

  return {
    async send(message, { idempotencyKey, signal }) {
      if (!/^\+[1-9]\d{6,14}$/.test(message.to ?? "")) return { kind: "rejected", code: "address_invalid" };
      let response: Response;
      try {
        response = await request(url, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify(payload(message, idempotencyKey)),
          redirect: "manual",
          signal,
        });
      } catch (error) {
        const kind = isUnconnected(error) ? "retry" : "unknown";
        return {
          kind,
          code: kind === "retry" ? "unreachable" : "answer_lost",
          message: line((error as Error).message),
        };
      }
      return answerOf(response, await answerJson(response));
    },
    close() {},
  };
}

function payload({ to, content }: Message, key: string): Record<string, unknown> {
  const address = {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    to,
    biz_opaque_callback_data: key,
  };
  const template = content.whatsapp_template;
  if (typeof template === "object" && template !== null) {
    const { name, language, components } = template as Record<string, unknown>;
    return { ...address, type: "template", template: { name, language: { code: language }, components } };
  }
  const body = [text(content.body) || text(content.subject), text(content.call_to_action), text(content.url)];
  return { ...address, type: "text", text: { body: body.filter(Boolean).join("\n\n").slice(0, 4096) } };
}

function answerOf(response: Response, body: unknown): Answer {
  const { messages, error } = (body ?? {}) as {
    messages?: { id?: unknown }[];
    error?: { code?: unknown; message?: unknown };
  };
  if (response.ok) {
    const id = Array.isArray(messages) ? messages[0]?.id : undefined;
    return typeof id === "string"
      ? { kind: "sent", providerMessageId: id.slice(0, 500) }
      : { kind: "unknown", code: "answer_garbled" };
  }
  const code = Number(error?.code ?? Number.NaN);
  const about = { code: String(Number.isNaN(code) ? response.status : code), message: line(error?.message) };
  const wait = retryAfterMs(response.headers);
  const afterSeconds = wait === undefined ? undefined : wait / 1000;
  if (response.status === 429 || LATER.has(code) || OURS.has(code))
    return { kind: "retry", ...about, afterSeconds };
  // A gateway on the way may have passed the message on before it failed.
  if (response.status >= 500) return { kind: "unknown", ...about };
  if (response.status === 401 || response.status === 403) return { kind: "retry", ...about };
  // Among them 131047: the 24 hours of free text are over, which no waiting mends.
  return { kind: "rejected", ...about };
}
