import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ChatRequest {
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: what was sent is what the tests are about.
  body: any;
  at: number;
}

type Reply = (response: ServerResponse) => void;

export interface FakeOpenAi {
  url: string;
  requests: ChatRequest[];
  /** What the next requests get, in order; the last one is given to all that follow. */
  replies: Reply[];
  close(): Promise<void>;
}

/** A server on this machine that speaks OpenAI's wire format and says what it is told to. */
export async function fakeOpenAi(): Promise<FakeOpenAi> {
  const requests: ChatRequest[] = [];
  const replies: Reply[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      requests.push({ path: request.url ?? "", headers: request.headers, body, at: performance.now() });
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      reply?.(response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const close = () =>
    new Promise<void>((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, requests, replies, close };
}

/** A completion whose message is `content`: an object as JSON, text as it is. */
export function completion(content: unknown, change: object = {}): Reply {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const message = { role: "assistant", content: text, refusal: null, ...change };
  return sending(200, {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_790_000_000,
    model: "as asked",
    choices: [{ index: 0, finish_reason: "stop", message }],
    usage: { prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 },
  });
}

/** An error as OpenAI words it. */
export function failing(status: number, message: string, headers: Record<string, string> = {}): Reply {
  return sending(status, { error: { message, type: "error", param: null, code: null } }, headers);
}

export function sending(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** Takes the request and says nothing. */
export const silence: Reply = () => {};
