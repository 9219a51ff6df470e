import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { anonymous } from "../support/clients.ts";
import { useProject } from "../support/stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await useProject({
    migration: `
      create table public.words (id bigint generated always as identity primary key, word text);
      grant select, insert on public.words to anon;
      create function public.echo(p_doc jsonb) returns jsonb language sql immutable as $$ select p_doc $$;`,
  });
});
afterAll(() => stack?.close());

async function post(path: string, body: string | Uint8Array, type = "application/json") {
  const headers = { apikey: stack.publishableKey, "content-type": type };
  const response = await fetch(stack.url + path, { method: "POST", headers, body: body as BodyInit });
  return { status: response.status, body: await response.json() };
}

const nested = (depth: number) => `{"p_doc":${"[".repeat(depth)}${"]".repeat(depth)}}`;

describe("the Data API refuses", () => {
  test.each([
    ["half an object", '{"p_doc":'],
    ["NaN", '{"p_doc":NaN}'],
    ["infinity", '{"p_doc":Infinity}'],
    ["bytes that are no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["10,000 nested arrays", nested(10_000)],
  ])("%s with 400 PGRST102", async (_, body) => {
    const answer = await post("/rest/v1/rpc/echo", body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: "PGRST102", message: "Empty or invalid json", hint: null });
  });

  test("an escaped NUL as PostgreSQL does", async () => {
    const answer = await post("/rest/v1/rpc/echo", '{"p_doc":{"a":["b\\u0000"]}}');
    expect([answer.status, answer.body.code]).toEqual([400, "22P05"]);
  });

  test.each(['{"p_doc":["\\ud800"]}', '{"p_doc":{"\\udc00":1}}'])(
    "the lone surrogate in %s",
    async (body) => {
      const answer = await post("/rest/v1/rpc/echo", body);
      expect([answer.status, answer.body.code]).toEqual([400, "22P02"]);
    },
  );

  test("more than 10 MB with 413, whether or not the length is announced", async () => {
    const big = `{"p_doc":["${"x".repeat(11_000_000)}"]}`;
    expect((await post("/rest/v1/rpc/echo", big)).status).toBe(413);
    expect(await postChunked("/rest/v1/rpc/echo", big)).toContain("413");
  });

  test.each(["/rest/v1/words?word=eq.%00", "/rest/v1/w%ZZ?x=eq.%ZZ", "/rest/v1/words?select=id,(("])(
    "the address %s with 400",
    async (path) => {
      const response = await fetch(stack.url + path, { headers: { apikey: stack.publishableKey } });
      expect(response.status).toBe(400);
      expect(await response.json()).toHaveProperty("code");
    },
  );

  test("a NUL in a CSV body", async () => {
    const answer = await post("/rest/v1/words", "word\na\0b", "text/csv");
    expect([answer.status, answer.body.code]).toEqual([400, "22021"]);
  });
});

test("a surrogate pair, an escaped backslash before u0000, and 1 MB of text arrive as sent", async () => {
  for (const value of ["😀", "\\u0000", "x".repeat(1_000_000)]) {
    const { data } = await anonymous(stack).rpc("echo", { p_doc: [value] });
    expect(data).toEqual([value]);
  }
});

test.each(["{", "null", "[]", '"text"', '{"email":"a\\u0000@example.com","password":"long enough"}'])(
  "Auth answers the body %s with 400",
  async (body) => {
    const answer = await post("/auth/v1/signup", body);
    expect(answer.status).toBe(400);
    expect(answer.body).toHaveProperty("error_code");
  },
);

test("no dotted path leads from a service to what is not served", async () => {
  for (const path of ["/rest/v1/%2e%2e/%2e%2e/_system/config", "/_system/config", "/"]) {
    expect((await fetch(stack.url + path)).status).toBe(404);
  }
});

test("a client that sends its body slowly makes nobody else wait", async () => {
  const socket = connect(Number(new URL(stack.url).port), "127.0.0.1");
  socket.write(`POST /rest/v1/rpc/echo HTTP/1.1\r\nhost: x\r\napikey: ${stack.publishableKey}\r\n`);
  socket.write("content-type: application/json\r\ncontent-length: 14\r\n\r\n{");
  const { data } = await anonymous(stack).rpc("echo", { p_doc: [1] });
  expect(data).toEqual([1]);
  const answer = new Promise<string>((done) => socket.once("data", (bytes) => done(String(bytes))));
  socket.write('"p_doc":true}');
  expect(await answer).toContain("200 OK");
  socket.destroy();
});

/** The raw answer to a body sent in chunks. */
function postChunked(path: string, body: string): Promise<string> {
  return new Promise((done) => {
    const socket = connect(Number(new URL(stack.url).port), "127.0.0.1");
    socket.once("data", (bytes) => {
      done(String(bytes));
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\napikey: ${stack.publishableKey}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    socket.write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  });
}
