import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { ingestResponse, problem } from "../../types/api.ts";
import { type Person, serviceClient, signUp } from "../support/clients.ts";
import { orderSignals } from "../support/signals.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;
let owner: Person;
let brand: string;
let key: string;

beforeAll(async () => {
  stack = await useStack();
  owner = await signUp(stack);
  brand = await newBrand(owner, "Ingest");
  key = await newKey(brand);
});
afterAll(() => stack?.close());

test("a batch with an API key is stored, and a person of the brand reads it", async () => {
  const response = await send({ signals: orderSignals(0, 20) });
  expect(response.status).toBe(200);
  const body = ingestResponse.parse(await response.json());
  expect(body).toMatchObject({ accepted: 20, duplicate: 0, rejected: 0 });

  const { data } = await owner.client
    .schema("signals")
    .from("order_history")
    .select("order_number,total_amount")
    .in(
      "signal_id",
      body.results.map((r) => r.signal_id),
    );
  expect(data).toHaveLength(20);
});

test("the answer says how much of the rate limit is left", async () => {
  const response = await send({ signals: orderSignals(100, 101) });
  expect(Number(response.headers.get("ratelimit-limit"))).toBe(600);
  expect(Number(response.headers.get("ratelimit-remaining"))).toBeLessThan(600);
  expect(response.headers.get("ratelimit-reset")).toMatch(/^\d+$/);
});

test("a member sends with the access token of its session", async () => {
  const { data } = await owner.client.auth.getSession();
  const headers = { authorization: `Bearer ${data.session?.access_token}`, "x-brand-id": brand };
  const response = await post("/ingest", { signals: orderSignals(200, 202) }, headers);
  expect(await response.json()).toMatchObject({ accepted: 2 });
});

test("a good row is stored beside every kind of bad one, each of which is told its field", async () => {
  const [good, other] = orderSignals(300, 302) as Record<string, unknown>[];
  const data = (other as { data: object }).data;
  const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
  const signals = [
    { ...other, type: "ORDER" },
    { ...other, data: { ...data, total_amount: -1 } },
    { ...other, data: { ...data, total_amount: "NaN" } },
    { ...other, occurred_at: "9999-01-01T00:00:00Z" },
    { ...other, metadata: { note: "x".repeat(1_000_000) } },
    { ...other, metadata: { deep: "DEEP" } },
    { ...other, name: "half \ud800" },
    { ...other, name: "nul \u0000" },
    { ...other, identifiers: { email: "nobody" } },
    { ...other, source_platform: undefined },
    "text",
    good,
  ];
  const response = await send(JSON.stringify({ signals }).replace('"DEEP"', deep));
  expect(response.status).toBe(207);
  const body = ingestResponse.parse(await response.json());
  expect(body).toMatchObject({ accepted: 1, rejected: 11 });
  expect(body.results.map((r) => r.error_code ?? r.verdict)).toEqual([
    "unknown_type",
    "invalid_field",
    "invalid_field",
    "time_out_of_range",
    "too_large",
    "too_deep",
    "invalid_characters",
    "invalid_characters",
    "invalid_identifier",
    "missing_field",
    "not_an_object",
    "accepted",
  ]);
  expect(body.results[1]?.field).toBe("data.total_amount");
  for (const result of body.results.slice(0, 11)) expect(result.reason).toBeTruthy();
});

test("the same batch with the same idempotency key gets the same verdicts, another batch is refused", async () => {
  const headers = { "idempotency-key": "night-load-1" };
  const first = await (await send({ signals: orderSignals(400, 405) }, headers)).json();
  const again = await (await send({ signals: orderSignals(400, 405) }, headers)).json();
  expect(again).toEqual(first);
  const other = await send({ signals: orderSignals(405, 410) }, headers);
  expect(other.status).toBe(422);
  expect(problem.parse(await other.json()).code).toBe("idempotency_key_reused");
});

test("the same batch without one finds its duplicates", async () => {
  await send({ signals: orderSignals(500, 505) });
  const again = ingestResponse.parse(await (await send({ signals: orderSignals(500, 505) })).json());
  expect(again).toMatchObject({ accepted: 0, duplicate: 5 });
  expect(again.results[0]?.duplicate_kind).toBe("same_id_same_content");
});

test("a WhatsApp message comes in once however often Meta sends it", async () => {
  await connectWhatsApp(brand);
  const url = `/ingest/whatsapp/${brand}`;
  const hello = await fetch(
    `${stack.url}/functions/v1${url}?hub.mode=subscribe&hub.verify_token=ours&hub.challenge=42`,
  );
  expect([hello.status, await hello.text()]).toEqual([200, "42"]);

  const body = JSON.stringify(notification("wamid.1", "Do you deliver to the old town on Sundays?"));
  for (const expected of [1, 0]) {
    const response = await post(url, body, { "x-hub-signature-256": await sign(body, "app secret") });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ accepted: expected });
  }
  const { data } = await owner.client
    .schema("signals")
    .from("whatsapp_messages")
    .select("message_text,sender_phone,sender_name")
    .eq("whatsapp_message_id", "wamid.1");
  expect(data).toEqual([
    {
      message_text: "Do you deliver to the old town on Sundays?",
      sender_phone: "+491701234567",
      sender_name: "Anna",
    },
  ]);
});

test("the shapes of types/api.ts name exactly the fields that the database checks", async () => {
  const { signalData } = await import("../../types/api.ts");
  const rows = await stack.engine.query<{ signal_type: string; field: string; is_required: boolean }>(
    "select signal_type::text, field, is_required from private.signal_fields order by 1, 2",
  );
  const inSql = rows.map((r) => `${r.signal_type}.${r.field}${r.is_required ? "!" : ""}`);
  const inZod = Object.entries(signalData).flatMap(([type, schema]) =>
    Object.entries(schema.shape).map(
      ([field, shape]) => `${type}.${field}${shape.safeParse(undefined).success ? "" : "!"}`,
    ),
  );
  expect(inZod.sort()).toEqual(inSql.sort());
});

function send(body: unknown, headers: Record<string, string> = {}) {
  return post("/ingest", body, { "x-api-key": key, ...headers });
}

function post(path: string, body: unknown, headers: Record<string, string>) {
  return fetch(`${stack.url}/functions/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function newBrand(person: Person, name: string): Promise<string> {
  const { data, error } = await person.client
    .schema("core")
    .rpc("create_brand", { p_name: name, p_slug: `${name.toLowerCase()}-${person.id.slice(0, 8)}` });
  if (error) throw new Error(error.message);
  return (data as { id: string }).id;
}

async function newKey(brandId: string): Promise<string> {
  const { data, error } = await serviceClient(stack)
    .schema("core")
    .rpc("create_api_key", { p_brand: brandId, p_name: "shop", p_scopes: ["signals:write"] })
    .single<{ api_key: string }>();
  if (error) throw new Error(error.message);
  return data.api_key;
}

async function connectWhatsApp(brandId: string): Promise<void> {
  const { error } = await owner.client.schema("core").rpc("connect_integration", {
    p_brand: brandId,
    p_service_name: "whatsapp",
    p_service_type: "whatsapp",
    p_credentials: { app_secret: "app secret", verify_token: "ours" },
  });
  if (error) throw new Error(error.message);
}

function notification(id: string, text: string) {
  const message = {
    id,
    from: "491701234567",
    timestamp: "1767261600",
    type: "text",
    text: { body: text },
  };
  const contacts = [{ wa_id: "491701234567", profile: { name: "Anna" } }];
  const value = { messaging_product: "whatsapp", contacts, messages: [message] };
  return {
    object: "whatsapp_business_account",
    entry: [{ id: "1", changes: [{ field: "messages", value }] }],
  };
}

async function sign(body: string, secret: string): Promise<string> {
  const { createHmac } = await import("node:crypto");
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}
