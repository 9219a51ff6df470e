/** A provider that takes its time, loses answers, and writes down every message that reaches it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Arrival {
  key: string;
  at: number;
}

export interface Provider {
  url: string;
  arrivals: Arrival[];
  close(): Promise<void>;
}

const LOST = 0.02;
const BUSY = 0.02;
const LONGEST_MS = 30;

export async function startProvider(): Promise<Provider> {
  const arrivals: Arrival[] = [];
  const server = createServer((request, response) => {
    // Turned away at the door: nothing was read, nothing is sent.
    if (Math.random() < BUSY) return void response.writeHead(429, { "retry-after": "0" }).end();
    arrivals.push({ key: request.url?.slice(1) ?? "", at: Date.now() });
    const wait = Math.random() * LONGEST_MS;
    setTimeout(() => (Math.random() < LOST ? response.destroy() : response.writeHead(200).end()), wait);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
