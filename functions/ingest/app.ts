import { type IngestResponse, type IngestVerdict, ingestRequest } from "../../types/api.ts";
import { auth, type Caller } from "../_shared/auth.ts";
import { parseJson, readBody } from "../_shared/body.ts";
import { allowedOrigins, type Environment } from "../_shared/clients.ts";
import { type App, createApp } from "../_shared/http.ts";
import { Problem } from "../_shared/problem.ts";
import { judge } from "./judge.ts";
import { isSameSecret, isSigned } from "./signature.ts";
import type { KeyUse, Store } from "./store.ts";
import { toSignals } from "./whatsapp.ts";

/** A thousand signals of 4 kB; a single signal has at most 64 kB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_SIGNALS = 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** POST /ingest, and the WhatsApp webhook of each brand under /ingest/whatsapp/<brand>. */
export function createIngest(store: Store, env: Pick<Environment, "ALLOWED_ORIGINS">): App {
  const app = createApp({ name: "ingest", allowedOrigins: allowedOrigins(env as Environment) });

  app.post("/", auth("either"), async (c) => {
    const caller = c.get("caller");
    const use = caller.kind === "key" ? await store.useApiKey(caller.key) : undefined;
    for (const [header, value] of rateLimit(use)) c.header(header, value);
    const request = shape(parseJson(await readBody(c.req.raw, MAX_BODY_BYTES)));
    const brandId = brandOf(c.req.header("x-brand-id") ?? request.brand_id, use);
    const idempotencyKey = c.req.header("idempotency-key");

    const { sound, rejected } = judge(request.signals);
    const verdicts = sound.length
      ? await store.ingest({ brandId, signals: sound.map((s) => s.signal), idempotencyKey }, tokenOf(caller))
      : [];
    const results = [
      ...rejected,
      ...verdicts.map((v) => ({ ...v, index: sound[v.index]?.index ?? v.index })),
    ];
    const response = summary(results.sort((a, b) => a.index - b.index));
    return c.json(response, response.rejected ? 207 : 200);
  });

  app.get("/whatsapp/:brand", auth("signature"), async (c) => {
    const query = c.req.query();
    const credentials = await credentialsOf(store, c.req.param("brand"));
    const isKnown = await isSameSecret(query["hub.verify_token"] ?? "", credentials?.verify_token ?? "");
    if (query["hub.mode"] !== "subscribe" || !isKnown) throw new Problem("verification_failed");
    return c.text(query["hub.challenge"] ?? "");
  });

  app.post("/whatsapp/:brand", auth("signature"), async (c) => {
    const brandId = c.req.param("brand");
    const body = await readBody(c.req.raw, MAX_BODY_BYTES);
    const credentials = await credentialsOf(store, brandId);
    if (!(await isSigned(body, c.req.header("x-hub-signature-256"), credentials?.app_secret ?? ""))) {
      throw new Problem("signature_invalid");
    }
    const { sound, rejected } = judge(toSignals(parseJson(body)));
    const results = [...rejected];
    for (let start = 0; start < sound.length; start += MAX_SIGNALS) {
      const signals = sound.slice(start, start + MAX_SIGNALS).map((s) => s.signal);
      results.push(...(await store.ingest({ brandId, signals })));
    }
    // Always 200 once the body is genuine: Meta sends again what is answered otherwise, and switches the webhook off.
    const { accepted, duplicate, rejected: refused } = summary(results);
    return c.json({ accepted, duplicate, rejected: refused });
  });

  return app;
}

/** `{ signals: [...] }`, or a single signal by itself. */
function shape(body: unknown): { brand_id?: string | null; signals: unknown[] } {
  const isBatch = typeof body === "object" && body !== null && "signals" in body;
  const parsed = ingestRequest.safeParse(isBatch ? body : { signals: [body] });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Problem("invalid_body", {
    detail: `${issue?.path.join(".") || "body"}: ${issue?.message}`,
    hint: `Send {"signals": [...]} with 1 to ${MAX_SIGNALS} signals, or one signal.`,
  });
}

/** A key is for one brand; a user says which one, and the database whether it may. */
function brandOf(named: string | null | undefined, use: KeyUse | undefined): string {
  if (named && !UUID.test(named)) throw new Problem("brand_required", { detail: "The brand is a UUID." });
  if (use && named && named.toLowerCase() !== use.brandId) throw new Problem("brand_mismatch");
  const brandId = use?.brandId ?? named;
  if (!brandId) throw new Problem("brand_required");
  return brandId;
}

function tokenOf(caller: Caller): string | undefined {
  return caller.kind === "user" ? caller.token : undefined;
}

function rateLimit(use: KeyUse | undefined): [string, string][] {
  if (!use) return [];
  const seconds = Math.max(0, Math.ceil((use.resetAt.getTime() - Date.now()) / 1000));
  return [
    ["RateLimit-Limit", String(use.limit)],
    ["RateLimit-Remaining", String(use.remaining)],
    ["RateLimit-Reset", String(seconds)],
  ];
}

/** An address that is no brand's is told the same as a wrong secret. */
function credentialsOf(store: Store, brandId: string) {
  return UUID.test(brandId) ? store.whatsAppCredentials(brandId) : null;
}

function summary(results: IngestVerdict[]): IngestResponse {
  const count = (verdict: IngestVerdict["verdict"]) => results.filter((r) => r.verdict === verdict).length;
  return { accepted: count("accepted"), duplicate: count("duplicate"), rejected: count("rejected"), results };
}
