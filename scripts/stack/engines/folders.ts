import { accessSync, constants, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The user that runs the database server: PostgreSQL refuses to run as root, so root lends it an unprivileged one. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody");
  return { uid: Number(user?.[2] ?? 65534), gid: Number(user?.[3] ?? 65534) };
}

/** True if the server's user can enter `folder`, i.e. no parent (a 0700 home, say) shuts it out. */
export function serverCanEnter(folder: string): boolean {
  if (!serverUser()) return true;
  for (let parent = resolve(folder); ; parent = dirname(parent)) {
    const mode = statSync(parent, { throwIfNoEntry: false })?.mode ?? 0o001;
    if ((mode & 0o001) === 0) return false;
    if (parent === dirname(parent)) return true;
  }
}

/**
 * Where downloaded and prepared things live: in the repository or, where the server's user cannot enter that or we
 * cannot write to it, in a folder of ours beside the temporary files.
 */
export function cacheFolder(name: string): string {
  const own = join(repository, ".cache");
  // Several checkouts may share one cache by a link; the programs in it know it by its real path.
  if (serverCanEnter(repository) && canMake(own)) return join(realpathSync(own), name);
  const user = process.getuid?.() ?? 0;
  const shared = join(tmpdir(), `loopwise-cache-${user}`);
  mkdirSync(shared, { recursive: true, mode: 0o755 });
  // Programs are started from there: nobody else may have put them.
  if (statSync(shared).uid !== user)
    throw new Error(`${shared} belongs to somebody else: remove it or set TMPDIR.`);
  return join(shared, name);
}

function canMake(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
