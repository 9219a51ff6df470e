import { existsSync, readFileSync, watch } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { type ProjectConfig, readConfig } from "./config.ts";
import { repository } from "./engines/folders.ts";
import { Functions } from "./gateway/functions.ts";
import { hardenConnection, type LiteConnection } from "./gateway/harden.ts";
import { createLite, ensureSystemSchema, type Lite, liteService } from "./gateway/lite.ts";
import { Gateway } from "./gateway/server.ts";
import { type Keys, localKeys } from "./keys.ts";
import { migrate, seed } from "./migrate.ts";
import { applyPlatformAfter, applyPlatformBefore } from "./platform/platform.ts";
import type { Engine, Stack, StackOptions } from "./types.ts";
import { startCronWorker } from "./workers/cron.ts";
import { startNetWorker } from "./workers/net.ts";

/** Starts a Supabase project on this machine: database, Data API, Auth, Storage, Edge Functions, jobs. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  // Undone in reverse order by close(), or by a start that fails half-way.
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const undo of closers.splice(0).reverse()) await undo();
  };
  try {
    return await start(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: StackOptions,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Stack> {
  const log = options.log ?? (() => {});
  const config = readConfig(options.projectDir ?? repository);
  const keys = await localKeys();
  const gateway = await Gateway.listen(options.port ?? 0);
  closers.push(() => gateway.close());

  const engine = await createEngine(options);
  closers.push(() => engine.close());
  const objectsDir = options.dataDir
    ? join(options.dataDir, "objects")
    : await mkdtemp(join(tmpdir(), "loopwise-objects-"));
  if (!options.dataDir) closers.push(() => rm(objectsDir, { recursive: true, force: true }));

  const lite = await prepareDatabase(engine, config, keys, objectsDir, options.migrate ?? true, log);

  const functions = new Functions({
    functions: config.functions,
    keys,
    env: { ...functionEnvironment(gateway.url, config, keys, engine), ...options.functionEnv },
    log,
  });
  closers.push(() => functions.stop());
  const sources = join(config.projectDir, "functions");
  if (options.watch && existsSync(sources)) {
    // Not every file: deno itself writes deno.lock there.
    const watcher = watch(sources, { recursive: true }, (_, file) => {
      if (/\.(ts|js|json)$/.test(file ?? "")) void functions.stop();
    });
    closers.push(async () => watcher.close());
  }
  gateway.serve({ lite: liteService(engine, lite, keys, log), functions, log });

  if (options.cron === false) {
    await restJobs(engine);
  } else if (engine.kind === "embedded") {
    const cron = await startCronWorker(engine);
    closers.push(() => cron.stop());
  }
  const net = await startNetWorker(engine);
  closers.push(() => net.stop());

  return { url: gateway.url, ...keys, engine, close };
}

/** The native engine has the real pg_cron, which needs no worker of ours: there the jobs themselves are put to rest. */
async function restJobs(engine: Engine): Promise<void> {
  await engine.exec("select cron.alter_job(jobid, active := false) from cron.job");
  // A run that has begun may stay a moment, and would do what the caller means to do itself.
  const running = "select from cron.job_run_details where status not in ('succeeded', 'failed')";
  while ((await engine.query(running)).length > 0) await sleep(50);
}

/** The engines are loaded when asked for: the one brings a whole PostgreSQL in WebAssembly, the other a driver. */
async function createEngine({ engine = "embedded", dataDir }: StackOptions): Promise<Engine> {
  const database = { dataDir: dataDir && join(dataDir, "database") };
  return engine === "embedded"
    ? (await import("./engines/embedded.ts")).createEmbeddedEngine(database)
    : (await import("./engines/native.ts")).createNativeEngine(database);
}

/** In this order: what the platform has, what Auth and Storage make, what the platform adds to that, our migrations. */
async function prepareDatabase(
  engine: Engine,
  config: ProjectConfig,
  keys: Keys,
  objectsDir: string,
  withMigrations: boolean,
  log: (line: string) => void,
): Promise<Lite> {
  await applyPlatformBefore(engine);
  const connection = engine.connection as LiteConnection;
  await hardenConnection(connection);
  const lite = createLite(engine, config, keys, objectsDir);
  await ensureSystemSchema(lite, log);
  await applyPlatformAfter(engine);
  if (withMigrations) {
    await migrate(engine, config.projectDir);
    await seed(engine, config.projectDir);
  }
  await connection.clearSchemaCache();
  // As PostgREST does on `notify pgrst, 'reload schema'`.
  await engine.listen("pgrst", () => void connection.clearSchemaCache());
  return lite;
}

/** What Supabase gives to every function, and the project's own functions/.env (provider keys and the like). */
function functionEnvironment(
  url: string,
  config: ProjectConfig,
  keys: Keys,
  engine: Engine,
): Record<string, string> {
  const file = join(config.projectDir, "functions/.env");
  return {
    ...(existsSync(file) ? (parseEnv(readFileSync(file, "utf8")) as Record<string, string>) : {}),
    SUPABASE_URL: url,
    SUPABASE_ANON_KEY: keys.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleKey,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
    ...(engine.databaseUrl ? { SUPABASE_DB_URL: engine.databaseUrl } : {}),
  };
}
