/**
 * A PostgreSQL server with the platform, the migrations and the seed, for work on SQL without the rest of the stack.
 *   node --import tsx scripts/stack/dev-db.ts [folder] [port]    stays until Ctrl-C or SIGTERM
 * Without a folder the data are temporary.
 */
import { App, setExperimental } from "@supabase/lite";
import { createNativeEngine } from "./engines/native.ts";
import { migrate, seed } from "./migrate.ts";
import { applyPlatformAfter, applyPlatformBefore } from "./platform/platform.ts";

const [dataDir, port] = process.argv.slice(2);
const engine = await createNativeEngine({ dataDir, port: port ? Number(port) : undefined });
const stop = async () => {
  await engine.close();
  process.exit();
};
process.once("SIGTERM", stop).once("SIGINT", stop);

try {
  await applyPlatformBefore(engine);
  setExperimental("storage", true);
  const app = new App({
    connection: engine.connection as never,
    auth: { enabled: true, jwt_secret: "only-the-schema-is-made-with-this-secret" },
    storage: { enabled: true },
  });
  // The storage schema is made only where there is an adapter; nothing is stored here.
  Object.assign(app, { _storageAdapter: {} });
  await app.ensureSystemSchema();
  await applyPlatformAfter(engine);
  const applied = await migrate(engine);
  await seed(engine);
  console.log(`${applied.length} migrations applied`);
} catch (error) {
  console.error(`${error}\nThe server runs on, with what was applied before.`);
}
console.log(`superuser: psql ${engine.adminUrl}\npostgres:  psql ${engine.databaseUrl}`);
