import type { IncomingMessage } from "node:http";

/** A body that no service should see. `code` and `details` are what PostgreSQL or PostgREST would say. */
export class BadBody extends Error {
  readonly status: 400 | 413;
  readonly code: string;
  readonly details: string | null;

  constructor(status: 400 | 413, code: string, message: string, details: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** Reads the whole body, at most `limit` bytes, before any lock is taken: a slow client makes nobody else wait. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new BadBody(413, "PGRST413", `The request body is larger than ${limit} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Refuses what is no JSON, and text that PostgreSQL cannot hold: JavaScript would quietly turn a lone surrogate
 * into a replacement character on its way to the database, where PostgREST lets PostgreSQL refuse it.
 */
export function checkJson(body: Buffer): unknown {
  checkDepth(body);
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    value = JSON.parse(text);
  } catch {
    throw new BadBody(400, "PGRST102", "Empty or invalid json");
  }
  // Decoded UTF-8 is well-formed and JSON has no bare NUL: both can only come in as escapes.
  if (/\\u(?:0000|d[89a-f])/i.test(text)) checkStrings(value);
  return value;
}

/** PostgreSQL and JavaScript both walk JSON recursively and give up at some depth of their own; this one is told. */
const MAX_DEPTH = 1000;

function checkDepth(body: Buffer): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === 0x22 /* quote */) inString = !inString;
    else if (inString && byte === 0x5c /* backslash */) i++;
    else if (inString) continue;
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x5d || byte === 0x7d) depth--;
    if (depth > MAX_DEPTH) {
      throw new BadBody(400, "PGRST102", "Empty or invalid json", `Nested deeper than ${MAX_DEPTH} levels`);
    }
  }
}

function checkStrings(root: unknown): void {
  // A list of its own instead of recursion: the nesting is the sender's choice.
  const rest = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === "string") checkString(value);
    else if (Array.isArray(value)) for (const item of value) rest.push(item);
    else if (value && typeof value === "object") {
      for (const [key, item] of Object.entries(value)) rest.push(key, item);
    }
  }
}

function checkString(text: string): void {
  if (text.includes("\0")) {
    throw new BadBody(
      400,
      "22P05",
      "unsupported Unicode escape sequence",
      "\\u0000 cannot be converted to text.",
    );
  }
  if (/\p{Surrogate}/u.test(text)) {
    const details = "Unicode low surrogate must follow a high surrogate.";
    throw new BadBody(400, "22P02", "invalid input syntax for type json", details);
  }
}
