import { startStack } from "../../scripts/stack/start.ts";
import type { Stack, StackOptions } from "../../scripts/stack/types.ts";
import { createProject, type ProjectFiles } from "./project.ts";

/**
 * A local stack of a test file's own, on the engine that LOOPWISE_ENGINE names (embedded by default) and with this
 * repository's migrations: started in `beforeAll`, closed with `stack.close()` in `afterAll`.
 */
export function useStack(options: StackOptions = {}): Promise<Stack> {
  const log = process.env.LOOPWISE_VERBOSE ? (line: string) => console.log(line) : undefined;
  return startStack({ engine: testEngine(), log, ...options });
}

/** The same for a throw-away project instead of this repository's, for tests of the stack itself. */
export async function useProject(
  files: ProjectFiles,
  options: StackOptions = {},
): Promise<Stack & { projectDir: string }> {
  const project = await createProject(files);
  const stack = await useStack({ ...options, projectDir: project.dir }).catch(async (error) => {
    await project.remove();
    throw error;
  });
  const close = async () => {
    await stack.close();
    await project.remove();
  };
  return { ...stack, close, projectDir: project.dir };
}

function testEngine(): "embedded" | "native" {
  const engine = process.env.LOOPWISE_ENGINE ?? "embedded";
  if (engine !== "embedded" && engine !== "native")
    throw new Error(`LOOPWISE_ENGINE: ${engine} is no engine`);
  return engine;
}
