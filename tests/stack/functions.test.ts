import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { anonymous, signUp } from "../support/clients.ts";
import { useProject } from "../support/stack.ts";

let stack: Stack & { projectDir: string };
const log: string[] = [];

beforeAll(async () => {
  stack = await useProject(
    {
      verifyJwt: ["guarded"],
      functions: {
        // Unmodified Edge Functions: Deno.serve and nothing of ours.
        hello: `
          Deno.serve(async (request) => Response.json({
            method: request.method,
            path: new URL(request.url).pathname,
            query: new URL(request.url).search,
            body: await request.text(),
            pid: Deno.pid,
            env: Deno.env.toObject(),
          }));`,
        guarded: `Deno.serve(() => new Response("inside"));`,
        ticks: `
          Deno.serve(() => {
            let timer;
            const body = new ReadableStream({
              start(controller) {
                let tick = 0;
                timer = setInterval(() => controller.enqueue(new TextEncoder().encode(\`data: \${tick++}\\n\\n\`)), 100);
              },
              cancel() { clearInterval(timer); console.log("stream cancelled"); },
            });
            return new Response(body, { headers: { "content-type": "text/event-stream" } });
          });`,
        edited: `Deno.serve(() => new Response("as it was"));`,
        broken: `throw new Error("no good");`,
        mortal: `Deno.serve((request) => request.url.endsWith("die") ? Deno.exit(1) : new Response("alive"));`,
      },
    },
    { log: (line) => log.push(line), watch: true },
  );
});
afterAll(() => stack?.close());

const call = (path: string, init?: RequestInit) => fetch(`${stack.url}/functions/v1/${path}`, init);

describe("an Edge Function", () => {
  test("gets path, query and body, and answers supabase-js", async () => {
    const { data, error } = await anonymous(stack).functions.invoke("hello/a/b?c=d", { body: { e: 1 } });
    expect(error).toBeNull();
    expect(data).toMatchObject({ method: "POST", path: "/hello/a/b", query: "?c=d", body: '{"e":1}' });
  });

  test("runs in one process that all its calls share", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => call("hello").then((response) => response.json())));
    expect(new Set(answers.map((answer) => answer.pid)).size).toBe(1);
  });

  test("sees the project's keys and none of this process's other variables", async () => {
    process.env.SECRET_OF_THE_MACHINE = "not for functions";
    const { env } = await (await call("hello")).json();
    expect(env).toMatchObject({
      SUPABASE_URL: stack.url,
      SUPABASE_ANON_KEY: stack.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: stack.serviceRoleKey,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: stack.publishableKey }),
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.secretKey }),
    });
    expect(env).not.toHaveProperty("SECRET_OF_THE_MACHINE");
  });

  test("that does not start is 503, an unknown one 404, and the stack goes on", async () => {
    const broken = await call("broken");
    expect([broken.status, (await broken.json()).code]).toEqual([503, "BOOT_ERROR"]);
    expect(log.join("\n")).toContain("no good");
    expect((await call("nothing")).status).toBe(404);
    expect((await call("hello")).status).toBe(200);
  });

  test("that dies in a request is 500 and starts anew with the next", async () => {
    expect((await call("mortal")).status).toBe(200);
    expect((await call("mortal/die")).status).toBe(500);
    await expect.poll(async () => (await call("mortal")).status, { timeout: 10_000 }).toBe(200);
  });
});

test("an edited function is called as it is now, where the stack watches", async () => {
  expect(await (await call("edited")).text()).toBe("as it was");
  const source = `Deno.serve(() => new Response("as it is"));`;
  await writeFile(join(stack.projectDir, "functions/edited/index.ts"), source);
  await expect.poll(async () => (await call("edited")).text(), { timeout: 10_000 }).toBe("as it is");
});

describe("verify_jwt", () => {
  const guarded = async (headers: Record<string, string>) => (await call("guarded", { headers })).status;

  test("lets in a user's token and API keys", async () => {
    const { client } = await signUp(stack);
    expect((await client.functions.invoke("guarded")).data).toBe("inside");
    for (const key of [stack.publishableKey, stack.secretKey])
      expect(await guarded({ apikey: key })).toBe(200);
    expect(await guarded({ authorization: `Bearer ${stack.anonKey}` })).toBe(200);
  });

  test("keeps out everything else", async () => {
    expect(await guarded({})).toBe(401);
    expect(await guarded({ apikey: "sb_secret_guess" })).toBe(401);
    expect(await guarded({ apikey: stack.publishableKey, authorization: "Bearer a.b.c" })).toBe(401);
    expect(await guarded({ authorization: `Bearer ${stack.anonKey.slice(0, -4)}AAAA` })).toBe(401);
  });

  test("false leaves the check to the function", async () => {
    expect((await call("hello", { headers: { authorization: "Bearer its own key" } })).status).toBe(200);
  });
});

describe("an event stream", () => {
  test("arrives event by event, while the Data API answers others", async () => {
    const controller = new AbortController();
    const response = await call("ticks", { signal: controller.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (const tick of [0, 1, 2]) {
      const { value } = await reader.read();
      expect(new TextDecoder().decode(value)).toBe(`data: ${tick}\n\n`);
    }
    expect(
      (await anonymous(stack).auth.signUp({ email: "while@example.com", password: "streaming" })).error,
    ).toBeNull();
    controller.abort();
  });

  test("is cancelled in the function when the client leaves", async () => {
    const cancelled = () => log.filter((line) => line.includes("stream cancelled")).length;
    const before = cancelled();
    const controller = new AbortController();
    const response = await call("ticks", { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await expect.poll(cancelled, { timeout: 5_000 }).toBeGreaterThan(before);
  });
});
