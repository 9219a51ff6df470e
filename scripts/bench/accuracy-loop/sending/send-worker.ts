/** A worker that gets killed: the loop of the Edge Function on a connection of its own, until nothing is due for a while. */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "node:http";
import postgres from "postgres";
import type { Answer, Connector } from "../../../../functions/stimuli/connectors/connector.ts";
import { createSender } from "../../../../functions/stimuli/delivery/send.ts";
import { deliver, type HandedOver } from "../../../../functions/stimuli/delivery/worker.ts";

const [databaseUrl, providerUrl, name] = process.argv.slice(2) as [string, string, string];
const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} });
const agent = new Agent({ keepAlive: true, maxSockets: 100 });

const connector: Connector = {
  send: (_, { idempotencyKey, notAfter }) => post(idempotencyKey, notAfter),
  close() {},
};

function post(key: string, notAfter: number): Promise<Answer> {
  return new Promise((resolve) => {
    if (performance.now() > notAfter) return resolve({ kind: "released" });
    const outgoing = request(`${providerUrl}/${key}`, { method: "POST", agent });
    outgoing.on("response", (response) => {
      response.resume();
      const { statusCode } = response;
      resolve(
        statusCode === 429
          ? { kind: "retry", code: "429", afterSeconds: 0 }
          : { kind: "sent", providerMessageId: key },
      );
    });
    outgoing.on("error", () => resolve({ kind: "unknown", code: "answer_lost" }));
    outgoing.end();
  });
}

const sender = createSender({
  connect: () => connector,
  credentials: async () => ({}),
  unsubscribeUrl: "https://example.com/unsubscribe",
  attemptMs: 2_000,
});
for (;;) {
  await deliver({
    queue: {
      claim: async (worker, limit) =>
        (await sql`select * from stimuli.claim_deliveries(${worker}, ${limit})`).map((row) => ({
          ...row,
          fencing_token: Number(row.fencing_token),
        })) as unknown as HandedOver[],
      finish: async (results) => {
        await sql`select stimuli.finish_deliveries(${sql.json(results as never)})`;
      },
    },
    send: sender.send,
    worker: name,
    concurrency: 100,
    forMs: 60_000,
  });
  await sleep(200);
}
