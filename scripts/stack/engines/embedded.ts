import { AsyncResource } from "node:async_hooks";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { btree_gin } from "@electric-sql/pglite/contrib/btree_gin";
import { fuzzystrmatch } from "@electric-sql/pglite/contrib/fuzzystrmatch";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { pgcrypto } from "@electric-sql/pglite/contrib/pgcrypto";
import { uuid_ossp } from "@electric-sql/pglite/contrib/uuid_ossp";
import { pgtap } from "@electric-sql/pglite/pgtap";
import { vector } from "@electric-sql/pglite/vector";
import { createPgliteConnection, PGlite } from "@supabase/lite/pglite";
import { platformFingerprint, platformScript } from "../platform/platform.ts";
import type { Engine, EngineOptions } from "../types.ts";
import { createLock } from "./exclusive.ts";
import { lockFolder, whileLocked } from "./folder-lock.ts";
import { cacheFolder } from "./folders.ts";
import { standInExtensions } from "./stand-ins.ts";
import { parsers, VECTOR_TYPES, vectorText } from "./values.ts";

/** Clients of the Data API write it as text, in PostgreSQL's own form. */
const BYTEA = 17;

type Connection = Awaited<ReturnType<typeof createPgliteConnection>>;

/** Given at start, because a single-user server does not read the settings of its database and roles. */
const SETTINGS = ['search_path="$user", public, extensions', "timezone=UTC"];

/** PostgreSQL in this process (PGlite): one session, whose user is a superuser. */
export async function createEmbeddedEngine(options: EngineOptions = {}): Promise<Engine> {
  const home = options.dataDir && resolve(options.dataDir);
  const unlock = home ? lockFolder(home) : () => {};
  try {
    const connection = await open(home && join(home, "pgdata"));
    return await engineOf(connection, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function engineOf(connection: Connection, unlock: () => void): Promise<Engine> {
  const db = connection.driver;
  const exclusively = createLock();
  const readVectorArrays = async () => {
    for (const { oid } of (await db.query<{ oid: number }>(VECTOR_TYPES)).rows)
      db.serializers[oid] = vectorText;
  };
  await readVectorArrays();
  const writeBytes = db.serializers[BYTEA] as (value: unknown) => string;
  db.serializers[BYTEA] = (value) => (typeof value === "string" ? value : writeBytes(value));

  return {
    kind: "embedded",
    connection,
    exclusively,
    query: async <Row>(text: string, params: unknown[] = []) =>
      exclusively(async () => (await db.query<Row>(text, params)).rows),
    exec: (script) =>
      exclusively(async () => {
        const results = await db.exec(script);
        return results.filter((result) => result.fields.length > 0).map((result) => result.rows);
      }),
    execAsAdmin: (script) =>
      exclusively(async () => {
        await db.exec(script);
        await readVectorArrays();
      }),
    async listen(channel, onNotify) {
      // Notified while somebody else's work runs, the listener must not pass for a part of it.
      const listener = AsyncResource.bind(onNotify);
      await exclusively(() => db.listen(channel, listener));
    },
    async close() {
      await exclusively(() => connection.close());
      unlock();
    },
  };
}

/** Opens existing data, or new data from the template: initdb and the extensions take seconds, a copy does not. */
async function open(dataDir: string | undefined): Promise<Connection> {
  if (dataDir && existsSync(join(dataDir, "PG_VERSION"))) return connect(dataDir);
  const template = templateFile();
  await whileLocked(cacheFolder("pglite"), async () => {
    if (!existsSync(template)) await makeTemplate(template);
  });
  return connect(dataDir, new Blob([readFileSync(template)]));
}

async function makeTemplate(template: string): Promise<void> {
  const folder = dirname(template);
  for (const name of readdirSync(folder)) if (name.endsWith(".tar")) rmSync(join(folder, name));
  const connection = await connect(undefined);
  await connection.driver.exec(platformScript);
  const dump = await connection.driver.dumpDataDir("none");
  await connection.close();
  // Renamed when complete, so that a start that was killed half-way leaves no half template.
  writeFileSync(`${template}.unfinished`, Buffer.from(await dump.arrayBuffer()));
  renameSync(`${template}.unfinished`, template);
}

async function connect(dataDir: string | undefined, loadDataDir?: Blob): Promise<Connection> {
  if (dataDir) mkdirSync(dataDir, { recursive: true });
  const connection = await createPgliteConnection({
    url: dataDir,
    pgliteOptions: {
      extensions: {
        vector,
        pgtap,
        pg_trgm,
        fuzzystrmatch,
        btree_gin,
        pgcrypto,
        "uuid-ossp": uuid_ossp,
        ...standInExtensions(),
      },
      parsers,
      loadDataDir,
      startParams: [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ["-c", setting])],
    },
  });
  await connection.driver.waitReady;
  return connection;
}

/** Named after everything that went into it, so a change makes a new one. */
function templateFile(): string {
  const pglite = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const version = readFileSync(join(dirname(pglite), "../package.json"), "utf8");
  const key = createHash("sha256").update(version).update(platformFingerprint).digest("hex").slice(0, 16);
  return join(cacheFolder("pglite"), `template-${key}.tar`);
}
