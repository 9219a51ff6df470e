import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { clusteringRun, describedCohort, problem, runList, startedRun } from "../../types/api.ts";
import { codeOf } from "../support/answers.ts";
import { type Person, signUp } from "../support/clients.ts";
import { finishRuns, plantBrand } from "../support/cohorts.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;
let owner: Person;
let attacker: Person;
let brand: string;
let attackersBrand: string;
const printed: string[] = [];

beforeAll(async () => {
  // No key of a provider: everything is answered offline.
  stack = await useStack({
    cron: false,
    functionEnv: { OPENAI_API_KEY: "" },
    log: (line) => printed.push(line),
  });
  owner = await signUp(stack);
  attacker = await signUp(stack);
  brand = await plantBrand(stack, owner, "victim");
  attackersBrand = await plantBrand(stack, attacker, "attacker");
});
afterAll(() => stack?.close());

test("requests at once give one run, and one of them began it", async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => post(owner, "/runs", { brand_id: brand })),
  );
  const runs = await Promise.all(answers.map(async (answer) => startedRun.parse(await answer.json())));
  expect(new Set(runs.map((run) => run.id)).size).toBe(1);
  expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(11).fill(200), 202]);
  expect(runs.filter((run) => !run.joined)).toHaveLength(1);
  const rows = await stack.engine.query("select from cohorts.clustering_runs where brand_id = $1::uuid", [
    brand,
  ]);
  expect(rows).toHaveLength(1);
});

test("another brand's run and cohorts are nobody's business", async () => {
  const { id } = await newestRun(brand);
  expect(await codeOf(get(attacker, `/runs/${id}`))).toBe("404 not_found");
  expect(await codeOf(post(attacker, `/runs/${id}/cancel`))).toBe("404 not_found");
  expect(await codeOf(post(attacker, "/runs", { brand_id: brand }))).toBe("403 not_a_member");
  const list = await get(attacker, `/runs?brand_id=${brand}`);
  expect(runList.parse(await list.json())).toEqual({ runs: [], next_cursor: null });
  // Nor by way of a cursor of the own brand.
  const own = await get(attacker, `/runs?brand_id=${attackersBrand}&cursor=${id}`);
  expect(runList.parse(await own.json()).runs).toEqual([]);
  expect((await newestRun(brand)).status).toBe("running");

  await finishRuns(stack);
  const [cohort] = await stack.engine.query<{ id: string }>("select id from cohorts.list($1::uuid)", [brand]);
  const missing = await codeOf(post(attacker, `/${attackersBrand}/describe`));
  expect(await codeOf(post(attacker, `/${cohort?.id}/describe`))).toBe(missing);
  expect(missing).toBe("404 not_found");
});

test("hostile bodies, ids and queries get a 4xx and never a 5xx", async () => {
  const before = await newestRun(brand);
  for (const body of [
    "",
    "nul",
    "[]",
    '"text"',
    '{"brand_id": NaN}',
    `{"brand_id": ${"[".repeat(4_000)}`,
    `{"brand_id": ${"[".repeat(1_500)}${"]".repeat(1_500)}}`,
    " ".repeat(4_097),
    "x".repeat(3_000_000),
    JSON.stringify({ brand_id: brand, seed: 1e300 }),
    JSON.stringify({ brand_id: brand, seed: null }),
    JSON.stringify({ brand_id: [brand] }),
    JSON.stringify({ brand_id: `${brand}' or '1'='1` }),
    JSON.stringify({ brand_id: brand, algorithm: "kmeans\u0000" }),
    JSON.stringify({ brand_id: brand, algorithm: "x".repeat(51) }),
    JSON.stringify({ brand_id: brand, algorithm: "divination" }),
    JSON.stringify({ brand_id: brand, p_trigger: "schedule" }),
    `{"__proto__": {"brand_id": "${brand}"}}`,
  ]) {
    const response = await post(owner, "/runs", body);
    expect([400, 413], body.slice(0, 40)).toContain(response.status);
    problem.parse(await response.json());
  }
  for (const path of [
    "/runs",
    "/runs?brand_id=",
    `/runs?brand_id=${brand}&brand_id=${attackersBrand}&limit=-1`,
    `/runs?brand_id=${brand}&cursor=${before.id},and(id.gt.0)`,
    `/runs?brand_id=${brand}&select=*`,
    "/runs/%00",
    "/runs/..%2f..%2fcore",
    `/runs/${brand}`,
    `/runs/${before.id}%20or%20true`,
  ]) {
    const response = await get(owner, path);
    expect([400, 404], path).toContain(response.status);
    problem.parse(await response.json());
  }
  expect(await newestRun(brand)).toEqual(before);
});

test("no token, the publishable key, a forged and an unsigned token are all nobody", async () => {
  const unsigned = `${encode({ alg: "none", typ: "JWT" })}.${encode({ role: "service_role", sub: owner.id })}.`;
  const forged = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ role: "service_role" })}.c2lnbmF0dXJl`;
  const { id } = await newestRun(brand);
  for (const token of ["", "lwk_0123456789", unsigned, forged, stack.publishableKey, stack.anonKey]) {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const ask = (path: string, init: RequestInit = {}) =>
      codeOf(fetch(`${stack.url}/functions/v1/cohorts${path}`, { headers, ...init }));
    const body = JSON.stringify({ brand_id: brand });
    expect(await ask("/runs", { method: "POST", body }), token).toMatch(/^401 /);
    expect(await ask(`/runs/${id}`), token).toMatch(/^401 /);
    expect(await ask(`/runs?brand_id=${brand}`), token).toMatch(/^401 /);
    expect(await ask(`/${id}/describe`, { method: "POST" }), token).toMatch(/^401 /);
  }
});

test("nobody but the function writes into the log of provider calls", async () => {
  const row = {
    p_brand: attackersBrand,
    p_function: "cohorts.describe",
    p_provider: "openai",
    p_model: "m",
    p_status: "completed",
    p_started_at: new Date().toISOString(),
    p_input: {},
  };
  const { error } = await attacker.client.schema("ai").rpc("log_provider_call", row);
  expect(error?.code).toBe("42501");
});

test("without a provider the cohort keeps its name, and names are asked for only so often", async () => {
  await stack.engine.query(
    "update core.system_parameters set parameter_value = '2' where parameter_key = 'cohorts.namings_per_hour'",
  );
  const [cohort] = await stack.engine.query<{ id: string; cohort_name: string }>(
    "select id, cohort_name from cohorts.list($1::uuid)",
    [brand],
  );
  for (let time = 0; time < 2; time += 1) {
    const response = await post(owner, `/${cohort?.id}/describe`);
    expect(describedCohort.parse(await response.json())).toMatchObject({
      name: cohort?.cohort_name,
      provider: "offline",
      stored: false,
    });
  }
  const third = await post(owner, `/${cohort?.id}/describe`);
  expect(await codeOf(Promise.resolve(third))).toBe("429 rate_limited");
  expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("nothing that was printed holds a token", () => {
  expect(printed.join("\n")).not.toMatch(/eyJ[\w-]+\.|sb_secret_|lwk_/);
});

async function newestRun(brandId: string) {
  const response = await get(owner, `/runs?brand_id=${brandId}&limit=1`);
  return clusteringRun.parse(runList.parse(await response.json()).runs[0]);
}

async function headersOf(person: Person): Promise<Record<string, string>> {
  const { data } = await person.client.auth.getSession();
  return { authorization: `Bearer ${data.session?.access_token}`, "content-type": "application/json" };
}

async function get(person: Person, path: string): Promise<Response> {
  return fetch(`${stack.url}/functions/v1/cohorts${path}`, { headers: await headersOf(person) });
}

async function post(person: Person, path: string, body?: unknown): Promise<Response> {
  return fetch(`${stack.url}/functions/v1/cohorts${path}`, {
    method: "POST",
    headers: await headersOf(person),
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
