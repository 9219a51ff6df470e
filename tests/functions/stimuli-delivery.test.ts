import { createSign, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { createApp } from "../../functions/_shared/http.ts";
import type { Answer, Connector } from "../../functions/stimuli/connectors/connector.ts";
import { deliveryRoutes } from "../../functions/stimuli/delivery/routes.ts";
import { createSender } from "../../functions/stimuli/delivery/send.ts";
import type { DeliveryStore } from "../../functions/stimuli/delivery/store.ts";
import { deliver, type HandedOver, type Result } from "../../functions/stimuli/delivery/worker.ts";
import { webhookRoutes } from "../../functions/stimuli/webhooks/routes.ts";
import { signStandard } from "../../functions/stimuli/webhooks/standard.ts";
import type { DeliveryEvent } from "../../types/delivery.ts";
import { codeOf } from "../support/answers.ts";

const BRAND = "01a1fce7-06ea-739d-aef9-81d5878026e9";
const SECRET = `whsec_${Buffer.from("a secret").toString("base64")}`;
function handed(n: number, change: Partial<HandedOver> = {}): HandedOver {
  return {
    brand_id: BRAND,
    deployment_id: `d${n}`,
    stimulus_id: "s",
    actor_id: "a",
    channel: "email",
    connector: "smtp",
    service_name: "mail",
    address: "ada@example.com",
    idempotency_key: `loopwise-d${n}`,
    fencing_token: 1,
    lease_until: "",
    content: { subject: "Hello {{ first_name }}" },
    field_values: { first_name: "Ada" },
    fields: ["first_name"],
    unsubscribe_token: "token",
    language: "en",
    currency: "EUR",
    time_zone: "UTC",
    ...change,
  };
}

/** A queue of messages in memory and one connector for all of them. */
async function run(messages: HandedOver[], answer: (n: number) => Promise<Answer>, claimMs = 0) {
  const waiting = [...messages];
  const results: Result[] = [];
  let calls = 0;
  let failures = 2;
  const connector: Connector = { send: () => answer(calls++), close() {} };
  const sender = createSender({
    connect: () => connector,
    credentials: async () => ({}),
    unsubscribeUrl: "https://x.example/u",
    attemptMs: 1_000,
  });
  const counts = await deliver({
    queue: {
      async claim(_, limit) {
        const claimed = waiting.splice(0, limit);
        await new Promise((resume) => setTimeout(resume, claimMs));
        return claimed;
      },
      async finish(batch) {
        failures -= 1;
        if (failures >= 0) throw new Error("the database is away");
        results.push(...batch);
      },
    },
    send: sender.send,
    worker: "w",
    concurrency: 4,
    forMs: 5_000,
  });
  return { counts, results, calls };
}

test("everything that is claimed is answered for, through failures of the database too", async () => {
  const kinds: Answer[] = [
    { kind: "sent", providerMessageId: "1" },
    { kind: "sent", providerMessageId: null, isDelivered: true },
    { kind: "retry", code: "429", afterSeconds: 7 },
    { kind: "rejected", code: "550" },
    { kind: "unknown", code: "lost" },
  ];
  const messages = Array.from({ length: 11 }, (_, n) => handed(n));
  const { counts, results } = await run(messages, async (n) => {
    if (n === 10) throw new Error("password=hunter2");
    return kinds[n % 5] as Answer;
  });
  expect(counts).toEqual({ handed_over: 11, sent: 4, rejected: 2, retry: 2, unknown: 3, released: 0 });
  expect(new Set(results.map((r) => r.deployment_id)).size).toBe(11);
  expect(results.find((r) => r.verdict === "sent")).toMatchObject({
    content: { subject: "Hello Ada" },
  });
  expect(results.find((r) => r.verdict === "retry")).toMatchObject({ retry_after_seconds: 7 });
  expect(JSON.stringify(results)).not.toContain("hunter2");
});

test("what was claimed too long ago is given back and reaches no provider", async () => {
  const { counts, calls } = await run(
    [handed(1), handed(2)],
    async () => ({ kind: "sent", providerMessageId: "1" }),
    950,
  );
  expect([counts.released, calls]).toEqual([2, 0]);
});

test("a content that cannot be filled is refused without a call", async () => {
  const { counts, calls } = await run(
    [handed(1, { content: { subject: "Hello {{ nobody_knows }}" } })],
    async () => ({
      kind: "released",
    }),
  );
  expect([counts.rejected, calls]).toEqual([1, 0]);
});

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

function setUp() {
  const unsubscribed: string[] = [];
  const recorded: { provider: string; events: DeliveryEvent[] }[] = [];
  const store: DeliveryStore = {
    claim: async () => [],
    finish: async () => {},
    credentials: async (brand, service) =>
      brand === BRAND && service === "mail"
        ? {
            webhook_secret: SECRET,
            webhook_public_key: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
            app_secret: "s3cret",
          }
        : null,
    recordEvents: async (_, provider, events) => {
      recorded.push({ provider, events });
      return { recorded: events.length, known: events.length };
    },
    ingest: async () => {},
    unsubscribe: async (token) => token === "good" && unsubscribed.push(token) > 0,
  };
  const env = {
    SUPABASE_URL: "",
    SUPABASE_ANON_KEY: "",
    SUPABASE_SERVICE_ROLE_KEY: "service",
    STIMULI_DELIVER_SECRET: "job",
  };
  const app = createApp({ name: "stimuli", allowedOrigins: [] });
  deliveryRoutes(app, { store, env });
  webhookRoutes(app, store);
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    app.request(`/stimuli/${path}`, { method: "POST", body, headers });
  return { app, post, unsubscribed, recorded };
}

test("only the job and the service set the worker going", async () => {
  const { post } = setUp();
  expect((await post("deliver", "{}", { authorization: "Bearer job" })).status).toBe(200);
  expect((await post("deliver", "{}", { authorization: "Bearer service" })).status).toBe(200);
  for (const authorization of ["", "Bearer ", "Bearer jo", "Bearer user.jwt.token"])
    expect(await codeOf(await post("deliver", "{}", { authorization }))).toBe("403 service_only");
  const job = { authorization: "Bearer job" };
  expect(await codeOf(await post("deliver", '{"concurrency": 100000}', job))).toBe("400 invalid_body");
  expect(await codeOf(await post("deliver", " ".repeat(2000), job))).toBe("413 body_too_large");
});

test("a link asks before it acts, and acts without a sign-in", async () => {
  const { app, post, unsubscribed } = setUp();
  const asked = await app.request("/stimuli/unsubscribe/good");
  expect([asked.status, unsubscribed.length]).toEqual([200, 0]);
  expect(await asked.text()).toContain('<form method="post">');
  const form = { "content-type": "application/x-www-form-urlencoded" };
  expect((await post("unsubscribe/good", "List-Unsubscribe=One-Click", form)).status).toBe(200);
  expect(unsubscribed).toEqual(["good"]);
  const bad = await post("unsubscribe/%3Cscript%3E", "");
  expect([bad.status, (await bad.text()).includes("script")]).toEqual([404, false]);
});

test("events in the generic format count only when they are signed, whole, and new", async () => {
  const { post, recorded } = setUp();
  const body = JSON.stringify({ events: [{ event_id: "1", type: "delivered", provider_message_id: "m" }] });
  const now = Math.floor(Date.now() / 1000);
  const signed = async (text: string, at = now) => ({
    "webhook-id": "w1",
    "webhook-timestamp": String(at),
    "webhook-signature": `v1,${btoa("x")} ${await signStandard(SECRET, "w1", at, text)}`,
  });
  const path = `events/standard/${BRAND}/mail`;
  expect(await (await post(path, body, await signed(body))).json()).toEqual({ recorded: 1, known: 1 });
  expect(await codeOf(await post(path, body.replace("1", "2"), await signed(body)))).toBe(
    "401 signature_invalid",
  );
  expect(await codeOf(await post(path, body, await signed(body, now - 400)))).toBe("401 signature_invalid");
  expect(await codeOf(await post(path, body))).toBe("401 signature_invalid");
  expect(await codeOf(await post(`events/standard/${BRAND}/other`, body, await signed(body)))).toBe(
    "401 signature_invalid",
  );
  expect(await codeOf(await post("events/standard/x/mail", body, await signed(body)))).toBe(
    "401 signature_invalid",
  );
  const odd = '{"events": [{"event_id": "1", "type": "exploded"}]}';
  expect(await codeOf(await post(path, odd, await signed(odd)))).toBe("400 invalid_body");
  expect(recorded).toHaveLength(1);
});

test("SendGrid's events are checked by its key and named by the Message-ID", async () => {
  const { post, recorded } = setUp();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = JSON.stringify([
    {
      sg_event_id: "a",
      event: "bounce",
      type: "blocked",
      timestamp: 1_780_000_000,
      "smtp-id": "<loopwise-1@x.y>",
      status: "4.7.1",
    },
    {
      sg_event_id: "b",
      event: "open",
      timestamp: 1_780_000_000,
      "smtp-id": `<loopwise-${BRAND}@x.y>`,
      email: "Ada@Example.com",
    },
    { sg_event_id: "c", event: "deferred", timestamp: 1_780_000_000 },
    "nonsense",
  ]);
  const headers = (text: string) => ({
    "x-twilio-email-event-webhook-timestamp": timestamp,
    "x-twilio-email-event-webhook-signature": createSign("sha256")
      .update(timestamp + text)
      .sign(privateKey, "base64"),
  });
  const path = `events/sendgrid/${BRAND}/mail`;
  // Half of all signatures have an integer with a leading zero.
  for (let n = 0; n < 8; n += 1) expect((await post(path, body, headers(body))).status).toBe(200);
  expect(recorded[0]?.events).toMatchObject([
    { event_id: "a", type: "bounced", is_permanent: false, provider_message_id: "<loopwise-1@x.y>" },
    { event_id: "b", type: "opened", address: "ada@example.com", deployment_id: BRAND },
  ]);
  expect(await codeOf(await post(path, body, headers(`${body} `)))).toBe("401 signature_invalid");
  expect(
    await codeOf(
      await post(path, body, { ...headers(body), "x-twilio-email-event-webhook-signature": "MAA=" }),
    ),
  ).toBe("401 signature_invalid");
});
