import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { type ProjectConfig, readConfig } from "./config.ts";
import { repository } from "./engines/folders.ts";
import { ADMIN_USERS_PATH, answerAdminUsers } from "./gateway/admin-users.ts";
import { requestContext } from "./gateway/context.ts";
import { Functions } from "./gateway/functions.ts";
import { hardenConnection, type LiteConnection } from "./gateway/harden.ts";
import { createLite } from "./gateway/lite.ts";
import { Gateway, type Service } from "./gateway/server.ts";
import { answerStorage } from "./gateway/storage-compat.ts";
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

  const lite = await prepareDatabase(engine, config, keys, objectsDir, options.migrate ?? true);

  const functions = new Functions({
    functions: config.functions,
    keys,
    env: functionEnvironment(gateway.url, config, keys, engine),
    log,
  });
  closers.push(() => functions.close());
  gateway.serve({ lite: liteService(engine, lite, keys), functions, log });

  if (engine.kind === "embedded" && options.cron !== false) {
    const cron = await startCronWorker(engine);
    closers.push(() => cron.stop());
  }
  const net = await startNetWorker(engine);
  closers.push(() => net.stop());

  return { url: gateway.url, ...keys, engine, close };
}

/** The engines are loaded when asked for: the one brings a whole PostgreSQL in WebAssembly, the other a driver. */
async function createEngine({ engine = "embedded", dataDir }: StackOptions): Promise<Engine> {
  const database = { dataDir: dataDir && join(dataDir, "database") };
  return engine === "embedded"
    ? (await import("./engines/embedded.ts")).createEmbeddedEngine(database)
    : (await import("./engines/native.ts")).createNativeEngine(database);
}

type Lite = ReturnType<typeof createLite>;

/** In this order: what the platform has, what Auth and Storage make, what the platform adds to that, our migrations. */
async function prepareDatabase(
  engine: Engine,
  config: ProjectConfig,
  keys: Keys,
  objectsDir: string,
  withMigrations: boolean,
): Promise<Lite> {
  await applyPlatformBefore(engine);
  const connection = engine.connection as LiteConnection;
  await hardenConnection(connection);
  const lite = createLite(engine, config, keys, objectsDir);
  await lite.ensureSystemSchema();
  await applyPlatformAfter(engine);
  if (withMigrations) {
    await migrate(engine, config.projectDir);
    await seed(engine, config.projectDir);
  }
  // PostgREST reloads what it knows of the schema on `notify pgrst, 'reload schema'`.
  await connection.clearSchemaCache();
  await engine.listen("pgrst", () => void connection.clearSchemaCache());
  return lite;
}

/** Everything but functions: @supabase/lite, with its gaps filled, one request at a time where there is but one session. */
function liteService(engine: Engine, lite: Lite, keys: Keys): Service {
  const exclusively: Engine["exclusively"] =
    engine.kind === "embedded" ? (work) => engine.exclusively(work) : (work) => work();
  const db = (engine.connection as LiteConnection).kysely;
  return async (request, peerAddress) => {
    const { pathname } = new URL(request.url);
    const isDataApi = pathname.startsWith("/rest/v1");
    const path = isDataApi ? pathname.slice("/rest/v1".length) : pathname;
    const headers = Object.fromEntries(request.headers);
    const context = { method: request.method, path, headers, isDataApi, role: "anon" };
    const next = (rewritten: Request) =>
      exclusively(() =>
        requestContext.run(context, async () => lite.fetch(rewritten, { peerAddress } as never)),
      );
    if (ADMIN_USERS_PATH.test(pathname)) return answerAdminUsers({ db, keys, exclusively }, request);
    if (pathname.startsWith("/storage/v1")) return answerStorage(request, next);
    return next(request);
  };
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
    SUPABASE_DB_URL: engine.databaseUrl ?? "",
  };
}
