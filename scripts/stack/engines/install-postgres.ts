import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { extensionsFolder } from "../platform/platform.ts";
import { type DebianPackages, unpackDebian, usePrivateLibraries } from "./debian.ts";
import { whileLocked } from "./folder-lock.ts";
import { cacheFolder } from "./folders.ts";

/** A PostgreSQL 17 that may be started. */
export interface PostgresInstallation {
  binDir: string;
  /** Environment its programs need. */
  env: Record<string, string>;
}

const NEEDED = ["vector", "pg_cron"];
const DEBIAN_BIN = "usr/lib/postgresql/17/bin";
const FROM_DEBIAN: DebianPackages = {
  what: "PostgreSQL 17 and its extensions (about 100 MB)",
  otherwise:
    "Install PostgreSQL 17 with the extensions vector, pg_cron, pgtap and plpgsql_check so that `pg_config` is on the " +
    "PATH, or set DATABASE_URL to such a server.",
  packages: [
    "postgresql-17",
    "postgresql-17-pgvector",
    "postgresql-17-cron",
    "postgresql-17-pgtap",
    "postgresql-17-plpgsql-check",
    "patchelf",
  ],
};

/**
 * PostgreSQL 17 with vector, pg_cron and the stand-ins for what only Supabase's own image has, in the cache folder.
 * Uses an installed PostgreSQL 17 that has the extensions, else unpacks Debian's packages.
 */
export async function installPostgres(
  log: (line: string) => void = console.error,
): Promise<PostgresInstallation> {
  const root = cacheFolder("postgres-17");
  const stamp = join(root, "installed.json");
  await whileLocked(cacheFolder("postgres-17-lock"), () => {
    // The paths are baked into the programs: a moved repository needs a new installation.
    if (existsSync(stamp) && JSON.parse(readFileSync(stamp, "utf8")).root === root) return;
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    const installed = findInstalled();
    if (installed) mirrorInstalled(root, installed);
    else {
      if (!existsSync("/usr/share/zoneinfo/UTC"))
        throw new Error("The time zone files are missing: install the package tzdata.");
      unpackDebian(root, FROM_DEBIAN, log);
      usePrivateLibraries(root, DEBIAN_BIN, "usr/lib/postgresql/17/lib");
    }
    const layout = installed ?? { bindir: `/${DEBIAN_BIN}`, sharedir: "/usr/share/postgresql/17" };
    writeFileSync(
      stamp,
      JSON.stringify({ root, bindir: join(root, layout.bindir), sharedir: join(root, layout.sharedir) }),
    );
  });
  const { bindir, sharedir } = JSON.parse(readFileSync(stamp, "utf8")) as Record<string, string>;
  copyStandIns(join(sharedir as string, "extension"));
  const locales = join(root, "usr/lib/locale");
  return { binDir: bindir as string, env: existsSync(locales) ? { LOCPATH: locales } : {} };
}

/** By renaming, so that starts at the same moment neither meet half a file nor delete each other's. */
function copyStandIns(target: string): void {
  // pg_cron is real here; only the embedded engine needs its stand-in.
  for (const name of readdirSync(extensionsFolder).filter((file) => !file.startsWith("pg_cron"))) {
    const copy = join(target, `.${name}.${process.pid}`);
    copyFileSync(join(extensionsFolder, name), copy);
    renameSync(copy, join(target, name));
  }
}

interface Layout {
  bindir: string;
  sharedir: string;
}

function findInstalled(): Layout | undefined {
  const candidates = [
    "/usr/lib/postgresql/17/bin",
    "/opt/homebrew/opt/postgresql@17/bin",
    "/usr/local/opt/postgresql@17/bin",
  ];
  for (const folder of [...candidates, ...(process.env.PATH ?? "").split(":")]) {
    const pgConfig = join(folder, "pg_config");
    if (!existsSync(pgConfig)) continue;
    const ask = (option: string) => execFileSync(pgConfig, [option], { encoding: "utf8" }).trim();
    if (!ask("--version").startsWith("PostgreSQL 17")) continue;
    const layout = { bindir: ask("--bindir"), sharedir: ask("--sharedir") };
    const complete = NEEDED.every((name) =>
      existsSync(join(layout.sharedir, "extension", `${name}.control`)),
    );
    if (complete && existsSync(join(layout.bindir, "initdb"))) return layout;
  }
  return undefined;
}

/**
 * The stand-ins must lie in the server's extension folder, which is not ours to write. The server finds its folders
 * relative to its program, so copied programs beside links to everything else make an installation that is.
 */
function mirrorInstalled(root: string, { bindir, sharedir }: Layout): void {
  const libdir = execFileSync(join(bindir, "pg_config"), ["--pkglibdir"], { encoding: "utf8" }).trim();
  cpSync(bindir, join(root, bindir), { recursive: true, dereference: true });
  mkdirSync(join(root, libdir, ".."), { recursive: true });
  if (relative(bindir, libdir) !== "") symlinkSync(libdir, join(root, libdir));
  const share = join(root, sharedir);
  mkdirSync(join(share, "extension"), { recursive: true });
  for (const name of readdirSync(sharedir)) {
    if (name !== "extension") symlinkSync(join(sharedir, name), join(share, name));
  }
  for (const name of readdirSync(join(sharedir, "extension"))) {
    copyFileSync(join(sharedir, "extension", name), join(share, "extension", name));
  }
}
