export type ConnectorKind = "smtp" | "whatsapp" | "webhook" | "in_app";

/** A message as it is handed to a provider: filled, addressed, nothing left to decide. */
export interface Message {
  deploymentId: string;
  stimulusId: string;
  brandId: string;
  channel: string;
  /** Null on channels that reach a person by its id. */
  to: string | null;
  actorId: string;
  content: Record<string, unknown>;
  /** Where the person can end this in one step; null for what is transactional. */
  unsubscribeUrl: string | null;
}

/** What became of a hand-over. Nobody may guess: what is not known to have failed is `unknown`. */
export type Answer =
  | { kind: "sent"; providerMessageId: string | null; isDelivered?: boolean }
  /** The provider will never take it. */
  | { kind: "rejected"; code: string; message?: string }
  /** It surely was not sent. */
  | { kind: "retry"; code: string; message?: string; afterSeconds?: number }
  /** Its moment has passed before the provider was given anything. */
  | { kind: "released" }
  | { kind: "unknown"; code: string; message?: string };

export interface HandOver {
  /** The same at every attempt of one message. */
  idempotencyKey: string;
  /** Ends the attempt. */
  signal: AbortSignal;
  /** Of performance.now(): a message that the provider has not begun to get by then is not given to it any more. */
  notAfter: number;
}

export interface Connector {
  send(message: Message, handOver: HandOver): Promise<Answer>;
  close(): void;
}

export type Credentials = Record<string, unknown>;

/** A text of the content in one line without control characters, so that it can stand in a header. */
export function line(value: unknown, limit = 500): string {
  if (typeof value !== "string" && typeof value !== "number") return "";
  return String(value)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, limit);
}

export function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** A setting that must be there. What is missing is the brand's to mend: nothing was sent. */
export class ConnectorFault extends Error {}

export function setting(credentials: Credentials, name: string): string {
  const value = credentials[name];
  if (typeof value !== "string" || value === "") throw new ConnectorFault(`the integration has no ${name}`);
  return value;
}
