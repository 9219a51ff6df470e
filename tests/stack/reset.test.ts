import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockFolder } from "../../scripts/stack/engines/folder-lock.ts";
import { repository } from "../../scripts/stack/engines/folders.ts";

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "loopwise-reset-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function npmStartReset(dataDir: string) {
  const args = [
    "--import",
    "tsx",
    join(repository, "scripts/stack/main.ts"),
    "--reset",
    "--port",
    "0",
    "--data",
    dataDir,
  ];
  return spawnSync(process.execPath, args, { cwd: repository, encoding: "utf8", timeout: 30_000 });
}

test("npm start --reset leaves a folder alone that holds no data of the stack", () => {
  const mine = join(dir, "mine");
  mkdirSync(join(mine, "database"), { recursive: true });
  writeFileSync(join(mine, "database/notes.txt"), "not yours");
  const { status, stderr } = npmStartReset(mine);
  expect(status).toBe(1);
  expect(stderr).toContain("holds no data of the local stack");
  expect(existsSync(join(mine, "database/notes.txt"))).toBe(true);
});

test("npm start --reset refuses while another process uses the data", () => {
  const inUse = join(dir, "in-use");
  mkdirSync(join(inUse, "database/pgdata"), { recursive: true });
  writeFileSync(join(inUse, "database/pgdata/PG_VERSION"), "17");
  const unlock = lockFolder(join(inUse, "database"));
  const { status, stderr } = npmStartReset(inUse);
  unlock();
  expect(status).toBe(1);
  expect(stderr).toContain(`in use by process ${process.pid}`);
  expect(existsSync(join(inUse, "database/pgdata/PG_VERSION"))).toBe(true);
});
