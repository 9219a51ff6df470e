import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { freePort } from "../free-port.ts";
import { lockFolder } from "./folder-lock.ts";
import { serverCanEnter, serverUser } from "./folders.ts";
import { installPostgres, type PostgresInstallation } from "./install-postgres.ts";

/** A running PostgreSQL server of ours. */
export interface Cluster {
  /** As the superuser. */
  adminUrl: string;
  /** As the role that runs migrations, which is no superuser. */
  databaseUrl: string;
  /** Process id of the server itself, for tests that kill it. */
  pid(): number;
  close(): Promise<void>;
}

/** Durability (fsync) stays on: it is tested. JIT only slows the small queries of an application. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  shared_preload_libraries: "pg_cron,pg_stat_statements",
  "cron.database_name": "postgres",
  "cron.use_background_workers": "on",
  "cron.log_run": "on",
  max_worker_processes: "24",
  max_connections: "100",
  shared_buffers: "256MB",
  work_mem: "16MB",
  maintenance_work_mem: "256MB",
  max_wal_size: "2GB",
  wal_level: "logical",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_messages: "warning",
};

/**
 * Ends the server when its standard input closes, so a server never outlives the program that started it, even if
 * that was killed. The shell stays between them because only it can wait for both.
 */
const SUPERVISE = `
  exec 3<&0
  "$@" </dev/null 3<&- & server=$!
  ( read -r _ <&3; kill -INT $server ) 2>/dev/null & watcher=$!
  wait $server; code=$?
  kill $watcher 2>/dev/null
  exit $code`;

/** Starts the cluster in `dataDir`, made first if there is none; without `dataDir` in a temporary folder. */
export async function startCluster(dataDir?: string, port?: number): Promise<Cluster> {
  const installation = await installPostgres();
  const home = dataDir ? resolve(dataDir) : mkdtempSync(join(tmpdir(), "loopwise-postgres-"));
  const user = serverUser();
  mkdirSync(home, { recursive: true });
  if (user) chownSync(home, user.uid, user.gid);
  if (!serverCanEnter(join(home, ".."))) {
    throw new Error(
      `${home} is shut to the user that runs the server (root may not): choose another data folder.`,
    );
  }
  const unlock = lockFolder(home);
  try {
    const data = join(home, "cluster");
    if (!existsSync(data)) initialise(installation, data);
    const chosenPort = port ?? (await freePort());
    const server = await startServer(installation, data, join(home, "server.log"), chosenPort);
    const url = (role: string) => `postgresql://${role}@127.0.0.1:${chosenPort}/postgres`;
    return {
      adminUrl: url("supabase_admin"),
      databaseUrl: url("postgres"),
      pid: () => Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
      async close() {
        server.stdin?.end();
        if (isRunning(server)) await new Promise((done) => server.once("exit", done));
        unlock();
        if (!dataDir) rmSync(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

const isRunning = (server: ChildProcess) => server.exitCode === null && server.signalCode === null;

function initialise({ binDir, env }: PostgresInstallation, data: string): void {
  // Renamed when complete, so that a start that was killed half-way leaves nothing that looks like a cluster.
  const unfinished = `${data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  // Connections come from this machine only (listen_addresses), so they are trusted.
  const options = ["-D", unfinished, "-U", "supabase_admin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"];
  execFileSync(join(binDir, "initdb"), options, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
    cwd: "/",
    ...serverUser(),
  });
  renameSync(unfinished, data);
}

/** What the server says while the processes of a killed predecessor are still ending. */
const PREDECESSOR_ENDING = /lock file "postmaster.pid" already exists|pre-existing shared memory block/;

async function startServer(
  installation: PostgresInstallation,
  data: string,
  logFile: string,
  port: number,
): Promise<ChildProcess> {
  for (let attempt = 1; ; attempt++) {
    const server = spawnServer(installation, data, logFile, port);
    if (await answers(server, port)) return server;
    const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-5).join("\n");
    if (attempt === 20 || !PREDECESSOR_ENDING.test(lines)) {
      throw new Error(`PostgreSQL did not start; ${logFile} ends with:\n${lines}`);
    }
    await sleep(500);
  }
}

function spawnServer(
  { binDir, env }: PostgresInstallation,
  data: string,
  logFile: string,
  port: number,
): ChildProcess {
  const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const log = openSync(logFile, "a");
  const server = spawn(
    "sh",
    ["-c", SUPERVISE, "postgres", join(binDir, "postgres"), "-D", data, ...settings],
    {
      stdio: ["pipe", log, log],
      // Ctrl-C in a terminal must reach the program, which then ends the server in order.
      detached: true,
      env: { ...process.env, ...env },
      cwd: "/",
      ...serverUser(),
    },
  );
  closeSync(log);
  return server;
}

/** True once the server answers a query, false if it ended instead. */
async function answers(server: ChildProcess, port: number): Promise<boolean> {
  const sql = postgres(`postgresql://supabase_admin@127.0.0.1:${port}/postgres`, { max: 1, backoff: false });
  try {
    while (isRunning(server)) {
      try {
        await sql`select 1`;
        return true;
      } catch {
        await sleep(50);
      }
    }
    return false;
  } finally {
    await sql.end();
  }
}
