import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { FunctionConfig } from "../config.ts";
import { repository } from "../engines/folders.ts";
import { freePort } from "../free-port.ts";

/** npm runs no install scripts of `deno`, so its binary is taken from the package of this platform. */
export function denoBinary(): string {
  const { platform, arch } = process;
  const name = platform === "linux" ? `linux-${arch}-glibc` : `${platform}-${arch}`;
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve(`@deno/${name}/package.json`));
  return join(folder, platform === "win32" ? "deno.exe" : "deno");
}

/** What Deno itself needs to find its cache, the npm registry and certificates. Nothing else of ours reaches a function. */
const PASSED_ON = [
  ...["HOME", "PATH", "TMPDIR", "NPM_CONFIG_REGISTRY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"],
  ...["DENO_CERT", "DENO_TLS_CA_STORE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"],
];

/** The environment of every Deno of ours, so that what one of them downloads serves the others. */
export function denoEnvironment(): Record<string, string> {
  const { env } = process;
  return {
    ...Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
    DENO_DIR: env.DENO_DIR ?? join(repository, ".cache", "deno"),
    DENO_NO_UPDATE_CHECK: "1",
  };
}

/** One function in its own process, listening on a port of its own. */
export interface DenoProcess {
  port: number;
  exited: Promise<void>;
  stop(): Promise<void>;
}

/** Starts an unmodified `Deno.serve` program; resolves as soon as it accepts connections. */
export async function startDeno(
  fn: FunctionConfig,
  env: Record<string, string>,
  log: (line: string) => void,
): Promise<DenoProcess> {
  const port = await freePort();
  const args = ["run", "--no-prompt", "--allow-net", "--allow-env"];
  args.push(`--allow-read=${dirname(fn.denoConfig ?? fn.entrypoint)}`);
  if (fn.denoConfig) args.push("--config", fn.denoConfig);
  const child = spawn(denoBinary(), [...args, fn.entrypoint], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...denoEnvironment(),
      ...env,
      NO_COLOR: "1",
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
    },
  });
  const exited = new Promise<void>((done) => {
    child.once("exit", () => done());
    child.once("error", () => done());
  });
  const lastLines: string[] = [];
  forEachLine(child, (line) => {
    log(`[${fn.name}] ${line}`);
    if (lastLines.push(line) > 20) lastLines.shift();
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 2_000);
    await exited;
    clearTimeout(patience);
  };
  try {
    await untilListening(port, child);
  } catch (error) {
    await stop();
    throw new Error(`Function ${fn.name}: ${(error as Error).message}\n${lastLines.join("\n")}`);
  }
  return { port, exited, stop };
}

function forEachLine(child: ChildProcess, use: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) use(line);
    });
  }
}

/** The first start of a function may download its npm packages. */
const START_TIMEOUT_MS = 180_000;

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode)
      throw new Error(`exited with ${child.exitCode ?? child.signalCode}`);
    if (!child.pid) throw new Error("deno could not be started");
    if (await accepts(port)) return;
    await new Promise((resume) => setTimeout(resume, 20));
  }
  throw new Error(`did not listen within ${START_TIMEOUT_MS / 1000} s`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}
