import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BadBody, checkJson, readBody } from "./body.ts";
import type { Functions } from "./functions.ts";
import { sendJson, sendResponse } from "./respond.ts";

/** Answers a request whose body has been read and checked. */
export type Service = (request: Request, peerAddress: string | undefined) => Promise<Response>;

export interface Services {
  lite: Service;
  functions: Functions;
  log: (line: string) => void;
}

const MEBIBYTE = 1024 * 1024;
const BODY_LIMIT = { auth: 10 * MEBIBYTE, rest: 10 * MEBIBYTE, storage: 60 * MEBIBYTE };
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
type ServiceName = keyof typeof BODY_LIMIT;

/** The stack's one port. It listens at once, so that its URL is known, and serves as soon as `serve` names the services. */
export class Gateway {
  readonly url: string;
  readonly #server: Server;
  #services: Services | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#handle(request, response));
  }

  static async listen(port: number): Promise<Gateway> {
    const server = createServer();
    // The embedded engine blocks this process for seconds; an idle connection that Node closed meanwhile would be reset under
    // the next request.
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(port, "127.0.0.1", done);
    });
    return new Gateway(server);
  }

  serve(services: Services): void {
    this.#services = services;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const services = this.#services;
    if (!services) return sendJson(response, 503, { message: "The local stack is starting" });
    // The parsed path decides, as it is what the services see: dot segments must not lead from one to another.
    const address = `${this.url}${request.url}`;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const service = /^\/(auth|rest|storage|functions)\/v1(?:\/|$)/.exec(url?.pathname ?? "")?.[1];
    try {
      if (!url || !service) {
        sendJson(response, 404, {
          message: "Not found. Served are /auth/v1, /rest/v1, /storage/v1 and /functions/v1",
        });
      } else if (!METHODS.has(request.method ?? "")) {
        sendJson(response, 405, { message: "Method not allowed" });
      } else if (service === "functions") {
        await services.functions.handle(request, response, url);
      } else {
        await answer(services, service as ServiceName, request, response, url);
      }
    } catch (error) {
      // A client that left while it was sending is no error of ours, and gets no answer.
      if (request.errored || response.destroyed) return void response.destroy();
      services.log(`${request.method} ${request.url}: ${(error as Error).stack ?? error}`);
      if (response.headersSent) response.destroy();
      else
        sendJson(response, 500, { code: "PGRSTX00", message: "Internal error", details: null, hint: null });
    }
  }
}

async function answer(
  { lite }: Services,
  service: ServiceName,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  try {
    const checked = await toRequest(service, request, url);
    await sendResponse(request, response, await lite(checked, request.socket.remoteAddress));
  } catch (error) {
    if (!(error instanceof BadBody)) throw error;
    // What is left of an oversized body is not read.
    if (error.status === 413) response.setHeader("connection", "close");
    sendJson(response, error.status, refusal(service, error));
  }
}

async function toRequest(service: ServiceName, request: IncomingMessage, url: URL): Promise<Request> {
  if (/%00/.test(url.href))
    throw new BadBody(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00');
  const body = await readBody(request, BODY_LIMIT[service]);
  const type = request.headers["content-type"] ?? (service === "rest" ? "application/json" : "");
  if (body.length > 0 && /\bjson\b/i.test(type)) {
    const value = checkJson(body);
    // Auth reads members of whatever it is sent.
    if (service === "auth" && (typeof value !== "object" || value === null || Array.isArray(value))) {
      throw new BadBody(400, "PGRST102", "The request body must be a JSON object");
    }
  }
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const method = request.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD" && body.length > 0;
  return new Request(url, { method, headers, body: hasBody ? new Uint8Array(body) : undefined });
}

/** The same refusal in the words of each service. */
function refusal(service: ServiceName, { status, code, message, details }: BadBody): Record<string, unknown> {
  if (service === "rest") return { code, message, details, hint: null };
  if (service === "storage") return { statusCode: String(status), error: code, message };
  const errorCode =
    status === 413 ? "request_too_large" : code === "PGRST102" ? "bad_json" : "validation_failed";
  return { code: status, error_code: errorCode, msg: message };
}
