import { createPostgresConnection } from "@supabase/lite/postgres";
import postgres from "postgres";
import type { Engine, EngineOptions } from "../types.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { createLock } from "./exclusive.ts";
import { parsers, VECTOR_TYPES, vectorText } from "./values.ts";

export interface NativeEngine extends Engine {
  readonly kind: "native";
  readonly databaseUrl: string;
  /** As the superuser. */
  readonly adminUrl: string;
  /** The server, if it is one of ours. */
  readonly cluster?: Cluster;
}

/** PostgreSQL 17: the server that DATABASE_URL (a superuser's) names, else one of our own. */
export async function createNativeEngine(
  options: EngineOptions & { port?: number } = {},
): Promise<NativeEngine> {
  const given = process.env.DATABASE_URL;
  const cluster = given ? undefined : await startCluster(options.dataDir, options.port);
  const adminUrl = given ?? (cluster as Cluster).adminUrl;
  const databaseUrl = cluster?.databaseUrl ?? asMigrationRole(adminUrl);
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  if (given) await checkGivenServer(admin);
  const connection = createPostgresConnection({
    url: adminUrl,
    postgresOptions: { onnotice: () => {}, types },
  });
  // A single session, as on the embedded engine, so that a transaction may span several calls.
  // Connected only when first used: role postgres exists after the platform's prelude.
  const session = postgres(databaseUrl, { max: 1, onnotice: () => {}, types });
  const exclusively = createLock();
  await readVectorArrays(admin, connection.driver, session);

  return {
    kind: "native",
    cluster,
    adminUrl,
    databaseUrl,
    connection,
    exclusively,
    query: async <Row>(text: string, params: unknown[] = []) =>
      exclusively(async () => [...(await session.unsafe(text, params as never[]))] as Row[]),
    exec: (script) =>
      exclusively(async () => {
        const results = await session.unsafe(script).simple();
        // One statement answers with its rows, several with a list of such answers.
        const answers = (Array.isArray(results[0]) ? results : [results]) as Record<string, unknown>[][];
        return answers.filter((rows) => (rows as { columns?: unknown }).columns).map((rows) => [...rows]);
      }),
    async execAsAdmin(script) {
      await admin.unsafe(script).simple();
      await readVectorArrays(admin, connection.driver, session);
    },
    async listen(channel, onNotify) {
      await admin.listen(channel, onNotify);
    },
    async close() {
      await Promise.all([session.end({ timeout: 5 }), admin.end({ timeout: 5 }), connection.close()]);
      await cluster?.close();
    },
  };
}

/** The password of role postgres is not ours to know: the superuser takes the role on when it connects. */
function asMigrationRole(adminUrl: string): string {
  const url = new URL(adminUrl);
  url.searchParams.set("options", "-c role=postgres");
  return url.href.replaceAll("+", "%20");
}

/** The shared parsers as types of the driver, which has one kind of value for reading and writing. */
const types = Object.fromEntries(
  Object.entries(parsers).map(([oid, parse]) => [
    `type${oid}`,
    { to: Number(oid), from: [Number(oid)], parse, serialize: text },
  ]),
);

/** Arguments are written as text; a string for a json argument is JSON already written out. */
function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function readVectorArrays(...drivers: postgres.Sql[]): Promise<void> {
  const [first] = drivers;
  for (const { oid } of (await first?.unsafe(VECTOR_TYPES)) ?? []) {
    for (const driver of drivers) driver.options.serializers[oid] = vectorText;
  }
}

async function checkGivenServer(admin: postgres.Sql): Promise<void> {
  try {
    const reason = await unfitness(admin);
    if (reason) throw new Error(`The server of DATABASE_URL does not fit: ${reason}`);
  } catch (error) {
    await admin.end();
    throw error;
  }
}

async function unfitness(admin: postgres.Sql): Promise<string | undefined> {
  const [server] = await admin<{ version: number; superuser: boolean; missing: string[] }[]>`
    select current_setting('server_version_num')::int / 10000 as version,
           current_setting('is_superuser')::bool as superuser,
           array(select name from unnest(array['vector', 'pg_cron', 'pg_net', 'supabase_vault']) as name
                 where name not in (select available.name from pg_available_extensions available)) as missing`;
  if (!server) return "it does not answer.";
  if (server.version < 17) return `it is PostgreSQL ${server.version}, and 17 is needed.`;
  if (!server.superuser) return "its user must be a superuser (Supabase: supabase_admin).";
  if (server.missing.length > 0) return `it lacks ${server.missing.join(", ")}, which Supabase's image has.`;
  return undefined;
}
