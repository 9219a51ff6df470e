import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { useStack } from "../support/stack.ts";

/** Runs every pgTAP file on the engine of this run, each in its own transaction that is rolled back. */
const folder = import.meta.dirname;
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.sql"))
  .sort();

let stack: Stack;

beforeAll(async () => {
  stack = await useStack();
  for (const helpers of ["database.sql", "planted.sql"]) {
    await stack.engine.exec(readFileSync(join(folder, "../support", helpers), "utf8"));
  }
});
afterAll(() => stack?.close());
// The embedded engine computes in this thread: without a pause the runner would take it for hung.
beforeEach(() => setImmediate());

describe.for([...new Set(files.map((file) => file.split("/")[0] as string))])("%s", (domain) => {
  for (const file of files.filter((file) => file.startsWith(`${domain}/`))) {
    // Simulated towns take their time on a slow machine.
    test(relative(domain, file).replace(".test.sql", ""), { timeout: 180_000 }, async () => {
      const lines = await run(readFileSync(join(folder, file), "utf8"));
      const failed = lines.some((line) => line.startsWith("not ok"));
      expect(failed ? lines.filter((line) => !line.startsWith("ok")) : []).toEqual([]);
      const plan = Number(/^1\.\.(\d+)$/.exec(lines[0] ?? "")?.[1]);
      expect(lines.filter((line) => line.startsWith("ok")).length).toBe(plan);
    });
  }
});

/** The TAP lines of a script: pgTAP returns them as rows, some of several lines. */
async function run(script: string): Promise<string[]> {
  return stack.engine.exclusively(async () => {
    try {
      const results = await stack.engine.exec(script);
      return results
        .flat()
        .flatMap((row) => Object.values(row))
        .filter((value): value is string => typeof value === "string")
        .flatMap((value) => value.split("\n"))
        .filter((line) => /^(ok|not ok|#|1\.\.)/.test(line));
    } catch (error) {
      await stack.engine.exec("rollback");
      throw error;
    }
  });
}
