import { expect, test, vi } from "vitest";
import { createAi, type LogRow } from "../../functions/_shared/ai/calls.ts";
import { offline } from "../../functions/_shared/ai/offline.ts";
import { type Provider, ProviderError } from "../../functions/_shared/ai/provider.ts";
import { Problem } from "../../functions/_shared/problem.ts";
import { createCohorts } from "../../functions/cohorts/app.ts";
import type { NamingFacts } from "../../functions/cohorts/describe.ts";
import type { CallerStore, Naming, RunRow, StepCount } from "../../functions/cohorts/store.ts";
import { describedCohort, runDetails, runList, startedRun } from "../../types/api.ts";
import { codeOf } from "../support/answers.ts";

const BRAND = "01a1fce7-06ea-739d-aef9-81d5878026e9";
const RUN = "01a1fce7-06ea-739d-aef9-81d5878026aa";
const COHORT = "01a1fce7-06ea-739d-aef9-81d5878026cc";
const row: RunRow = {
  id: RUN,
  brand_id: BRAND,
  status: "running",
  stage: "try",
  progress: 12 / 44,
  trigger_kind: "manual",
  trigger_reason: null,
  run_type: "full",
  algorithm_name: "auto",
  seed: 42,
  input_actor_count: 1234,
  started_at: "2026-01-01T00:00:00+00:00",
  completed_at: null,
  error_message: null,
  error_details: null,
  discovered_cohort_count: 0,
  total_memberships: 0,
  average_cohort_size: null,
  average_coherence: null,
  average_separation: null,
  overall_quality_score: null,
  silhouette_score: null,
  davies_bouldin_score: null,
  execution_time_ms: null,
};
const steps: StepCount[] = [
  { kind: "load", steps: 1, done: 1, failures: 0, spent_ms: 200 },
  { kind: "try", steps: 35, done: 11, failures: 0, spent_ms: 900 },
  { kind: "place", steps: 8, done: 0, failures: 0, spent_ms: 0 },
];
const facts: NamingFacts = {
  brand_id: BRAND,
  asked_by: "01a1fce7-06ea-739d-aef9-81d5878026ff",
  name: "Buys tea",
  description: "40 people, 20% of all.",
  people: 40,
  characteristics: [
    { label: "buys tea", direction: "high", words: "tea in 80% of orders", effect_size: 1.2 },
  ],
  other_names: ["Bargain hunters"],
};

/** A database with one run, and a provider that says what it is told to. */
function setUp(change: Partial<CallerStore> = {}, answers?: unknown) {
  const tokens: string[] = [];
  const asked: unknown[] = [];
  const renamed: Naming[] = [];
  const logged: LogRow[] = [];
  const caller: CallerStore = {
    async requestRun(request) {
      asked.push(request);
      return { runId: RUN, joined: false };
    },
    run: async (id) => (id === RUN ? row : null),
    async runs(page) {
      asked.push(page);
      return [row];
    },
    steps: async () => steps,
    cancelRun: async () => {},
    namingFacts: async () => facts,
    async rename(_, naming) {
      renamed.push(naming);
      return { ...naming, stored: true };
    },
    ...change,
  };
  const provider: Provider = {
    name: "openai",
    model: "m",
    async completeJson(request) {
      asked.push(request.data);
      const answer = request.schema.safeParse(answers);
      if (!answer.success) throw new ProviderError("ai_answer_invalid", { attempts: 1 });
      return { value: answer.data, attempts: 1, tokens: null };
    },
  };
  const store = {
    as(token: string) {
      tokens.push(token);
      return caller;
    },
  };
  const ai = createAi(answers === undefined ? offline : provider, async (call) => void logged.push(call));
  const app = createCohorts(store, ai, {});
  const send = (method: string, path: string, body?: string, headers: Record<string, string> = USER) =>
    app.request(`/cohorts${path}`, { method, body, headers });
  return { send, tokens, asked, renamed, logged };
}
const USER = { authorization: "Bearer user.jwt.token" };

test("a run that was begun is 202, one that was joined 200, both with their progress in a sentence", async () => {
  const body = JSON.stringify({ brand_id: BRAND });
  const { send, asked, tokens } = setUp();
  const begun = await send("POST", "/runs", body);
  expect(begun.status).toBe(202);
  expect(startedRun.parse(await begun.json())).toMatchObject({
    id: RUN,
    joined: false,
    progress: 12 / 44,
    progress_text: "Comparing partitions: 12 of 44 steps",
    figures: null,
    error: null,
  });
  expect([asked, tokens]).toEqual([[{ brand_id: BRAND, algorithm: "auto", seed: 42 }], ["user.jwt.token"]]);

  const { send: again } = setUp({ requestRun: async () => ({ runId: RUN, joined: true }) });
  const joined = await again("POST", "/runs", body);
  expect([joined.status, startedRun.parse(await joined.json()).joined]).toEqual([200, true]);
});

test("a request says what it wants in exactly these words", async () => {
  const { send, asked } = setUp();
  const chosen = { brand_id: BRAND, algorithm: "kmeans", seed: -7 };
  expect((await send("POST", "/runs", JSON.stringify(chosen))).status).toBe(202);
  expect(asked).toEqual([chosen]);
  for (const wrong of [
    {},
    { brand_id: "x" },
    { brand_id: BRAND, seed: 1.5 },
    { brand_id: BRAND, seed: 2 ** 31 },
    { brand_id: BRAND, seed: "1" },
    { brand_id: BRAND, algorithm: "k-means; drop" },
    { brand_id: BRAND, run_type: "validation" },
    [],
    null,
  ]) {
    expect(await codeOf(send("POST", "/runs", JSON.stringify(wrong)))).toBe("400 invalid_body");
  }
  expect(await codeOf(send("POST", "/runs", "{"))).toBe("400 malformed_json");
  expect(await codeOf(send("POST", "/runs", " ".repeat(5_000)))).toBe("413 body_too_large");
  expect(asked).toHaveLength(1);
});

test("a run is read with its steps; what nobody may read is not there", async () => {
  const { send } = setUp();
  const run = runDetails.parse(await (await send("GET", `/runs/${RUN}`)).json());
  expect(run.steps[1]).toEqual({
    kind: "try",
    what: "Comparing partitions",
    steps: 35,
    done: 11,
    failures: 0,
    spent_ms: 900,
  });
  expect(await codeOf(send("GET", `/runs/${COHORT}`))).toBe("404 not_found");
  expect(await codeOf(send("GET", "/runs/1%20or%201=1"))).toBe("404 not_found");
  expect(await codeOf(send("POST", "/runs/x/cancel"))).toBe("404 not_found");
  expect(await codeOf(send("POST", "/x/describe"))).toBe("404 not_found");
  expect(await codeOf(send("DELETE", `/runs/${RUN}`))).toBe("404 route_not_found");
});

test.each<[string, Partial<RunRow>, StepCount[], object]>([
  [
    "a finished run has figures and no error, even if a step had failed before",
    {
      status: "completed",
      stage: "done",
      discovered_cohort_count: 1,
      overall_quality_score: 0.8,
      error_message: "deadlock detected",
    },
    [],
    {
      progress_text: "Done: 1 cohort among 1,234 people",
      figures: { cohorts: 1, quality: 0.8, silhouette: null },
      error: null,
    },
  ],
  [
    "a failed run says where and why",
    {
      status: "failed",
      stage: "place",
      error_message: "disk full",
      error_details: { step: "place", attempts: 3 },
    },
    steps,
    {
      progress_text: "Failed: Placing everybody",
      error: { message: "disk full", during: "Placing everybody" },
      figures: null,
    },
  ],
  [
    "a run that tries a step again says so",
    { error_message: "deadlock detected", error_details: ["odd"] },
    steps,
    {
      progress_text: "Comparing partitions: 12 of 44 steps",
      error: { message: "deadlock detected", during: null },
    },
  ],
  [
    "a cancelled run changed nothing",
    { status: "cancelled" },
    steps,
    { progress_text: "Cancelled: the cohorts are what they were before" },
  ],
  ["steps nobody has words for have their name", { stage: "polish_up" }, [], { progress_text: "polish up" }],
])("%s", async (_, change, counts, expected) => {
  const { send } = setUp({ run: async () => ({ ...row, ...change }), steps: async () => counts });
  expect(runDetails.parse(await (await send("GET", `/runs/${RUN}`)).json())).toMatchObject(expected);
});

test("the list goes on where the page before ended", async () => {
  const ids = [3, 2, 1].map((n) => RUN.replace("aa", `a${n}`));
  const { send, asked } = setUp({
    async runs(page) {
      asked.push(page);
      return ids.map((id) => ({ ...row, id })).slice(0, page.limit);
    },
  });
  const page = async (query: string) =>
    runList.parse(await (await send("GET", `/runs?brand_id=${BRAND}${query}`)).json());
  const first = await page("&limit=2");
  expect([first.runs.map((run) => run.id), first.next_cursor]).toEqual([ids.slice(0, 2), ids[1]]);
  const all = await page(`&limit=3&cursor=${RUN}`);
  expect([all.runs.length, all.next_cursor]).toEqual([3, null]);
  expect(asked).toEqual([
    { brandId: BRAND, before: undefined, limit: 3 },
    { brandId: BRAND, before: RUN, limit: 4 },
  ]);
  for (const wrong of ["", "?brand_id=x", `?brand_id=${BRAND}&limit=0`, `?brand_id=${BRAND}&limit=101`]) {
    expect(await codeOf(send("GET", `/runs${wrong}`))).toBe("400 invalid_body");
  }
  expect(await codeOf(send("GET", `/runs?brand_id=${BRAND}&cursor=1,id.gt.0`))).toBe("400 invalid_body");
});

test("only somebody who is signed in is heard", async () => {
  const { send, tokens } = setUp();
  for (const [method, path] of [
    ["POST", "/runs"],
    ["GET", `/runs?brand_id=${BRAND}`],
    ["GET", `/runs/${RUN}`],
    ["POST", `/runs/${RUN}/cancel`],
    ["POST", `/${COHORT}/describe`],
  ] as const) {
    expect(await codeOf(send(method, path, undefined, {}))).toBe("401 credentials_required");
    expect(await codeOf(send(method, path, undefined, { "x-api-key": "lwk_key" }))).toBe(
      "401 credentials_required",
    );
  }
  expect(tokens).toEqual([]);
});

test("what the database refuses is passed on", async () => {
  const refuse = async () => {
    throw new Problem("role_too_low");
  };
  const { send } = setUp({ requestRun: refuse, cancelRun: refuse, namingFacts: refuse });
  expect(await codeOf(send("POST", "/runs", JSON.stringify({ brand_id: BRAND })))).toBe("403 role_too_low");
  expect(await codeOf(send("POST", `/runs/${RUN}/cancel`))).toBe("403 role_too_low");
  expect(await codeOf(send("POST", `/${COHORT}/describe`))).toBe("403 role_too_low");
});

test("without a provider the name that the run gave is the answer, and stays", async () => {
  const { send, renamed, logged } = setUp();
  expect(describedCohort.parse(await (await send("POST", `/${COHORT}/describe`)).json())).toEqual({
    cohort_id: COHORT,
    name: "Buys tea",
    description: "40 people, 20% of all.",
    provider: "offline",
    model: "templates",
    stored: false,
  });
  expect(renamed).toEqual([]);
  expect(logged).toMatchObject([{ p_function: "cohorts.describe", p_provider: "offline" }]);
});

test("a provider's name is stored, and the call is logged for who asked", async () => {
  const answer = { name: " Tea lovers ", description: "They buy tea in most of their orders." };
  const { send, renamed, logged, asked } = setUp({}, answer);
  expect(describedCohort.parse(await (await send("POST", `/${COHORT}/describe`)).json())).toMatchObject({
    name: "Tea lovers",
    provider: "openai",
    stored: true,
  });
  expect(renamed).toEqual([{ ...answer, name: "Tea lovers" }]);
  expect(logged).toMatchObject([
    { p_brand: BRAND, p_entity_id: COHORT, p_user: facts.asked_by, p_model: "m", p_status: "completed" },
  ]);
  // Nothing but the group itself leaves the house.
  const { brand_id: _, asked_by: __, ...data } = facts;
  expect(asked).toEqual([data]);
});

test.each([
  ["the name of another cohort", { name: "bargain HUNTERS" }],
  ["an empty name", { name: "  " }],
  ["a name for a novel", { name: "t".repeat(61) }],
  ["markup", { name: "<b>Tea</b>" }],
  ["a link", { description: "See https://evil.example for more." }],
  ["a second line", { name: "Tea\nlovers" }],
  ["a turned direction of writing", { name: "Tea \u202e srevol" }],
])("%s is no name and changes nothing", async (_, wrong) => {
  const answer = { name: "Tea lovers", description: "They buy tea in most of their orders.", ...wrong };
  const { send, renamed, logged } = setUp({}, answer);
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await codeOf(send("POST", `/${COHORT}/describe`))).toBe("502 ai_answer_invalid");
  log.mockRestore();
  expect(renamed).toEqual([]);
  expect(logged).toMatchObject([
    { p_status: "failed", p_error: { code: "ai_answer_invalid", status: null } },
  ]);
});
