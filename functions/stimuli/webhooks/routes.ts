import { type DeliveryEvent, deliveryEvents, recordedEvents } from "../../../types/delivery.ts";
import { auth } from "../../_shared/auth.ts";
import { parseJson, readBody } from "../../_shared/body.ts";
import type { App } from "../../_shared/http.ts";
import { Problem } from "../../_shared/problem.ts";
import { judge } from "../../ingest/judge.ts";
import { isSigned } from "../../ingest/signature.ts";
import { toSignals } from "../../ingest/whatsapp.ts";
import { type Credentials, text } from "../connectors/connector.ts";
import type { DeliveryStore } from "../delivery/store.ts";
import { page } from "./page.ts";
import { fromSendGrid, isSendGridSigned } from "./sendgrid.ts";
import { isStandardSigned } from "./standard.ts";

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_EVENTS = 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What providers tell of messages, under /stimuli/events/<format>/<brand>/<service>, and the link that ends them. */
export function webhookRoutes(app: App, store: DeliveryStore): void {
  async function signedBy(
    request: Request,
    brand: string,
    service: string,
    isGenuine: (credentials: Credentials, body: Uint8Array) => Promise<boolean>,
  ): Promise<unknown> {
    const body = await readBody(request, MAX_BODY_BYTES);
    // A brand or service that is not there is told the same as a wrong signature.
    const isName = UUID.test(brand) && service.length <= 100;
    const credentials = (isName && (await store.credentials(brand, service))) || {};
    if (!(await isGenuine(credentials, body))) throw new Problem("signature_invalid");
    return parseJson(body);
  }

  async function record(brand: string, provider: string, events: DeliveryEvent[]) {
    const total = { recorded: 0, known: 0 };
    for (let start = 0; start < events.length; start += MAX_EVENTS) {
      const done = await store.recordEvents(brand, provider, events.slice(start, start + MAX_EVENTS));
      total.recorded += done.recorded;
      total.known += done.known;
    }
    return recordedEvents.parse(total);
  }

  app.post("/events/standard/:brand/:service", auth("signature"), async (c) => {
    const { brand, service } = c.req.param();
    const { headers } = c.req.raw;
    const body = await signedBy(c.req.raw, brand, service, (credentials, bytes) =>
      isStandardSigned(text(credentials.webhook_secret) || text(credentials.secret), headers, bytes),
    );
    const parsed = deliveryEvents.safeParse(body);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new Problem("invalid_body", { detail: `${issue?.path.join(".") || "body"}: ${issue?.message}` });
    }
    return c.json(await record(brand, service.slice(0, 50), parsed.data.events));
  });

  app.post("/events/sendgrid/:brand/:service", auth("signature"), async (c) => {
    const { brand, service } = c.req.param();
    const { headers } = c.req.raw;
    const body = await signedBy(c.req.raw, brand, service, (credentials, bytes) =>
      isSendGridSigned(text(credentials.webhook_public_key), headers, bytes),
    );
    return c.json(await record(brand, "sendgrid", fromSendGrid(body)));
  });

  // Statuses and answers alike are signals, and the deployments follow those: as if they had come to /ingest/whatsapp.
  app.post("/events/whatsapp/:brand/:service", auth("signature"), async (c) => {
    const { brand, service } = c.req.param();
    const signature = c.req.header("x-hub-signature-256");
    const body = await signedBy(c.req.raw, brand, service, (credentials, bytes) =>
      isSigned(bytes, signature, text(credentials.app_secret)),
    );
    const { sound } = judge(toSignals(body));
    for (let start = 0; start < sound.length; start += MAX_EVENTS) {
      await store.ingest(
        brand,
        sound.slice(start, start + MAX_EVENTS).map((s) => s.signal),
      );
    }
    return c.json({ recorded: sound.length, known: sound.length });
  });

  // Scanners of mail open every link: a GET changes nothing and does not even look whether the link is good.
  app.get("/unsubscribe/:token", auth("signature"), (c) => c.html(page("ask"), 200, PAGE_HEADERS));
  app.post("/unsubscribe/:token", auth("signature"), async (c) => {
    const isDone = await store.unsubscribe(c.req.param("token").slice(0, 200));
    return c.html(page(isDone ? "done" : "invalid"), isDone ? 200 : 404, PAGE_HEADERS);
  });
}

const PAGE_HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-robots-tag": "noindex",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
};
