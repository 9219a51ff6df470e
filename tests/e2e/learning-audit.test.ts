import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { auditFeedback, foldArm, type OrderSeen } from "../support/audit/learning.ts";
import type { Explained } from "../support/audit/profile.ts";
import { type Client, signUp } from "../support/clients.ts";
import { useStack } from "../support/stack.ts";

/** What was learnt from outcomes is walked down to the signals, and every number on the way is computed again. */
const PEOPLE = 160;
const DAY = 86_400_000;
const start = Date.parse("2026-01-05T09:00:00Z");
const day = (n: number) => new Date(start + n * DAY).toISOString();

let stack: Stack;
let owner: Client;
let brand: string;
let orders: OrderSeen[];

// biome-ignore lint/suspicious/noExplicitAny: results of many functions.
async function call(schema: string, name: string, parameters: object): Promise<any> {
  const { data, error } = await owner.schema(schema).rpc(name, parameters);
  if (error) throw new Error(`${schema}.${name}: ${error.message} ${error.details} ${error.hint}`);
  return data;
}
const explain = (kind: string, id: string, depth: number): Promise<Explained> =>
  call("ai", "explain", { p_kind: kind, p_id: id, p_depth: depth });

function order(n: number, wave: number, at: string): Record<string, unknown> {
  const item = { product_id: `p${n % 3}`, name: "Thing", category: "tea", quantity: 1, unit_price: 10 + n };
  return {
    type: "order",
    source_platform: "shop",
    source_id: `${wave}-${n}`,
    occurred_at: at,
    identifiers: { customer_id: `L-${n}` },
    data: {
      order_number: `${wave}-${n}`,
      order_status: "delivered",
      items: [item],
      subtotal: 10 + n,
      total_amount: 10 + n,
    },
  };
}

async function send(signals: Record<string, unknown>[], now: string) {
  await call("signals", "ingest", { p_brand: brand, p_signals: signals, p_now: now });
  await call("actors", "process_signals", { p_brand: brand, p_limit: 20_000, p_now: now });
}

/** Everybody in one group; cohorts that emerge are another test's. */
const group = () =>
  stack.engine.query(
    `with made as (
       insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name, member_count)
       values ($1::uuid, 'mixed', 'test', 'Everybody', $2::int) returning id)
     insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
     select a.brand_id, a.id, made.id, 'test' from actors.actors a, made where a.brand_id = $1::uuid`,
    [brand, PEOPLE],
  );

beforeAll(async () => {
  stack = await useStack();
  await stack.engine.query(
    "select cron.unschedule(jobname) from cron.job where jobname ~ '^loopwise-(actors|outcomes|stimuli|cohorts)-'",
    [],
  );
  owner = (await signUp(stack)).client;
  brand = (await call("core", "create_brand", { p_name: "Taught", p_slug: "taught" })).id;
  await send(
    Array.from({ length: PEOPLE }, (_, n) => order(n, 0, day(0))),
    day(1),
  );
  await group();
  await call("stimuli", "install_templates", { p_brand: brand });
  for (const wave of [1, 2]) {
    const sent = day(wave * 20);
    for (const { id } of await call("stimuli", "propose", { p_brand: brand, p_now: sent, p_seed: wave })) {
      await call("stimuli", "approve", { p_brand: brand, p_stimulus: id, p_now: sent });
      await call("stimuli", "deploy", { p_brand: brand, p_stimulus: id, p_now: sent, p_seed: wave });
    }
    const buyers = Array.from({ length: PEOPLE }, (_, n) => n).filter((n) => (n * 7 + wave) % 4 === 0);
    await send(
      buyers.map((n) => order(n, wave, day(wave * 20 + 3))),
      day(wave * 20 + 4),
    );
    await call("outcomes", "learn", { p_brand: brand, p_now: day(wave * 20 + 16) });
  }
  const { data } = await owner
    .schema("signals")
    .from("signals_base")
    .select("id, actor_id, occurred_at")
    .eq("brand_id", brand);
  orders = data as OrderSeen[];
});
afterAll(() => stack?.close());

// biome-ignore lint/suspicious/noExplicitAny: rows of many tables.
async function rows(schema: string, table: string, filter: Record<string, unknown> = {}): Promise<any[]> {
  const { data, error } = await owner
    .schema(schema)
    .from(table)
    .select("*")
    .match({ brand_id: brand, ...filter });
  if (error) throw new Error(error.message);
  return data;
}

test("two hundred learned facts lead down to signals, which give their numbers again", async () => {
  const feedback = await rows("outcomes", "outcome_feedback_loop", { target_entity_type: "actor" });
  const wrong: string[] = [];
  const audited = feedback.sort((a, b) => a.target_entity_id.localeCompare(b.target_entity_id)).slice(0, 200);
  for (const { id } of audited) wrong.push(...(await auditFeedback(id, explain, orders)));
  expect(wrong).toEqual([]);
  expect(audited.length).toBe(200);
  expect(new Set(audited.map((one) => one.feedback_data.value)).size).toBe(2);
}, 180_000);

test("a step of learning says what it was, and its arms are what its rewards come to", async () => {
  const steps = await rows("outcomes", "outcome_learning");
  expect(steps.length).toBe(2);
  const rewards = await rows("outcomes", "arm_rewards");
  for (const step of steps) {
    const told = await explain("learning_step", step.id, 4);
    const reward = told.because.find((one) => one.kind === "arm_reward") as Explained;
    expect(told.because.map((one) => one.kind)).toContain("analysis");
    const learning = await explain("learning", step.learning_log_id, 3);
    expect(learning.because.some((one) => one.kind === "outcome")).toBe(true);

    const sent = await rows("stimuli", "stimulus_deployments", { learning_id: step.id, is_holdout: false });
    const outcomes = await rows("outcomes", "outcomes", { stimulus_id: step.impact_scope_id });
    const bought = new Set(
      outcomes.filter((one) => one.outcome_type === "purchase").map((one) => one.deployment_id),
    );
    expect(reward.pulls).toBe(sent.length);
    expect(reward.responses).toBe(sent.filter((one) => bought.has(one.id)).length);
    expect(told.posterior).toMatchObject({ alpha: reward.alpha_after, beta: reward.beta_after });
    expect(reward.alpha_after).toBeCloseTo(Number(reward.alpha_before) + Number(reward.responses), 9);

    const ids = outcomes.filter((one) => !one.is_holdout).map((one) => one.id);
    const evidence = (await rows("actors", "evidence", { source_kind: "outcome" })).filter((one) =>
      ids.includes(one.source_id),
    );
    expect(told.weight).toBeCloseTo(
      evidence.reduce((sum, one) => sum + one.weight, 0),
      6,
    );
    expect((told.evidence as { pieces: number }).pieces).toBe(evidence.length);
  }
  for (const arm of await rows("stimuli", "arms")) {
    const own = rewards.filter((one) => one.arm_id === arm.id);
    if (own.length === 0) continue;
    const folded = foldArm(own, { alpha: 1, beta: 9 }, 90);
    expect(arm.alpha).toBeCloseTo(folded.alpha, 9);
    expect(arm.beta).toBeCloseTo(folded.beta, 9);
  }
});

test("a choice is told with its alternatives, and an analysis with the outcomes it stands on", async () => {
  const [deployment] = await rows("stimuli", "stimulus_deployments");
  const text = JSON.stringify(await explain("deployment", deployment.id, 4));
  expect(text).toContain('"kind":"reasoning"');
  const [analysis] = await rows("outcomes", "outcome_analysis");
  const { because } = await explain("analysis", analysis.id, 3);
  expect(JSON.stringify(because)).toContain('"kind":"signal"');
});

test("the measures of the learning lie in their bounds or say that there is too little", async () => {
  expect(await call("outcomes", "measure_learning", { p_brand: brand, p_now: day(60) })).toBe(7);
  const measures = await rows("ai", "ai_system_measures");
  expect(measures.map((one) => one.measure).sort()).toEqual([
    "drifted_arms",
    "failed_calls",
    "hours_since_learning",
    "learning_precision",
    "response_calibration_error",
    "response_skill",
    "windows_not_closed",
  ]);
  expect(measures.find((one) => one.measure === "windows_not_closed")).toMatchObject({
    value: 0,
    is_within: true,
  });
});
