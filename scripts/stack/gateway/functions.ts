import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import type { FunctionConfig } from "../config.ts";
import { apiKeyClaims, bearerToken, type Keys, verifiedClaims } from "../keys.ts";
import { type DenoProcess, startDeno } from "./deno.ts";
import { sendJson } from "./respond.ts";

export interface FunctionsOptions {
  functions: Map<string, FunctionConfig>;
  keys: Keys;
  /** The environment of every function. */
  env: Record<string, string>;
  log: (line: string) => void;
}

/** /functions/v1/<name>: each function runs in a process of its own, started by its first call. */
export class Functions {
  readonly #options: FunctionsOptions;
  readonly #running = new Map<string, Promise<DenoProcess>>();

  constructor(options: FunctionsOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.slice("/functions/v1".length) + url.search;
    const fn = this.#options.functions.get(/^\/([\w-]+)/.exec(path)?.[1] ?? "");
    if (!fn) {
      return sendJson(response, 404, { code: "NOT_FOUND", message: "Requested function was not found" });
    }
    if (fn.verifyJwt && request.method !== "OPTIONS") {
      const refusal = await this.#refusal(request);
      if (refusal) return sendJson(response, 401, { code: 401, message: refusal });
    }
    let target: DenoProcess;
    try {
      target = await this.#start(fn);
    } catch (error) {
      this.#options.log((error as Error).message);
      return sendJson(response, 503, {
        code: "BOOT_ERROR",
        message: "Function failed to start (please check logs)",
      });
    }
    forward(request, response, target.port, path);
  }

  /** Stops what runs; a later call starts it anew, with the code as it then is. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    const processes = await Promise.allSettled(running);
    await Promise.all(processes.map((p) => (p.status === "fulfilled" ? p.value.stop() : undefined)));
  }

  /** Why a call may not reach a function with verify_jwt; undefined if it may. As in the CLI, an API key serves too. */
  async #refusal({ headers }: IncomingMessage): Promise<string | undefined> {
    const { keys } = this.#options;
    const token = bearerToken(headers.authorization);
    if (token && !token.startsWith("sb_")) {
      return (await verifiedClaims(keys, token)) ? undefined : "Invalid JWT";
    }
    const key = headers.apikey ?? token;
    if (typeof key !== "string") return "Missing authorization header";
    return (await apiKeyClaims(keys, key)) ? undefined : "Invalid API key";
  }

  #start(fn: FunctionConfig): Promise<DenoProcess> {
    const running = this.#running.get(fn.name);
    if (running) return running;
    const starting = startDeno(fn, this.#options.env, this.#options.log);
    this.#running.set(fn.name, starting);
    // Gone or never come: the next call starts it anew.
    const forget = () => {
      if (this.#running.get(fn.name) === starting) this.#running.delete(fn.name);
    };
    starting.then((process) => process.exited.then(forget), forget);
    return starting;
  }
}

function forward(request: IncomingMessage, response: ServerResponse, port: number, path: string): void {
  const { connection: _, ...headers } = request.headers;
  headers["x-forwarded-for"] = request.socket.remoteAddress;
  headers["x-forwarded-proto"] = "http";
  const upstream = httpRequest({ host: "127.0.0.1", port, method: request.method, path, headers });
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // Without this, an event stream would open only with its first event.
    response.flushHeaders();
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  upstream.once("error", () => {
    if (response.headersSent) response.destroy();
    else
      sendJson(response, 500, {
        code: "WORKER_ERROR",
        message: "Function exited due to an error (please check logs)",
      });
  });
  // A client that leaves cancels the function's stream.
  response.once("close", () => upstream.destroy());
  request.pipe(upstream);
}
