import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const PACKAGES = [
  "postgresql-17",
  "postgresql-17-pgvector",
  "postgresql-17-cron",
  "postgresql-17-pgtap",
  "postgresql-17-plpgsql-check",
  "patchelf",
];

/** Dependencies that serve the system around a database, not the database; LLVM serves only JIT, which stays off. */
const NOT_NEEDED =
  /^(perl|libperl|lib.*-perl|debconf|libdebconf|libllvm|libz3|passwd|base-passwd|login|adduser|locales|libc-l10n|ucf|openssl|ssl-cert|postgresql-(client-)?common|procps|libproc2|netbase|init-system|sysvinit|sensible|gcc)/;

/**
 * Unpacks PostgreSQL 17 with its extensions from Debian's packages into `root`, without touching the system:
 * a private apt state with the trixie suite only, then the loader and library paths of the programs are
 * pointed at the unpacked C library, because the system's may be older than these packages need.
 */
export function unpackDebianPostgres(root: string, log: (line: string) => void): void {
  for (const tool of ["apt-get", "dpkg"]) requireTool(tool);
  if (!existsSync("/usr/share/zoneinfo/UTC"))
    throw new Error("The time zone files are missing: install the package tzdata.");
  const apt = trixieApt(join(root, "apt"), log);
  log("Downloading PostgreSQL 17 and its extensions (about 100 MB, once)");
  apt("update");
  apt("install", "--download-only", "--yes", ...PACKAGES);

  for (const archive of archives(join(root, "apt"))) {
    if (!NOT_NEEDED.test(basename(archive))) run("dpkg", ["-x", archive, root]);
  }
  usePrivateLibraries(root);
  rmSync(join(root, "apt"), { recursive: true });
}

type Apt = (...args: string[]) => void;

/** apt-get with a state of its own in `folder`, on the trixie suite alone, as if nothing were installed. */
function trixieApt(folder: string, log: (line: string) => void): Apt {
  const keyring = debianKeyring(join(folder, "keyring"), log);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "status"), "");
  writeFileSync(join(folder, "sources.list"), `deb [signed-by=${keyring}] ${debianMirror()} trixie main\n`);
  return privateApt(folder, [
    `Dir::State::status "${folder}/status";`,
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    'Dir::Etc::sourceparts "-";',
    'Dir::Etc::preferences "-";',
    'Dir::Etc::preferencesparts "-";',
    'APT::Install-Recommends "false";',
  ]);
}

/** Ubuntu has Debian's keys in a package of its own, so their authenticity rests on Ubuntu's. */
function debianKeyring(folder: string, log: (line: string) => void): string {
  const installed = "/usr/share/keyrings/debian-archive-keyring.gpg";
  if (existsSync(installed)) return installed;
  log("Fetching Debian's archive keys");
  const apt = privateApt(folder, []);
  apt("update");
  apt("install", "--download-only", "--reinstall", "--yes", "debian-archive-keyring");
  for (const archive of archives(folder)) run("dpkg", ["-x", archive, folder]);
  return join(folder, installed);
}

function privateApt(folder: string, settings: string[]): Apt {
  mkdirSync(join(folder, "state", "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  // Read last, so it wins over the machine's apt.conf, whose proxies stay and whose hooks would touch the system.
  const hooks = ["Update::Post-Invoke", "Update::Post-Invoke-Success", "Update::Pre-Invoke"].map(
    (hook) => `#clear APT::${hook};`,
  );
  const configuration = [
    `Dir::State "${folder}/state";`,
    `Dir::Cache "${folder}/cache";`,
    // Archives may lie where apt's own user cannot go.
    'APT::Sandbox::User "root";',
    "#clear DPkg::Pre-Install-Pkgs;",
    ...hooks,
    ...settings,
  ];
  writeFileSync(join(folder, "apt.conf"), configuration.join("\n"));
  return (...args) => run("apt-get", ["-q", "-c", join(folder, "apt.conf"), ...args]);
}

function archives(folder: string): string[] {
  const cache = join(folder, "cache", "archives");
  return readdirSync(cache)
    .filter((file) => file.endsWith(".deb"))
    .map((file) => join(cache, file));
}

/** The mirror that this machine's own sources use, if they use Debian's at all. */
function debianMirror(): string {
  const parts = "/etc/apt/sources.list.d";
  const files = [
    "/etc/apt/sources.list",
    ...(existsSync(parts) ? readdirSync(parts).map((file) => join(parts, file)) : []),
  ];
  const enabled = files.filter((file) => /\.(list|sources)$/.test(file) && existsSync(file));
  const lines = enabled
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .filter((line) => !/^\s*#/.test(line));
  const uris = lines.flatMap((line) => line.match(/https?:\/\/\S+/g) ?? []);
  return uris.find((uri) => /\/debian\/?$/.test(uri)) ?? "http://deb.debian.org/debian";
}

function usePrivateLibraries(root: string): void {
  const triplet = readdirSync(join(root, "usr/lib")).find((name) => name.endsWith("-linux-gnu"));
  const libraries = join(root, "usr/lib", triplet ?? "");
  const loader = readdirSync(libraries).find((name) => name.startsWith("ld-linux"));
  if (!triplet || !loader) throw new Error(`No C library was unpacked into ${libraries}.`);
  const interpreter = join(libraries, loader);
  const binDir = join(root, "usr/lib/postgresql/17/bin");
  const programs = readdirSync(binDir)
    .map((name) => join(binDir, name))
    .filter((file) => readFileSync(file).subarray(1, 4).toString() === "ELF");
  // RPATH, not RUNPATH: only RPATH is inherited by the libraries of libraries.
  const rpath = `${libraries}:${join(root, "usr/lib/postgresql/17/lib")}`;
  const patchelf = ["--library-path", libraries, join(root, "usr/bin/patchelf")];
  for (const program of programs) {
    run(interpreter, [
      ...patchelf,
      "--set-interpreter",
      interpreter,
      "--force-rpath",
      "--set-rpath",
      rpath,
      program,
    ]);
  }
}

function requireTool(tool: string): void {
  const found = (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, tool)));
  if (found) return;
  throw new Error(
    `${tool} was not found, so PostgreSQL 17 cannot be fetched on this system. Install PostgreSQL 17 with the extensions ` +
      "vector, pg_cron, pgtap and plpgsql_check so that `pg_config` is on the PATH, or set DATABASE_URL to such a server.",
  );
}

function run(program: string, args: string[]): void {
  try {
    execFileSync(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: Buffer; stdout?: Buffer };
    const output = `${stderr ?? ""}`.trim() || `${stdout ?? ""}`.trim() || String(error);
    throw new Error(
      `${basename(program)} ${args.slice(0, 4).join(" ")} failed: ${output.split("\n").slice(-5).join("\n")}`,
    );
  }
}
