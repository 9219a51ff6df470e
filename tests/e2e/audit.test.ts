import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { at, type Explained, numbersIn, type Profile, recompute } from "../support/audit/profile.ts";
import { auditedShop } from "../support/audit/shop.ts";
import { type Client, serviceClient, signUp } from "../support/clients.ts";
import { end } from "../support/people.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;
let owner: Client;
let brand: string;
let profiles: Profile[];
const later = new Date(Date.parse(end) + 12 * 86_400_000).toISOString();
/** Priors are learnt when nothing else happens, so that it is plain which ones a row was computed with. */
const half = new Date(Date.parse(end) - 70 * 86_400_000).toISOString();
const afterHalf = new Date(Date.parse(half) + 3_600_000).toISOString();

beforeAll(async () => {
  stack = await useStack();
  // The job would take signals before the test does.
  await stack.engine.query(
    "select cron.unschedule(jobname) from cron.job where jobname like 'loopwise-actors-%'",
    [],
  );
  owner = (await signUp(stack)).client;
  brand = (await call("core", "create_brand", { p_name: "Audited", p_slug: "audited" })).id;
  // Few people as they are, strengths and the probability of a change are learnt from them.
  await call("core", "set_setting", { p_brand: brand, p_key: "actors.prior_actors", p_value: 5 });
  const signals = auditedShop();
  const early = signals.filter((one) => String(one.occurred_at) < half);
  // One in nine is told late: after signals that happened after it.
  const isLate = (_: unknown, n: number) => n % 9 === 4;
  await learn(
    early.filter((one, n) => !isLate(one, n)),
    half,
  );
  await resembleGroups();
  await call("actors", "refresh_vectors", { p_brand: brand, p_now: afterHalf });
  await learn([...signals.filter((one) => String(one.occurred_at) >= half), ...early.filter(isLate)], end);
  await changePeople();
  await call("actors", "refresh_insights", { p_brand: brand, p_now: end });
  await call("actors", "refresh_vectors", { p_brand: brand, p_now: later });
  const { data } = await owner
    .schema("actors")
    .from("actors")
    .select("id")
    .eq("brand_id", brand)
    .eq("is_active", true);
  profiles = await Promise.all(
    (data ?? []).map(({ id }) => call("actors", "profile", { p_actor: id, p_now: later })),
  );
});
afterAll(() => stack?.close());

// biome-ignore lint/suspicious/noExplicitAny: results of many functions.
async function call(schema: string, name: string, parameters: object, client = owner): Promise<any> {
  const { data, error } = await client.schema(schema).rpc(name, parameters);
  if (error) throw new Error(`${schema}.${name}: ${error.message} ${error.details} ${error.hint}`);
  return data;
}

async function learn(signals: Record<string, unknown>[], now: string) {
  for (let from = 0; from < signals.length; from += 500)
    await call("signals", "ingest", {
      p_brand: brand,
      p_signals: signals.slice(from, from + 500),
      p_now: now,
    });
  const [done] = await call("actors", "process_signals", { p_brand: brand, p_limit: 20_000, p_now: now });
  expect(done).toMatchObject({ failed: 0 });
}

/** As cohorts do: most people are like the others of a group or two, and have its priors. */
const resembleGroups = () =>
  stack.engine.query(
    `select private.set_prior_groups($1::uuid, array_agg(a.id), array_agg(a.id), array_agg(g.id), array_agg(g.share), $2::timestamptz)
     from (select a.id, row_number() over (order by a.primary_identifier) as n from actors.actors a where a.brand_id = $1::uuid) a
     join (values (md5('one')::uuid, 0.6::float8, 1), (md5('two')::uuid, 0.3, 2)) g (id, share, place) on a.n % 4 >= g.place`,
    [brand, half],
  );

/** Two people become one, two others do and are told apart again, a signal is taken back. */
async function changePeople() {
  const [first, second, third, fourth] = await Promise.all(
    ["R-0", "R-1", "R-2", "R-3"].map(async (id) => {
      const [found] = await call("actors", "find", { p_brand: brand, p_identifier: id });
      return found.id as string;
    }),
  );
  // Only a server may date a change.
  const change = (name: string, parameters: object) =>
    call("actors", name, { ...parameters, p_now: end }, serviceClient(stack));
  await change("merge", { p_survivor: first, p_absorbed: second });
  await change("unmerge", {
    p_event: await change("merge", { p_survivor: third, p_absorbed: fourth }),
  });
  const { data } = await owner
    .schema("signals")
    .from("signals_base")
    .select("id")
    .eq("brand_id", brand)
    .eq("actor_id", third)
    .eq("signal_type", "order")
    .limit(1);
  await change("retract", { p_signal: data?.[0]?.id });
}

const told = new Map<string, Promise<Explained>>();
function explain(kind: string, id: string, depth: number): Promise<Explained> {
  const key = `${kind} ${id} ${depth}`;
  const known = told.get(key) ?? call("ai", "explain", { p_kind: kind, p_id: id, p_depth: depth });
  told.set(key, known);
  return known;
}

test("every number in a profile is computed again from what ai.explain tells, to 1e-9", async () => {
  const wrong: string[] = [];
  const kinds = new Set<string>();
  let audited = 0;
  for (const profile of profiles) {
    const again = await recompute(profile, explain);
    for (const { path, value } of numbersIn(profile)) {
      const expected = at(again, path);
      if (typeof expected !== "number" || Math.abs(expected - value) > 1e-9 * Math.max(1, Math.abs(value)))
        wrong.push(`${profile.id} ${path.join(".")}: told ${value}, computed ${expected}`);
      kinds.add(path[0] as string);
      audited += 1;
    }
  }
  expect(wrong).toEqual([]);
  expect(audited).toBeGreaterThan(1000);
  expect([...kinds].sort()).toEqual([
    "beliefs",
    "communication",
    "contradictions",
    "data_quality_score",
    "drivers",
    "friction_points",
    "profile_completeness",
    "routines",
    "total_signals",
  ]);
});

test("the shop has all that makes such numbers hard: four distributions, changes, rhythms, habits, broken intentions", () => {
  const beliefs = profiles.flatMap((profile) => profile.beliefs);
  expect(new Set(beliefs.map((one) => one.distribution)).size).toBe(4);
  expect(beliefs.some((one) => one.trend.probability > 0.9)).toBe(true);
  const loops = new Set(profiles.flatMap((profile) => profile.routines.map((one) => one.type)));
  expect(loops).toContain("purchase_pattern");
  expect(loops).toContain("other");
  const contradicted = profiles.flatMap((profile) => profile.contradictions.map((one) => one.attribute));
  expect(contradicted).toContain("intent.purchase");
  expect(contradicted).toContain("preference.category");
});

test("what a belief about orders stands on is what was sent, with the weight of its signal", async () => {
  const sent = new Map(auditedShop().map((signal) => [signal.source_id, signal.data as Order]));
  const amount: Record<string, (order: Order, category: string) => number> = {
    "behavior.order_value": (order) => order.total_amount,
    "behavior.purchase_rate": () => 1,
    "behavior.refund_share": (order) => (order.order_status === "refunded" ? 1 : 0),
    "preference.category": (order, category) => order.items.filter((one) => one.category === category).length,
  };
  let pieces = 0;
  for (const belief of profiles.flatMap((profile) => profile.beliefs)) {
    const expected = amount[belief.attribute];
    if (!expected || belief.is_stated) continue;
    const { because } = await explain("belief", belief.id, 2);
    const signals = because.flatMap((evidence) => evidence.because);
    for (const evidence of because) {
      const signal = signals.find((one) => one.id === evidence.source_id) as Explained;
      expect(evidence.value).toBe(expected(sent.get(signal.source_id) as Order, evidence.category as string));
      expect(evidence.weight).toBe(signal.quality_score);
      expect(evidence.match_probability).toBe(signal.confidence_in_matching);
      pieces += 1;
    }
  }
  expect(pieces).toBeGreaterThan(500);
});

interface Order {
  total_amount: number;
  order_status: string;
  items: { category: string }[];
}
