import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

/** Texts made from one template are near to each other by the thousand: comparing each two of them took minutes. */
const MESSAGES = 600;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
});
afterAll(() => stack?.close());

async function millisecondsFor(text: (n: number) => string): Promise<number> {
  const [brand] = await stack.engine.query<{ id: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Texts', 'texts-' || gen_random_uuid()) returning id",
  );
  const messages = Array.from({ length: MESSAGES }, (_, n) => {
    const phone = `+4917${10_000_000 + n * 37}`;
    return {
      type: "whatsapp_message",
      source_platform: "whatsapp",
      source_id: `m${n}`,
      occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
      data: { sender_phone: phone, message_text: text(n) },
    };
  });
  const started = performance.now();
  const [row] = await stack.engine.query<{ accepted: number }>(
    "select count(*) filter (where verdict = 'accepted')::int as accepted from signals.ingest($1::uuid, $2::jsonb)",
    [brand?.id, JSON.stringify(messages)],
  );
  expect(row?.accepted).toBe(MESSAGES);
  return performance.now() - started;
}

/** Words that no other text has: a hash of n in base 36, in groups. */
const own = (n: number, words: number) =>
  Array.from({ length: words }, (_, i) => ((n * words + i + 1) * 2_654_435_761).toString(36)).join(" ");

test("a batch of texts from one template costs at most 30 times one of texts without anything in common", async () => {
  const template = own(MESSAGES, 20);
  const different = await millisecondsFor((n) => own(n, 40));
  expect(await millisecondsFor((n) => `${template} ${own(n, 20)}`)).toBeLessThan(30 * different);
});
