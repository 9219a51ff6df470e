import type { z } from "zod";
import { Problem } from "./problem.ts";

/** The body of a request, read no further than `limit` bytes. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const body = await readAtMost(request, limit);
  if (body) return body;
  throw new Problem("body_too_large", { detail: `The body may have ${limit} bytes.` });
}

/** The body of a request or a response; undefined where it has more than `limit` bytes, which are then not read. */
export async function readAtMost(
  message: Request | Response,
  limit: number,
): Promise<Uint8Array | undefined> {
  // Before `body` is touched: Deno cuts the connection of a body that was begun and left.
  if (Number(message.headers.get("content-length") ?? 0) > limit) return;
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (message.body) {
    for await (const chunk of message.body as unknown as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > limit) return;
      chunks.push(chunk);
    }
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Problem("malformed_json");
  }
}

/** A request of the shape of `schema`; the first thing that is wrong with it goes to the caller. */
export function shape<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem("invalid_body", { detail: `${issue?.path.join(".") || "request"}: ${issue?.message}` });
}
