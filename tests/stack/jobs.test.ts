import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { useProject } from "../support/stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await useProject({
    functions: { tick: `Deno.serve(async (request) => Response.json({ got: await request.json() }));` },
  });
});
afterAll(() => stack?.close());

test("a cron job calls a function through pg_net, and the answer is kept", async () => {
  await stack.engine.query(
    `select cron.schedule('call-tick', '1 second', format(
      $$select net.http_post(url := %L, body := '{"from": "cron"}'::jsonb)$$, $1::text))`,
    [`${stack.url}/functions/v1/tick`],
  );
  const answers = () =>
    stack.engine.query<{ status_code: number; content: string }>(
      "select status_code, content from net._http_response order by id",
    );
  await expect.poll(async () => (await answers()).length, { timeout: 20_000 }).toBeGreaterThan(0);
  const [answer] = await answers();
  expect(answer?.status_code).toBe(200);
  expect(JSON.parse(answer?.content ?? "")).toEqual({ got: { from: "cron" } });
  const [run] = await stack.engine.query<{ status: string }>(
    "select status from cron.job_run_details order by runid limit 1",
  );
  expect(run?.status).toBe("succeeded");
});
