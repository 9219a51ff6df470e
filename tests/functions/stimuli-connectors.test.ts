import {
  Agent,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { isPublic } from "../../functions/stimuli/connectors/address.ts";
import type { Connector, Message } from "../../functions/stimuli/connectors/connector.ts";
import { smtp } from "../../functions/stimuli/connectors/smtp.ts";
import { type Network, webhook } from "../../functions/stimuli/connectors/webhook.ts";
import { whatsapp } from "../../functions/stimuli/connectors/whatsapp.ts";
import { isStandardSigned } from "../../functions/stimuli/webhooks/standard.ts";
import { startSmtp } from "../support/smtp.ts";

const message: Message = {
  deploymentId: "0190aaaa-0000-7000-8000-000000000001",
  stimulusId: "s",
  brandId: "b",
  actorId: "a",
  channel: "email",
  to: "ada@example.com",
  content: { subject: "Tea for you", body: "Hello Ada", html: "<p>Hello Ada</p>" },
  unsubscribeUrl: "https://shop.example/unsubscribe/token",
};
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function send(
  connector: Connector,
  change: Partial<Message> = {},
  ms = 5_000,
  notAfter = Number.POSITIVE_INFINITY,
) {
  const handOver = { idempotencyKey: "loopwise-1", signal: AbortSignal.timeout(ms), notAfter };
  return connector.send({ ...message, ...change }, handOver);
}

async function mailServer(script = {}) {
  const server = await startSmtp(script);
  const connector = smtp({
    host: "127.0.0.1",
    port: server.port,
    from: "shop@example.com",
    from_name: "Shop",
    allow_plaintext: true,
  });
  closers.push(
    () => server.close(),
    () => connector.close(),
  );
  return { server, connector };
}

test("an e-mail has a plain part, a Message-ID of its key, and ends in one click", async () => {
  const { server, connector } = await mailServer();
  expect(await send(connector)).toEqual({ kind: "sent", providerMessageId: "<loopwise-1@example.com>" });
  const { source } = server.mails[0] as { source: string };
  expect(source).toContain("Message-ID: <loopwise-1@example.com>");
  expect(source).toContain("List-Unsubscribe: <https://shop.example/unsubscribe/token>");
  expect(source).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  expect(source).toMatch(/Content-Type: text\/plain[\s\S]*Content-Type: text\/html/);
});

test("nothing in a content becomes a header or a second recipient", async () => {
  const { server, connector } = await mailServer();
  const subject = "Tea\r\nBcc: eve@example.com\u2028X: 1\u0000";
  expect((await send(connector, { content: { subject, body: "Hi\r\n.\r\nMAIL FROM:<x@y.z>" } })).kind).toBe(
    "sent",
  );
  expect(server.mails).toHaveLength(1);
  const [headers] = (server.mails[0]?.source ?? "").split("\r\n\r\n");
  expect(headers).not.toMatch(/^(Bcc|X):/im);
  for (const to of [
    "ada@example.com\r\nRCPT TO:<eve@example.com>",
    "a@b.c, eve@example.com",
    "<eve@example.com>",
  ])
    expect(await send(connector, { to })).toEqual({ kind: "rejected", code: "address_invalid" });
});

test("one line serves many mails, and one that the server has cut is replaced", async () => {
  const { server, connector } = await mailServer();
  await send(connector);
  await send(connector);
  expect(server.connections).toBe(1);
  server.cut();
  expect((await send(connector)).kind).toBe("sent");
  expect([server.connections, server.mails.length]).toEqual([2, 3]);
});

test.each([
  [{ rcpt: "550 no such user" }, "rejected", "550"],
  [{ end: "554 spam" }, "rejected", "554"],
  [{ rcpt: "451 later" }, "retry", "451"],
  [{ end: "452 full" }, "retry", "452"],
  [{ greeting: "close" }, "retry", "ECONNECTION"],
  [{ greeting: "silence" }, "retry", "ETIMEDOUT"],
  [{ greeting: "\u0000\u0001 garbage" }, "retry", "EPROTOCOL"],
  [{ rcpt: "close" }, "retry", "ECONNECTION"],
  [{ data: "close" }, "retry", "ECONNECTION"],
  [{ end: "close" }, "unknown", "ECONNECTION"],
  [{ end: "silence" }, "unknown", "ETIMEDOUT"],
])("a mail server that says %j is understood as %s", async (script, kind, code) => {
  const { connector } = await mailServer(script);
  expect(await send(connector, {}, 400)).toMatchObject({ kind, code });
});

test("without TLS nothing is sent, and a message whose moment has passed is given back", async () => {
  const server = await startSmtp();
  const strict = smtp({ host: "127.0.0.1", port: server.port, from: "shop@example.com" });
  closers.push(
    () => server.close(),
    () => strict.close(),
  );
  expect((await send(strict)).kind).toBe("retry");
  const { connector, server: other } = await mailServer();
  expect(await send(connector, {}, 5_000, performance.now() - 1)).toEqual({ kind: "released" });
  expect([server.mails.length, other.mails.length]).toEqual([0, 0]);
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;
async function httpServer(handler: Handler): Promise<number> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => handler(request, response, body));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return (server.address() as AddressInfo).port;
}

const meta = (port: number) =>
  whatsapp({
    access_token: "t",
    phone_number_id: "123",
    base_url: `http://127.0.0.1:${port}`,
    api_version: "v23.0",
  });
const toPhone = { channel: "whatsapp", to: "+4917012345678" };
const fault =
  (status: number, code: number, headers = {}): Handler =>
  (_, response) =>
    response.writeHead(status, headers).end(JSON.stringify({ error: { code, message: "no" } }));

test.each<[string, Handler, object]>([
  [
    "takes it",
    (_, r) => r.end('{"messages": [{"id": "wamid.1"}]}'),
    { kind: "sent", providerMessageId: "wamid.1" },
  ],
  ["says garbage", (_, r) => r.end("<html>"), { kind: "unknown", code: "answer_garbled" }],
  ["drips an endless answer", (_, r) => void r.write(`[${" ".repeat(100_000)}`), { kind: "unknown" }],
  ["cuts the line", (q) => q.socket.destroy(), { kind: "unknown", code: "answer_lost" }],
  ["is silent", () => {}, { kind: "unknown", code: "answer_lost" }],
  ["says that the 24 hours are over", fault(400, 131047), { kind: "rejected", code: "131047" }],
  ["knows no such number", fault(400, 131026), { kind: "rejected", code: "131026" }],
  [
    "asks for patience",
    fault(429, 130429, { "retry-after": "7" }),
    { kind: "retry", code: "130429", afterSeconds: 7 },
  ],
  ["refuses the token", fault(401, 190), { kind: "retry", code: "190" }],
  ["fails on the way", (_, r) => void r.writeHead(502).end(), { kind: "unknown", code: "502" }],
  [
    "sends elsewhere",
    (_, r) => void r.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    { kind: "rejected", code: "302" },
  ],
])("a WhatsApp API that %s is understood", async (_, handler, answer) => {
  expect(await send(meta(await httpServer(handler)), toPhone, 400)).toMatchObject(answer);
});

test("WhatsApp gets a text or a template, and nothing where nobody listens", async () => {
  const bodies: string[] = [];
  const port = await httpServer((_, response, body) => {
    bodies.push(body);
    response.end('{"messages": [{"id": "w"}]}');
  });
  await send(meta(port), {
    ...toPhone,
    content: { body: "Hi", whatsapp_template: { name: "sale", language: "de" } },
  });
  await send(meta(port), { ...toPhone, content: { body: "Hi", call_to_action: "Look" } });
  expect(JSON.parse(bodies[0] as string)).toMatchObject({
    to: "+4917012345678",
    type: "template",
    template: { name: "sale", language: { code: "de" } },
  });
  expect(JSON.parse(bodies[1] as string)).toMatchObject({ type: "text", text: { body: "Hi\n\nLook" } });
  const closed = await httpServer(() => {});
  await closers.pop()?.();
  expect(await send(meta(closed), toPhone)).toMatchObject({ kind: "retry", code: "unreachable" });
});

const SECRET = `whsec_${Buffer.from("a secret of a brand").toString("base64")}`;
/** The test's own network: every name is this machine, and TLS is left out. */
const local = (port: number): Network => ({
  addressOf: async () => "127.0.0.1",
  request: (options) => httpRequest({ ...options, port, agent: new Agent() }),
});
const hook = (port: number) => webhook({ url: "https://hooks.example/in?x=1", secret: SECRET }, local(port));

test("a webhook is signed, carries its key, and names the host", async () => {
  let seen: { headers: IncomingMessage["headers"]; url?: string; body: string } | undefined;
  const port = await httpServer(({ headers, url }, response, body) => {
    seen = { headers, url, body };
    response.end('{"id": "their-1"}');
  });
  expect(await send(hook(port))).toEqual({ kind: "sent", providerMessageId: "their-1" });
  expect(seen?.headers).toMatchObject({
    host: "hooks.example",
    "webhook-id": "loopwise-1",
    "idempotency-key": "loopwise-1",
  });
  expect(seen?.url).toBe("/in?x=1");
  const bytes = new TextEncoder().encode(seen?.body);
  const headers = new Headers(seen?.headers as Record<string, string>);
  expect(await isStandardSigned(SECRET, headers, bytes)).toBe(true);
  expect(await isStandardSigned(SECRET, headers, bytes, Date.now() + 301_000)).toBe(false);
  expect(await isStandardSigned(SECRET, headers, bytes.with(3, 0))).toBe(false);
  expect(await isStandardSigned("", headers, bytes)).toBe(false);
});

test.each<[string, Handler, object]>([
  [
    "redirects",
    (_, r) => void r.writeHead(307, { location: "http://169.254.169.254/" }).end(),
    { kind: "rejected", code: "redirected" },
  ],
  [
    "is busy",
    (_, r) => void r.writeHead(503, { "retry-after": "30" }).end(),
    { kind: "retry", code: "503", afterSeconds: 30 },
  ],
  ["fails", (_, r) => void r.writeHead(500).end(), { kind: "unknown", code: "500" }],
  ["does not want it", (_, r) => void r.writeHead(410).end(), { kind: "rejected", code: "410" }],
  [
    "answers without end",
    (_, r) => void r.write(" ".repeat(1_000_000)),
    { kind: "sent", providerMessageId: null },
  ],
  ["cuts the line", (q) => q.socket.destroy(), { kind: "unknown", code: "answer_lost" }],
  ["is silent", () => {}, { kind: "unknown", code: "answer_lost" }],
])("a receiver that %s is understood", async (_, handler, answer) => {
  expect(await send(hook(await httpServer(handler)), {}, 400)).toMatchObject(answer);
});

test("a webhook reaches no private network", async () => {
  for (const url of ["http://hooks.example/", "ftp://x.example/", "https://user:pass@x.example/", "nonsense"])
    expect(() => webhook({ url, secret: SECRET })).toThrow("https");
  for (const host of ["localhost", "127.0.0.1", "[::1]", "0x7f.1", "2130706433", "[::ffff:10.0.0.1]"])
    expect(await send(webhook({ url: `https://${host}/`, secret: SECRET }))).toEqual({
      kind: "rejected",
      code: "address_not_public",
    });
  const closed =
    "0.0.0.0 10.1.2.3 100.64.0.1 127.8.8.8 169.254.169.254 172.31.255.255 192.168.0.1 198.19.0.1 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fc00::1 ::ffff:8.8.8.8 64:ff9b::a00:1 2002:a00:1::1 2001:db8::1 2001:0:1::1 x";
  expect(closed.split(" ").filter(isPublic)).toEqual([]);
  const open = "8.8.8.8 172.15.0.1 172.32.0.1 192.167.1.1 100.128.0.1 2606:4700::1111 2a00:1450:4001::1";
  expect(open.split(" ").filter((address) => !isPublic(address))).toEqual([]);
});
