import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FolderInUse, lockFolder } from "../../scripts/stack/engines/folder-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loopwise-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("refuses a folder that is locked, and gives it again once it is unlocked", () => {
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(FolderInUse);
  unlock();
  lockFolder(folder)();
  expect(existsSync(join(folder, "lock"))).toBe(false);
});

it("refuses a folder that another process holds, and takes over when that was killed", async () => {
  const module = new URL("../../scripts/stack/engines/folder-lock.ts", import.meta.url).href;
  const program = `import(${JSON.stringify(module)}).then(({ lockFolder }) => {
    lockFolder(${JSON.stringify(folder)});
    console.log("locked");
    setInterval(() => {}, 1000);
  })`;
  const holder = spawn(process.execPath, ["--import", "tsx", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect(() => lockFolder(folder)).toThrow(`in use by process ${holder.pid}`);

  holder.kill("SIGKILL");
  await once(holder, "exit");
  lockFolder(folder)();
});

it.skipIf(!existsSync("/proc/self/stat"))(
  "takes over the lock of a dead process whose id is in use again",
  () => {
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, started: "1" }));
    lockFolder(folder)();
  },
);
