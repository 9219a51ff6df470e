import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { redact } from "../../functions/_shared/redact.ts";
import { Problem } from "../../functions/_shared/problem.ts";
import { createIngest } from "../../functions/ingest/app.ts";
import type { Batch, Store } from "../../functions/ingest/store.ts";
import { toSignals } from "../../functions/ingest/whatsapp.ts";
import type { IngestVerdict } from "../../types/api.ts";
import { codeOf } from "../support/answers.ts";

const BRAND = "01a1fce7-06ea-739d-aef9-81d5878026e9";
const review = {
  type: "review",
  source_platform: "google",
  occurred_at: "2026-01-01T10:00:00Z",
  data: { rating: 5, review_text: "Good" },
};

/** A database that accepts whatever it is given and remembers it. */
function setUp(change: Partial<Store> = {}) {
  const batches: (Batch & { userToken?: string })[] = [];
  const store: Store = {
    async useApiKey(key) {
      if (key !== "lwk_good") throw new Problem("api_key_invalid");
      return { brandId: BRAND, limit: 10, remaining: 9, resetAt: new Date(Date.now() + 6_000) };
    },
    async ingest(batch, userToken) {
      batches.push({ ...batch, userToken });
      return batch.signals.map((_, index) => ({ index, verdict: "accepted" }) as IngestVerdict);
    },
    async whatsAppCredentials(brandId) {
      return brandId === BRAND ? { app_secret: "s3cret", verify_token: "t0ken" } : null;
    },
    ...change,
  };
  const app = createIngest(store, { ALLOWED_ORIGINS: "https://shop.example" });
  const post = (path: string, body: string, headers: Record<string, string>) =>
    app.request(path, { method: "POST", body, headers });
  return { app, post, batches };
}

test("verdicts come back at the places of the request", async () => {
  const { post, batches } = setUp();
  const response = await post("/ingest", JSON.stringify({ signals: [1, review, 2, review] }), {
    "x-api-key": "lwk_good",
    "idempotency-key": "k",
  });
  expect(response.status).toBe(207);
  const body = await response.json();
  expect(body.results.map((r: IngestVerdict) => r.verdict)).toEqual([
    "rejected",
    "accepted",
    "rejected",
    "accepted",
  ]);
  expect(batches).toMatchObject([{ brandId: BRAND, idempotencyKey: "k", signals: [review, review] }]);
});

test("a single signal needs no array, and the key may be a bearer token", async () => {
  const { post } = setUp();
  const response = await post("/ingest", JSON.stringify(review), { authorization: "Bearer lwk_good" });
  expect([response.status, response.headers.get("ratelimit-remaining")]).toEqual([200, "9"]);
});

test("a user's token is forwarded and the user names the brand", async () => {
  const { post, batches } = setUp();
  const headers = { authorization: "Bearer user.jwt.token" };
  expect(await codeOf(await post("/ingest", JSON.stringify(review), headers))).toBe("400 brand_required");
  await post("/ingest", JSON.stringify({ brand_id: BRAND, signals: [review] }), headers);
  expect(batches).toMatchObject([{ brandId: BRAND, userToken: "user.jwt.token" }]);
});

test("every refusal has its stable code", async () => {
  const { post, app } = setUp();
  const key = { "x-api-key": "lwk_good" };
  expect(await codeOf(await post("/ingest", "{}", {}))).toBe("401 credentials_required");
  expect(await codeOf(await post("/ingest", "{}", { "x-api-key": "lwk_bad" }))).toBe("401 api_key_invalid");
  expect(await codeOf(await post("/ingest", '{"signals": [', key))).toBe("400 malformed_json");
  expect(await codeOf(await post("/ingest", '{"signals": []}', key))).toBe("400 invalid_body");
  expect(await codeOf(await post("/ingest", " ".repeat(5_000_000), key))).toBe("413 body_too_large");
  const foreign = JSON.stringify({ brand_id: BRAND.replace("0", "1"), signals: [review] });
  expect(await codeOf(await post("/ingest", foreign, key))).toBe("403 brand_mismatch");
  expect(await codeOf(await app.request("/ingest/nowhere"))).toBe("404 route_not_found");
});

test("an unexpected failure tells nothing of itself", async () => {
  const { post } = setUp({
    ingest: async () => {
      throw new Error("password=hunter2 at db:5432");
    },
  });
  const log = console.error;
  const lines: string[] = [];
  console.error = (line) => lines.push(line);
  const response = await post("/ingest", JSON.stringify(review), { "x-api-key": "lwk_good" });
  console.error = log;
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(text + lines.join()).not.toContain("hunter2");
});

test("only pages of listed origins may call it", async () => {
  const { app } = setUp();
  const preflight = (origin: string) => app.request("/ingest", { method: "OPTIONS", headers: { origin } });
  expect((await preflight("https://shop.example")).headers.get("access-control-allow-origin")).toBe(
    "https://shop.example",
  );
  expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
});

test("the webhook answers Meta's handshake only with the brand's token", async () => {
  const { app } = setUp();
  const ask = (brand: string, token: string) =>
    app.request(
      `/ingest/whatsapp/${brand}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`,
    );
  expect(await (await ask(BRAND, "t0ken")).text()).toBe("1158201444");
  expect(await codeOf(await ask(BRAND, "other"))).toBe("403 verification_failed");
  expect(await codeOf(await ask(BRAND, ""))).toBe("403 verification_failed");
  expect(await codeOf(await ask(BRAND.replace("0", "1"), ""))).toBe("403 verification_failed");
  expect(await codeOf(await ask("no-uuid", ""))).toBe("403 verification_failed");
});

test("the webhook takes a body only with the signature of exactly its bytes", async () => {
  const { post, batches } = setUp();
  const body = JSON.stringify(notification([{ type: "text", text: { body: "Hello" } }]));
  const signature = (text: string, secret = "s3cret") =>
    `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
  const send = (brand: string, header?: string) =>
    post(`/ingest/whatsapp/${brand}`, body, header ? { "x-hub-signature-256": header } : {});
  for (const refused of [
    send(BRAND),
    send(BRAND, signature(`${body} `)),
    send(BRAND, signature(body, "")),
    send(BRAND, "sha256=00"),
    send(BRAND.replace("0", "1"), signature(body)),
  ]) {
    expect(await codeOf(await refused)).toBe("401 signature_invalid");
  }
  expect(batches).toEqual([]);
  expect((await send(BRAND, signature(body))).status).toBe(200);
  expect(batches[0]?.signals).toHaveLength(1);
});

test("messages of every kind and delivery statuses become signals", () => {
  const body = notification(
    [
      { type: "image", image: { caption: "Look", mime_type: "image/webp" } },
      { type: "audio", audio: { mime_type: "audio/ogg; codecs=opus" } },
      { type: "reaction", reaction: { message_id: "wamid.0", emoji: "👍" } },
      { type: "interactive", interactive: { button_reply: { id: "1", title: "Yes" } } },
      { type: "text", text: { body: "Pass it on" }, context: { forwarded: true } },
      { type: "text", text: "not as described" },
    ],
    [{ id: "wamid.9", status: "read", timestamp: "1767261600", recipient_id: "491701234567" }],
  );
  const signals = toSignals(body) as {
    type: string;
    data: Record<string, unknown>;
    metadata?: { forwarded: boolean };
  }[];
  expect(signals.map((s) => s.data.message_text ?? s.data.event_name)).toEqual([
    "Look",
    "",
    "👍",
    "Yes",
    "Pass it on",
    "whatsapp.read",
  ]);
  expect(signals.map((s) => s.data.media_type)).toEqual([
    "image/webp",
    "audio/ogg",
    ...Array(4).fill(undefined),
  ]);
  expect(signals[2]?.data.reply_to_message_id).toBe("wamid.0");
  expect(signals[4]?.metadata?.forwarded).toBe(true);
  expect(toSignals({ entry: "nonsense" })).toEqual([]);
});

test("secrets and people are taken out of log lines", () => {
  const line = redact(
    "key lwk_abcDEF-1 Bearer abc.def token=xyz anna@example.com +491701234567 https://x/?hub.verify_token=ours&a=1",
  );
  for (const secret of ["lwk_abc", "abc.def", "xyz", "anna@", "+4917", "ours"])
    expect(line).not.toContain(secret);
});

function notification(messages: object[], statuses: object[] = []) {
  const value = {
    contacts: [{ wa_id: "491701234567", profile: { name: "Anna" } }],
    messages: messages.map((m, i) => ({
      id: `wamid.${i + 1}`,
      from: "491701234567",
      timestamp: "1767261600",
      ...m,
    })),
    statuses,
  };
  return {
    object: "whatsapp_business_account",
    entry: [{ id: "1", changes: [{ field: "messages", value }] }],
  };
}
