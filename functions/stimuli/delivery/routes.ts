import { deliverRequest, deliverResponse } from "../../../types/delivery.ts";
import { auth } from "../../_shared/auth.ts";
import { parseJson, readBody } from "../../_shared/body.ts";
import type { Environment } from "../../_shared/clients.ts";
import type { App } from "../../_shared/http.ts";
import { Problem } from "../../_shared/problem.ts";
import { isSameSecret } from "../../ingest/signature.ts";
import { connect } from "../connectors/connect.ts";
import { createSender, type Sending } from "./send.ts";
import type { DeliveryStore } from "./store.ts";
import { deliver } from "./worker.ts";

export type DeliveryEnvironment = Environment & {
  /** What the job of the database sends along; the service role key does too. */
  STIMULI_DELIVER_SECRET?: string;
  /** Where people reach /unsubscribe, when that is not this function: a page of the brand that passes the POST on. */
  STIMULI_UNSUBSCRIBE_URL?: string;
};

export interface Delivery {
  store: DeliveryStore;
  env: DeliveryEnvironment;
  connect?: Sending["connect"];
}

const MAX_BODY_BYTES = 1024;
/** Less than the lease of the queue (stimuli.send_lease_seconds). */
const ATTEMPT_MS = 30_000;

/** POST /stimuli/deliver: sends what is due, for as long as it is told to; the minutely job of the database calls it. */
export function deliveryRoutes(app: App, { store, env, connect: open = connect }: Delivery): void {
  app.post("/deliver", auth("signature"), async (c) => {
    const secret = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    const isOurs =
      (await isSameSecret(secret, env.STIMULI_DELIVER_SECRET ?? "")) ||
      (await isSameSecret(secret, env.SUPABASE_SERVICE_ROLE_KEY));
    if (!isOurs) throw new Problem("service_only");
    const parsed = deliverRequest.safeParse(parseJson(await readBody(c.req.raw, MAX_BODY_BYTES)));
    if (!parsed.success) throw new Problem("invalid_body", { detail: parsed.error.issues[0]?.message });

    const sender = createSender({
      connect: open,
      credentials: store.credentials,
      unsubscribeUrl: env.STIMULI_UNSUBSCRIBE_URL ?? `${env.SUPABASE_URL}/functions/v1/stimuli/unsubscribe`,
      attemptMs: ATTEMPT_MS,
    });
    try {
      const { seconds, concurrency } = parsed.data;
      const worker = c.get("requestId");
      const done = await deliver({
        queue: store,
        send: sender.send,
        worker,
        concurrency,
        forMs: seconds * 1000,
      });
      return c.json(deliverResponse.parse(done));
    } finally {
      await sender.close();
    }
  });
}
