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
  const apt = privateApt(join(root, "apt"), log);
  log("Downloading PostgreSQL 17 and its extensions (about 100 MB, once)");
  apt("update");
  apt("install", "--download-only", "--yes", ...PACKAGES);

  const archives = join(root, "apt", "cache", "archives");
  for (const file of readdirSync(archives)) {
    if (file.endsWith(".deb") && !NOT_NEEDED.test(file)) run("dpkg", ["-x", join(archives, file), root]);
  }
  usePrivateLibraries(root);
  rmSync(join(root, "apt"), { recursive: true });
}

function privateApt(folder: string, log: (line: string) => void): (...args: string[]) => void {
  mkdirSync(join(folder, "state", "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  writeFileSync(join(folder, "status"), "");
  const keyring = debianKeyring(folder, log);
  writeFileSync(join(folder, "sources.list"), `deb [signed-by=${keyring}] ${debianMirror()} trixie main\n`);
  // Read last, so it wins over the machine's apt.conf; the machine's proxies stay. Its hooks would touch the system.
  writeFileSync(
    join(folder, "apt.conf"),
    [
      `Dir::State "${folder}/state";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}/cache";`,
      `Dir::Etc::sourcelist "${folder}/sources.list";`,
      'Dir::Etc::sourceparts "-";',
      'Dir::Etc::preferences "-";',
      'Dir::Etc::preferencesparts "-";',
      'APT::Install-Recommends "false";',
      // Archives may lie where apt's own user cannot go.
      'APT::Sandbox::User "root";',
      ...["APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success", "APT::Update::Pre-Invoke"].map(
        (hook) => `#clear ${hook};`,
      ),
      ...["DPkg::Pre-Install-Pkgs", "DPkg::Post-Invoke", "DPkg::Pre-Invoke"].map((hook) => `#clear ${hook};`),
    ].join("\n"),
  );
  return (...args) => run("apt-get", ["-q", "-c", join(folder, "apt.conf"), ...args]);
}

/** Ubuntu has Debian's keys in a package of its own, so their authenticity rests on Ubuntu's. */
function debianKeyring(folder: string, log: (line: string) => void): string {
  const installed = "/usr/share/keyrings/debian-archive-keyring.gpg";
  if (existsSync(installed)) return installed;
  log("Fetching Debian's archive keys");
  run("apt-get", ["-q", "download", "debian-archive-keyring"], folder);
  const archive = readdirSync(folder).find((file) => file.startsWith("debian-archive-keyring"));
  if (!archive)
    throw new Error("Debian's archive keys were not found: install the package debian-archive-keyring.");
  run("dpkg", ["-x", join(folder, archive), folder]);
  return join(folder, installed);
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

function run(program: string, args: string[], cwd?: string): void {
  try {
    execFileSync(program, args, {
      cwd,
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
