import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

export const SUITE = "trixie";

/** Dependencies that serve the system around a program, not the program; LLVM serves only JIT, which stays off. */
const NOT_NEEDED =
  /^(perl|libperl|lib.*-perl|debconf|libdebconf|libllvm|libz3|passwd|base-passwd|login|adduser|locales|libc-l10n|ucf|openssl|ssl-cert|postgresql-(client-)?common|procps|libproc2|netbase|init-system|sysvinit|sensible|gcc)/;

export interface DebianPackages {
  packages: string[];
  /** For people. */
  what: string;
  /** What people can do where Debian's tools are missing. */
  otherwise: string;
}

/**
 * Unpacks Debian's packages with all they need into `root`, without touching the system, by a private apt state with
 * the trixie suite only. The system's C library may be older than these packages need: their programs are to be
 * started with the unpacked one, see `privateLibraries`.
 */
export function unpackDebian(root: string, wanted: DebianPackages, log: (line: string) => void): void {
  for (const tool of ["apt-get", "dpkg"]) requireTool(tool, wanted);
  const apt = debianApt(join(root, "apt"), log);
  log(`Downloading ${wanted.what}, once`);
  try {
    apt("update");
    apt("install", "--download-only", "--yes", ...wanted.packages);
  } catch (error) {
    throw new Error(`${wanted.what} could not be fetched from Debian. ${wanted.otherwise}`, { cause: error });
  }
  for (const archive of archives(join(root, "apt"))) {
    if (!NOT_NEEDED.test(basename(archive))) run("dpkg", ["-x", archive, root]);
  }
  rmSync(join(root, "apt"), { recursive: true });
}

/** Folder of the libraries unpacked into `root`, and the loader that starts programs with them. */
export function privateLibraries(root: string): { libraries: string; loader: string } {
  const triplet = readdirSync(join(root, "usr/lib")).find((name) => name.endsWith("-linux-gnu"));
  const libraries = join(root, "usr/lib", triplet ?? "");
  const loader = readdirSync(libraries).find((name) => name.startsWith("ld-linux"));
  if (!triplet || !loader) throw new Error(`No C library was unpacked into ${libraries}.`);
  return { libraries, loader: join(libraries, loader) };
}

/** Points the programs in a folder at the unpacked libraries for good; the package patchelf must be among the unpacked. */
export function usePrivateLibraries(root: string, programFolder: string, moreLibraries: string): void {
  const { libraries, loader } = privateLibraries(root);
  const programs = readdirSync(join(root, programFolder))
    .map((name) => join(root, programFolder, name))
    .filter((file) => readFileSync(file).subarray(1, 4).toString() === "ELF");
  // RPATH, not RUNPATH: only RPATH is inherited by the libraries of libraries.
  const rpath = `${libraries}:${join(root, moreLibraries)}`;
  const patchelf = ["--library-path", libraries, join(root, "usr/bin/patchelf")];
  for (const program of programs) {
    run(loader, [...patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", rpath, program]);
  }
}

type Apt = (...args: string[]) => void;

/** apt-get with a state of its own in `folder`, on one suite alone, as if nothing were installed. */
function debianApt(folder: string, log: (line: string) => void): Apt {
  const keyring = debianKeyring(join(folder, "keyring"), log);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "status"), "");
  writeFileSync(join(folder, "sources.list"), `deb [signed-by=${keyring}] ${debianMirror()} ${SUITE} main\n`);
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

function requireTool(tool: string, { what, otherwise }: DebianPackages): void {
  const found = (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, tool)));
  if (found) return;
  throw new Error(`${tool} was not found, so ${what} cannot be fetched on this system. ${otherwise}`);
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
