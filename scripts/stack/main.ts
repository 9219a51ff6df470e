/** `npm start`: a Supabase project on this machine, until Ctrl-C. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { lockFolder } from "./engines/folder-lock.ts";
import { repository } from "./engines/folders.ts";
import { startStack } from "./start.ts";

const USAGE = `npm start -- [--engine embedded|native] [--data FOLDER] [--port 54321] [--reset] [--verbose]
  --engine   embedded: PostgreSQL in this process, npm only (default); native: a PostgreSQL 17 server
  --data     where the data stay between starts (default .data/<engine>)
  --reset    begin with an empty database
  --verbose  print what functions print and what goes wrong inside requests`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      engine: { type: "string", default: "embedded" },
      data: { type: "string" },
      port: { type: "string", default: "54321" },
      reset: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const { engine } = values;
  const port = Number(values.port);
  if (engine !== "embedded" && engine !== "native") throw new Error(`Unknown engine ${engine}\n${USAGE}`);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`No port: ${values.port}\n${USAGE}`);
  const dataDir = resolve(values.data ?? join(repository, ".data", engine));
  if (values.reset) reset(dataDir);

  const log = values.verbose ? (line: string) => console.error(line) : undefined;
  const stack = await startStack({ engine, dataDir, port, log, watch: true });
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    console.log("\nStopping…");
    await stack.close();
    process.exit(0);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  console.log(`
Loopwise runs on the ${engine} engine. Data: ${relative(process.cwd(), dataDir)}

  API URL          ${stack.url}
  Publishable key  ${stack.publishableKey}
  Secret key       ${stack.secretKey}
  Database         ${stack.engine.databaseUrl ?? "inside this process (npm start -- --engine native opens one to psql)"}

  const client = createClient("${stack.url}", "${stack.publishableKey}");

Ctrl-C stops it; npm start -- --reset begins anew.`);
}

/** Removes data of ours, and nothing that merely has the name: a cluster tells itself by its version file. */
function reset(dataDir: string): void {
  const database = join(dataDir, "database");
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return;
  if (!["pgdata", "cluster"].some((cluster) => existsSync(join(database, cluster, "PG_VERSION"))))
    throw new Error(`${dataDir} holds no data of the local stack: not removed`);
  // Refuses while another stack runs on them.
  lockFolder(database)();
  for (const ours of [database, join(dataDir, "objects")]) rmSync(ours, { recursive: true, force: true });
}

main().catch((error: NodeJS.ErrnoException) => {
  const busy =
    error.code === "EADDRINUSE" ? "The port is taken: is another stack running? Try --port 0." : undefined;
  console.error(busy ?? error.message);
  process.exit(1);
});
