import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "../../scripts/stack/types.ts";
import { type Person, signUp } from "./clients.ts";

/** A brand of `owner` with people in two groups, ready for a search for cohorts. */
export async function plantBrand(stack: Stack, owner: Person, name: string): Promise<string> {
  const { data, error } = await owner.client
    .schema("core")
    .rpc("create_brand", { p_name: name, p_slug: `${name}-${owner.id.slice(0, 8)}` });
  if (error) throw new Error(error.message);
  const brand = (data as { id: string }).id;
  await stack.engine.exec(readFileSync(join(import.meta.dirname, "database.sql"), "utf8"));
  // Fewer numbers of cohorts than by default: these tests are about runs, not about what they find.
  await stack.engine.query(
    "update core.system_parameters set parameter_value = '3' where parameter_key = 'cohorts.max_k'",
  );
  await stack.engine.query("select tests.plant_groups($1::uuid, 120, 2, 1)", [brand]);
  return brand;
}

/** A new user with this role in the brand. */
export async function signUpAs(stack: Stack, brand: string, role: string): Promise<Person> {
  const person = await signUp(stack);
  await stack.engine.query("select tests.add_member($1::uuid, $2::uuid, $3::core.role_kind)", [
    brand,
    person.id,
    role,
  ]);
  return person;
}

/** Does what the job loopwise-cohorts-run does, one step; whether there was one. */
export async function doStep(stack: Stack): Promise<boolean> {
  const [job] = await stack.engine.query<{ worked: boolean }>(
    "select worked from private.job_cohorts_run('0 seconds')",
  );
  return job?.worked ?? false;
}

/** Brings all runs to their end. */
export async function finishRuns(stack: Stack): Promise<void> {
  while (await doStep(stack));
  // The embedded database held up this process: connections whose time ran out meanwhile are closed before the next use.
  await sleep(50);
}
