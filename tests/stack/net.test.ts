import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createEmbeddedEngine } from "../../scripts/stack/engines/embedded.ts";
import type { Engine } from "../../scripts/stack/types.ts";
import { type NetWorker, startNetWorker } from "../../scripts/stack/workers/net.ts";
import { startEcho } from "../support/echo.ts";

let engine: Engine;
let worker: NetWorker;
let echo: Awaited<ReturnType<typeof startEcho>>;
beforeAll(async () => {
  engine = await createEmbeddedEngine();
});
afterAll(() => engine?.close());
beforeEach(async () => {
  await engine.exec("truncate net.http_request_queue, net._http_response");
  echo = await startEcho();
  worker = await startNetWorker(engine);
});
afterEach(async () => {
  await worker.stop();
  await echo.close();
});

async function send(call: string, params: unknown[] = []): Promise<number> {
  const [row] = await engine.query<{ id: number }>(`select net.${call} as id`, params);
  return row?.id as number;
}

async function responseTo(id: number) {
  for (let waited = 0; waited < 5000; waited += 20) {
    const [row] = await engine.query("select * from net._http_response where id = $1", [id]);
    if (row) return row;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Request ${id} was not answered within 5 s.`);
}

it("sends a post with its body, headers and parameters, and keeps the answer", async () => {
  const id = await send(`http_post($1, body => $2, params => $3, headers => $4)`, [
    `${echo.url}/hook?a=1`,
    { greeting: "grüß dich" },
    { "q&a": "50 % ü" },
    { "Content-Type": "application/json", "X-Key": "k" },
  ]);
  expect(await responseTo(id)).toMatchObject({
    status_code: 200,
    content_type: "text/plain",
    content: "heard",
    timed_out: false,
  });
  expect(echo.received).toHaveLength(1);
  const [request] = echo.received;
  expect(request?.method).toBe("POST");
  expect(request?.url).toBe(`/hook?a=1&q%26a=50%20%25%20${encodeURIComponent("ü")}`);
  expect(JSON.parse(request?.body ?? "")).toEqual({ greeting: "grüß dich" });
  expect(request?.headers).toMatchObject({ "content-type": "application/json", "x-key": "k" });
});

it("sends gets and deletes without a body", async () => {
  await responseTo(await send("http_get($1)", [`${echo.url}/thing`]));
  await responseTo(await send("http_delete($1)", [`${echo.url}/thing`]));
  expect(echo.received.map(({ method, url, body }) => [method, url, body])).toEqual([
    ["GET", "/thing", ""],
    ["DELETE", "/thing", ""],
  ]);
});

it("sends nothing for a transaction that is rolled back", async () => {
  await engine.exclusively(async () => {
    await engine.exec("begin");
    await send("http_get($1)", [`${echo.url}/never`]);
    await engine.exec("rollback");
  });
  await responseTo(await send("http_get($1)", [`${echo.url}/after`]));
  expect(echo.received.map((request) => request.url)).toEqual(["/after"]);
});

it("sends each of many requests once", async () => {
  const ids = await engine.query<{ id: number }>(
    "select net.http_get($1 || '/' || n) as id from generate_series(1, 100) as n",
    [echo.url],
  );
  for (const { id } of ids) await responseTo(id);
  expect(new Set(echo.received.map((request) => request.url)).size).toBe(100);
  expect(echo.received).toHaveLength(100);
});

it("records a timeout and a refused connection as such", async () => {
  const slow = await send("http_get($1, timeout_milliseconds => 50)", [`${echo.url}/slow`]);
  expect(await responseTo(slow)).toMatchObject({
    status_code: null,
    timed_out: true,
    error_msg: "Timeout of 50 ms reached",
  });
  const refused = await send("http_get('http://127.0.0.1:1')");
  expect(await responseTo(refused)).toMatchObject({ status_code: null, timed_out: false });
});

it("sends at its start what was queued before, and drops answers after six hours", async () => {
  await worker.stop();
  await engine.exec("insert into net._http_response (id, created) values (-1, now() - interval '7 hours')");
  const id = await send("http_get($1)", [`${echo.url}/waiting`]);
  expect(echo.received).toEqual([]);
  worker = await startNetWorker(engine);
  await responseTo(id);
  expect(await engine.query("select 1 from net._http_response where id = -1")).toEqual([]);
});

it("gives up what is under way when it is stopped, and sends nothing more", async () => {
  const slow = await send("http_get($1, timeout_milliseconds => 60000)", [`${echo.url}/slow`]);
  while (echo.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await worker.stop();
  expect(await responseTo(slow)).toMatchObject({ status_code: null, timed_out: false });
  await send("http_get($1)", [`${echo.url}/later`]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(echo.received.map((request) => request.url)).toEqual(["/slow"]);
});

it("does not let API roles look at requests and answers", async () => {
  for (const table of ["net.http_request_queue", "net._http_response"]) {
    const [row] = await engine.query("select has_table_privilege('authenticated', $1, 'select') as may", [
      table,
    ]);
    expect(row).toEqual({ may: false });
  }
});
