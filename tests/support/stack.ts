import { afterAll } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack, StackOptions } from "../../scripts/stack/types.ts";
import { createProject, type ProjectFiles } from "./project.ts";

/**
 * A fresh local stack for the tests of one file, closed after them; by default with this repository's migrations, on the
 * engine that LOOPWISE_ENGINE names. Call it once at the top of the file: `const stack = await startTestStack()`.
 */
export async function startTestStack(options: StackOptions = {}): Promise<Stack> {
  const verbose = process.env.LOOPWISE_VERBOSE ? console.error : undefined;
  const stack = await startStack({ engine: testEngine(), log: verbose, ...options });
  afterAll(() => stack.close(), 30_000);
  return stack;
}

/** The same for a throw-away project instead of this repository's: tests of the stack itself. */
export async function startProjectStack(files: ProjectFiles, options: StackOptions = {}): Promise<Stack> {
  const project = await createProject(files);
  afterAll(project.remove);
  return startTestStack({ ...options, projectDir: project.dir });
}

export function testEngine(): "embedded" | "native" {
  const engine = process.env.LOOPWISE_ENGINE ?? "embedded";
  if (engine !== "embedded" && engine !== "native")
    throw new Error(`LOOPWISE_ENGINE: ${engine} is no engine`);
  return engine;
}
