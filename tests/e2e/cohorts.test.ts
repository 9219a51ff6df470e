import { FunctionsHttpError } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { clusteringRun, describedCohort, problem, runDetails, runList, startedRun } from "../../types/api.ts";
import { anonymous, type Client, type Person, signUp } from "../support/clients.ts";
import { doStep, plantBrand, signUpAs } from "../support/cohorts.ts";
import { completion, type FakeOpenAi, failing, fakeOpenAi } from "../support/openai.ts";
import { useStack } from "../support/stack.ts";

const KEY = "sk-proj-of_the_project_0123456789";
let ai: FakeOpenAi;
let stack: Stack;
let manager: Person;
let support: Person;
let kiosk: Person;
let stranger: Person;
let brand: string;
const printed: string[] = [];

beforeAll(async () => {
  ai = await fakeOpenAi();
  stack = await useStack({
    cron: false,
    functionEnv: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: ai.url, OPENAI_MODEL: "a-model" },
    log: (line) => printed.push(line),
  });
  const owner = await signUp(stack);
  brand = await plantBrand(stack, owner, "cohorts");
  manager = await signUpAs(stack, brand, "manager");
  support = await signUpAs(stack, brand, "support");
  kiosk = await signUpAs(stack, brand, "kiosk");
  stranger = await signUp(stack);
});
afterAll(async () => {
  await stack?.close();
  await ai?.close();
});

test("a manager starts a run, a second request joins it, and everybody who may sees it come to its end", async () => {
  const begun = await invoke(manager.client, "POST", "runs", { brand_id: brand, seed: 7 });
  expect(begun.status).toBe(202);
  const run = startedRun.parse(begun.body);
  expect(run).toMatchObject({
    status: "running",
    joined: false,
    progress: 0,
    people: 120,
    seed: 7,
    trigger: "manual",
    progress_text: expect.stringMatching(/^Reading what is known of the people: 0 of \d+ steps$/),
  });

  const again = await invoke(manager.client, "POST", "runs", { brand_id: brand, algorithm: "kmeans" });
  expect([again.status, startedRun.parse(again.body)]).toMatchObject([
    200,
    { id: run.id, joined: true, seed: 7 },
  ]);

  const seen: number[] = [];
  const texts: string[] = [];
  while (await doStep(stack)) {
    const details = runDetails.parse((await invoke(support.client, "GET", `runs/${run.id}`)).body);
    const sum = (of: "steps" | "done") => details.steps.reduce((total, step) => total + step[of], 0);
    expect(details.progress).toBeCloseTo(sum("done") / sum("steps"), 10);
    seen.push(details.progress);
    texts.push(details.progress_text);
  }
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(new Set(seen).size).toBeGreaterThan(10);
  expect(texts).toContainEqual(expect.stringMatching(/^Comparing partitions: \d+ of \d+ steps$/));
  expect(texts.at(-1)).toMatch(/^Done: \d+ cohorts? among 120 people$/);

  const { body } = await invoke(support.client, "GET", `runs/${run.id}`);
  const { data: cohorts } = await support.client.schema("cohorts").rpc("list", { p_brand: brand });
  expect(runDetails.parse(body)).toMatchObject({
    status: "completed",
    stage: "done",
    progress: 1,
    error: null,
    completed_at: expect.any(String),
    figures: { cohorts: cohorts.length, quality: expect.any(Number) },
  });
});

test("a run is cancelled, once, and then another may begin", async () => {
  const { id } = startedRun.parse((await invoke(manager.client, "POST", "runs", { brand_id: brand })).body);
  await doStep(stack);
  const cancelled = await invoke(manager.client, "POST", `runs/${id}/cancel`);
  expect([cancelled.status, runDetails.parse(cancelled.body)]).toMatchObject([
    200,
    { id, status: "cancelled", progress_text: "Cancelled: the cohorts are what they were before" },
  ]);
  expect(await doStep(stack)).toBe(false);
  expect(await codeOf(manager.client, "POST", `runs/${id}/cancel`)).toBe("409 run_not_cancellable");

  const next = startedRun.parse((await invoke(manager.client, "POST", "runs", { brand_id: brand })).body);
  expect([next.joined, next.id === id]).toEqual([false, false]);
  await invoke(manager.client, "POST", `runs/${next.id}/cancel`);
});

test("runs are listed newest first, a page at a time", async () => {
  const page = async (query: string) =>
    runList.parse((await invoke(support.client, "GET", `runs?brand_id=${brand}${query}`)).body);
  const all = (await page("")).runs;
  expect(all.map((run) => run.status)).toEqual(["cancelled", "cancelled", "completed"]);
  const first = await page("&limit=2");
  const second = await page(`&limit=2&cursor=${first.next_cursor}`);
  expect([...first.runs, ...second.runs]).toEqual(all);
  expect(second.next_cursor).toBeNull();
});

test("support reads and starts nothing, a kiosk reads nothing, a stranger finds nothing, nobody is nobody", async () => {
  const { runs } = runList.parse((await invoke(support.client, "GET", `runs?brand_id=${brand}`)).body);
  const { id } = clusteringRun.parse(runs[0]);
  const cohort = await aCohort();
  const codes = async (client: Client) => [
    await codeOf(client, "POST", "runs", { brand_id: brand }),
    await codeOf(client, "GET", `runs/${id}`),
    await codeOf(client, "POST", `runs/${id}/cancel`),
    await codeOf(client, "POST", `${cohort}/describe`),
  ];
  expect(await codes(support.client)).toEqual([
    "403 role_too_low",
    "200",
    "403 role_too_low",
    "403 role_too_low",
  ]);
  expect(await codes(kiosk.client)).toEqual([
    "403 role_too_low",
    "404 not_found",
    "403 role_too_low",
    "403 role_too_low",
  ]);
  expect(await codes(stranger.client)).toEqual([
    "403 not_a_member",
    "404 not_found",
    "404 not_found",
    "404 not_found",
  ]);
  expect(new Set(await codes(anonymous(stack)))).toEqual(new Set(["401 not_signed_in"]));
  for (const { client } of [kiosk, stranger]) {
    const list = await invoke(client, "GET", `runs?brand_id=${brand}`);
    expect(runList.parse(list.body).runs).toEqual([]);
  }
  expect(ai.requests).toEqual([]);
});

test("a provider names a cohort, from its measurements alone, and the call is in the log", async () => {
  const cohort = await aCohort();
  ai.replies.push(
    failing(429, "slow down", { "retry-after-ms": "10" }),
    completion({ name: "Friends of the first shelf", description: "They buy mostly from the first shelf." }),
  );
  const { status, body } = await invoke(manager.client, "POST", `${cohort}/describe`);
  expect([status, describedCohort.parse(body)]).toEqual([
    200,
    {
      cohort_id: cohort,
      name: "Friends of the first shelf",
      description: "They buy mostly from the first shelf.",
      provider: "openai",
      model: "a-model",
      stored: true,
    },
  ]);
  const { data: row } = await support.client
    .schema("cohorts")
    .from("cohorts")
    .select()
    .eq("id", cohort)
    .single();
  expect(row).toMatchObject({ cohort_name: "Friends of the first shelf", name_source: "provider" });

  const sent = JSON.parse(ai.requests[1]?.body.messages[1].content);
  expect(Object.keys(sent).sort()).toEqual([
    "characteristics",
    "description",
    "name",
    "other_names",
    "people",
  ]);
  expect(sent.characteristics[0]).toMatchObject({ label: expect.any(String), words: expect.any(String) });
  expect((await providerCalls())[0]).toMatchObject({
    execution_status: "completed",
    retry_count: 1,
    user_id: manager.id,
    related_entity_id: cohort,
    input_data: { provider: "openai", model: "a-model" },
    output_data: { value: { name: "Friends of the first shelf" }, tokens: { input: 120, output: 30 } },
  });
});

test("a provider that refuses or talks nonsense changes nothing, and its words go nowhere", async () => {
  const cohort = await aCohort();
  const before = await nameOf(cohort);
  ai.replies.splice(0, 9, failing(401, `Incorrect API key provided: ${KEY}`));
  expect(await codeOf(manager.client, "POST", `${cohort}/describe`)).toBe("502 ai_refused");
  ai.replies.splice(0, 9, completion({ name: "<script>", description: "They buy mostly from one shelf." }));
  expect(await codeOf(manager.client, "POST", `${cohort}/describe`)).toBe("502 ai_answer_invalid");
  expect(await nameOf(cohort)).toBe(before);
  const calls = await providerCalls();
  expect(calls.slice(0, 2)).toMatchObject([
    { execution_status: "failed", error_data: { code: "ai_answer_invalid" } },
    { execution_status: "failed", error_data: { code: "ai_refused", status: 401 } },
  ]);
  expect(JSON.stringify(calls) + printed.join("\n")).not.toMatch(/sk-proj|Incorrect API key/);
});

test("what a manager named, no provider is asked about", async () => {
  const cohort = await aCohort();
  await manager.client.schema("cohorts").rpc("rename", { p_cohort: cohort, p_name: "Our regulars" });
  const asked = ai.requests.length;
  expect(await codeOf(manager.client, "POST", `${cohort}/describe`)).toBe("409 cohort_named_by_manager");
  expect([ai.requests.length, await nameOf(cohort)]).toEqual([asked, "Our regulars"]);
});

interface Answer {
  status: number;
  body: unknown;
}

/** The function as an app calls it. */
async function invoke(client: Client, method: "GET" | "POST", path: string, body?: object): Promise<Answer> {
  const { data, error, response } = await client.functions.invoke(`cohorts/${path}`, { method, body });
  if (error instanceof FunctionsHttpError) {
    return { status: error.context.status, body: await error.context.json() };
  }
  if (error) throw error;
  return { status: response?.status ?? 0, body: data };
}

async function codeOf(client: Client, method: "GET" | "POST", path: string, body?: object) {
  const answer = await invoke(client, method, path, body);
  return answer.status < 400 ? `${answer.status}` : `${answer.status} ${problem.parse(answer.body).code}`;
}

async function aCohort(): Promise<string> {
  const { data } = await support.client.schema("cohorts").rpc("list", { p_brand: brand });
  return data[0].id;
}

async function nameOf(cohort: string): Promise<string> {
  const { data } = await support.client
    .schema("cohorts")
    .from("cohorts")
    .select("cohort_name")
    .eq("id", cohort);
  return data?.[0]?.cohort_name;
}

/** Newest first. */
async function providerCalls() {
  const { data } = await support.client
    .schema("ai")
    .from("function_calls")
    .select("*,functions!inner(function_name)")
    .eq("functions.function_name", "cohorts.describe")
    .order("call_timestamp", { ascending: false });
  return data ?? [];
}
