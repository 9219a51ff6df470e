import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Thrown when another living process holds the folder. */
export class FolderInUse extends Error {
  override name = "FolderInUse";
}

/**
 * Makes this process the only user of `folder`; the returned function gives it up. The lock of a process that was
 * killed is recognised as stale. PGlite itself lets two processes open, and ruin, the same data.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, "lock");
  const own = join(folder, `lock.${process.pid}.${Math.random().toString(36).slice(2)}`);
  // Written under a name of our own and then linked, so the lock is never seen half written.
  writeFileSync(own, JSON.stringify({ pid: process.pid, started: startTime(process.pid) }));
  try {
    for (;;) {
      try {
        linkSync(own, lock);
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      removeIfStale(lock, own, folder);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Does `work` when no other process does such in `folder`; waits for its turn. */
export async function whileLocked(folder: string, work: () => Promise<void> | void): Promise<void> {
  for (;;) {
    let unlock: () => void;
    try {
      unlock = lockFolder(folder);
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error;
      await sleep(100);
      continue;
    }
    try {
      return await work();
    } finally {
      unlock();
    }
  }
}

function removeIfStale(lock: string, own: string, folder: string): void {
  const text = readOrUndefined(lock);
  if (text === undefined) return;
  const { pid, started } = JSON.parse(text) as { pid: number; started?: string };
  if (isAlive(pid, started))
    throw new FolderInUse(`${folder} is in use by process ${pid}: stop it or choose another folder.`);
  // Of several that find the stale lock only one can move it. If a new owner was faster, its lock goes back.
  const moved = `${own}.stale`;
  try {
    renameSync(lock, moved);
  } catch {
    return;
  }
  if (readOrUndefined(moved) !== text) linkSync(moved, lock);
  rmSync(moved, { force: true });
}

/** Process ids are used again, so the start time must agree as well, where the system tells it. */
function isAlive(pid: number, started: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return startTime(pid) === started;
}

/**
 * Start time of a process in clock ticks since boot: field 22 of its stat, counted behind the name in parentheses.
 * A killed process whose parent has not yet taken notice (state Z) has none.
 */
function startTime(pid: number): string | undefined {
  const stat = readOrUndefined(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
