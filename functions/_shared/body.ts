import { Problem } from "./problem.ts";

/** The body of a request, read no further than `limit` bytes. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const body = await readAtMost(request, limit);
  if (body) return body;
  throw new Problem("body_too_large", { detail: `The body may have ${limit} bytes.` });
}

/** The body of a request or a response; undefined where it has more than `limit` bytes, which are then not read. */
export async function readAtMost(
  { headers, body }: Request | Response,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (Number(headers.get("content-length") ?? 0) > limit) return;
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body) {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
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
