/**
 * scikit-learn as a rival in benches: Debian's newest stable one, unpacked into the cache folder on first use, driven by the
 * Python scripts beside this file as child processes. No test needs it.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { privateLibraries, SUITE, unpackDebian } from "../../stack/engines/debian.ts";
import { whileLocked } from "../../stack/engines/folder-lock.ts";
import { cacheFolder } from "../../stack/engines/folders.ts";

const SKLEARN = {
  what: "scikit-learn with Python (about 60 MB)",
  otherwise: "Measure beside scikit-learn on a system that has apt-get, dpkg and a way to Debian's packages.",
  packages: ["python3-sklearn", "libopenblas0-pthread"],
};

/** Unpacks scikit-learn if it is not there. Throws, saying what is missing, where it cannot be fetched. */
export async function installSklearn(): Promise<string> {
  const root = cacheFolder(`sklearn-${SUITE}`);
  const stamp = join(root, "installed");
  await whileLocked(`${root}-lock`, () => {
    if (existsSync(stamp)) return;
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    unpackDebian(root, SKLEARN, console.error);
    writeFileSync(stamp, "");
  });
  return root;
}

/**
 * Runs rivals/NAME.py with scikit-learn: its standard input is `input`, and what it prints is the answer, as JSON. Who has
 * not ended within `patience` (seconds; default: whatever it takes) is stopped, and the answer is undefined.
 */
export async function runSklearn<Answer>(
  name: string,
  args: number[],
  input: Float32Array,
  patience?: number,
): Promise<Answer | undefined> {
  const root = await installSklearn();
  const { libraries, loader } = privateLibraries(root);
  // Debian chooses a BLAS by links that its installer makes; here its folder stands first.
  const path = `${join(libraries, "openblas-pthread")}:${libraries}`;
  const python = join(root, "usr/bin/python3");
  const script = join(import.meta.dirname, `${name}.py`);
  const child = spawn(loader, ["--library-path", path, python, "-B", script, ...args.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
    // Threads that wait by spinning take each other's processor where others work too: k-means took ten times as long.
    env: { ...process.env, PYTHONHOME: join(root, "usr"), PYTHONPATH: "", OMP_WAIT_POLICY: "PASSIVE" },
    timeout: patience === undefined ? undefined : patience * 1000,
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Who dies before it has read everything has said why.
  child.stdin.on("error", () => {});
  child.stdin.end(new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
  const ended = new Promise<[number | null, string | null]>((resolve, reject) =>
    child.on("error", reject).on("close", (code, signal) => resolve([code, signal])),
  );
  const [code, signal] = await ended;
  if (child.killed) return undefined;
  if (code !== 0) throw new Error(`rivals/${name}.py ended with ${code ?? signal}.`);
  return JSON.parse(Buffer.concat(chunks).toString()) as Answer;
}
