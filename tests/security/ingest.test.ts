import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { problem } from "../../types/api.ts";
import { codeOf } from "../support/answers.ts";
import { type Person, serviceClient, signUp } from "../support/clients.ts";
import { orderSignals } from "../support/signals.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;
let owner: Person;
let attacker: Person;
let brand: string;
let attackersBrand: string;
const printed: string[] = [];

beforeAll(async () => {
  stack = await useStack({ log: (line) => printed.push(line) });
  owner = await signUp(stack);
  attacker = await signUp(stack);
  brand = await newBrand(owner, "victim");
  attackersBrand = await newBrand(attacker, "attacker");
});
afterAll(() => stack?.close());

test("a user of another brand sends nothing into this one, and does into its own", async () => {
  const token = (await attacker.client.auth.getSession()).data.session?.access_token;
  const send = (brandId: string) =>
    codeOf(post({ brand_id: brandId, signals: orderSignals(0, 1) }, { authorization: `Bearer ${token}` }));
  expect(await send(brand)).toBe("403 not_a_member");
  expect(await send(attackersBrand)).toBe("200");
});

test("no credentials, the publishable key, a forged and an unsigned token are all nobody", async () => {
  const unsigned = `${encode({ alg: "none", typ: "JWT" })}.${encode({ role: "service_role", sub: owner.id })}.`;
  const forged = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ role: "service_role" })}.c2lnbmF0dXJl`;
  const body = { brand_id: brand, signals: orderSignals(1, 2) };
  expect(await codeOf(post(body, {}))).toBe("401 credentials_required");
  for (const token of [unsigned, forged, stack.publishableKey, stack.anonKey]) {
    expect(await codeOf(post(body, { authorization: `Bearer ${token}` }))).toMatch(/^401 /);
  }
});

test("an API key opens its own brand only, for its scope only, until it is revoked", async () => {
  const key = await newKey(attackersBrand);
  const body = { signals: orderSignals(2, 3) };
  expect(await codeOf(post({ brand_id: brand, ...body }, { "x-api-key": key.api_key }))).toBe(
    "403 brand_mismatch",
  );
  expect(await codeOf(post(body, { "x-api-key": key.api_key, "x-brand-id": brand }))).toBe(
    "403 brand_mismatch",
  );
  expect(await codeOf(post(body, { "x-api-key": key.api_key }))).toBe("200");

  await stack.engine.query("update core.api_keys set scopes = '{other}' where id = $1::uuid", [
    key.api_key_id,
  ]);
  expect(await codeOf(post(body, { "x-api-key": key.api_key }))).toBe("403 api_key_scope_missing");
  await stack.engine.query("update core.api_keys set revoked_at = now() where id = $1::uuid", [
    key.api_key_id,
  ]);
  expect(await codeOf(post(body, { "x-api-key": key.api_key }))).toBe("401 api_key_invalid");
  expect(await codeOf(post(body, { "x-api-key": `${key.api_key}' or '1'='1` }))).toBe("401 api_key_invalid");
});

test("a key that has used up its rate is told how long to wait", async () => {
  const key = await newKey(attackersBrand, 2);
  const send = () => post({ signals: orderSignals(3, 4) }, { "x-api-key": key.api_key });
  expect(await codeOf(send())).toBe("200");
  expect(await codeOf(send())).toBe("200");
  const third = await send();
  expect(third.status).toBe(429);
  expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("brand_id inside a signal moves it nowhere", async () => {
  const key = await newKey(attackersBrand);
  const [order] = orderSignals(50, 51) as { data: object }[];
  const signal = {
    ...order,
    brand_id: brand,
    data: { ...order?.data, brand_id: brand, signal_id: owner.id },
  };
  expect(await codeOf(post({ signals: [signal] }, { "x-api-key": key.api_key }))).toBe("200");
  const { count } = await serviceClient(stack)
    .schema("signals")
    .from("signals_base")
    .select("*", { count: "exact", head: true })
    .eq("brand_id", brand);
  expect(count).toBe(0);
});

test("malformed, oversized and hostile bodies get a 4xx and never a 5xx", async () => {
  const { api_key } = await newKey(attackersBrand);
  const bodies = [
    "",
    "nul",
    '{"signals": [NaN]}',
    '{"signals": [Infinity]}',
    '{"signals": ["\\ud800"',
    '{"signals": {}}',
    `{"signals": ${"[".repeat(100_000)}`,
    `[${"0,".repeat(100)}0]`,
    `{"signals": ["${"x".repeat(4_300_000)}"]}`,
    JSON.stringify({ signals: Array(1001).fill(1) }),
    '{"__proto__": {"signals": []}}',
    '{"brand_id": "x", "signals": [1]}',
  ];
  for (const body of bodies) {
    const response = await post(body, { "x-api-key": api_key });
    expect(response.status, body.slice(0, 40)).toBeGreaterThanOrEqual(200);
    expect(response.status, body.slice(0, 40)).toBeLessThan(500);
    if (response.status >= 400) problem.parse(await response.json());
    else expect(await response.json()).toMatchObject({ accepted: 0 });
  }
});

test("a webhook without the app secret stores nothing, and no secret is ever printed", async () => {
  const { error } = await owner.client.schema("core").rpc("connect_integration", {
    p_brand: brand,
    p_service_name: "whatsapp",
    p_service_type: "whatsapp",
    p_credentials: { app_secret: "the app secret", verify_token: "the verify token" },
  });
  expect(error).toBeNull();
  const url = `${stack.url}/functions/v1/ingest/whatsapp/${brand}`;
  for (const signature of ["", "sha256=", `sha256=${"0".repeat(64)}`, "sha1=00"]) {
    const response = await fetch(url, {
      method: "POST",
      body: '{"entry": []}',
      headers: { "x-hub-signature-256": signature },
    });
    expect(await codeOf(Promise.resolve(response))).toBe("401 signature_invalid");
  }
  const guess = await fetch(`${url}?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1`);
  expect(await codeOf(Promise.resolve(guess))).toBe("403 verification_failed");
  expect(printed.join("\n")).not.toMatch(/the app secret|the verify token|lwk_/);
});

function post(body: unknown, headers: Record<string, string>): Promise<Response> {
  return fetch(`${stack.url}/functions/v1/ingest`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

async function newBrand(person: Person, name: string): Promise<string> {
  const { data, error } = await person.client
    .schema("core")
    .rpc("create_brand", { p_name: name, p_slug: `${name}-${person.id.slice(0, 8)}` });
  if (error) throw new Error(error.message);
  return (data as { id: string }).id;
}

async function newKey(brandId: string, perMinute = 600): Promise<{ api_key_id: string; api_key: string }> {
  const { data, error } = await serviceClient(stack)
    .schema("core")
    .rpc("create_api_key", {
      p_brand: brandId,
      p_name: "key",
      p_scopes: ["signals:write"],
      p_rate_limit_per_minute: perMinute,
    })
    .single<{ api_key_id: string; api_key: string }>();
  if (error) throw new Error(error.message);
  return data;
}
