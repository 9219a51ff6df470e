import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

/** Many tills at once: stock is exact, nothing deadlocks, and what they sell and take back counts once. */
const products = ["tea", "cup", "jam"];
let stack: Stack;
let sql: postgres.Sql;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
  sql = postgres(stack.engine.databaseUrl as string, { max: 50, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

async function newShop(stock: number): Promise<string> {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Tills', 'tills-' || gen_random_uuid()) returning id`;
  const brand = row?.id as string;
  await sql`
    insert into ops.inventory (brand_id, product_id, product_name, current_stock, unit_of_measure, reorder_point)
    select ${brand}, p, p, ${stock}, 'piece', 5 from unnest(${products}::text[]) p`;
  return brand;
}

/** Goods in an order of their own for each transaction, so that tills reach for them from both sides. */
const transaction = (id: string, over: Record<string, unknown> = {}, turn = 0) => ({
  transaction_id: id,
  transaction_type: "sale",
  transaction_date: "2026-02-01T10:00:00Z",
  order_method: "in_store",
  payment_method: "card",
  subtotal: 3,
  total_amount: 3,
  items: products.map((_, i) => ({
    product_id: products[(i + turn) % products.length],
    quantity: 1,
    unit_price: 1,
  })),
  ...over,
});

const record = (brand: string, sales: unknown[]) =>
  sql`select verdict, error_code from ops.record_sales(${brand}, ${sql.json(sales as never)}, '2026-02-02')`;

async function stockOf(brand: string) {
  const rows = await sql`
    select i.current_stock, i.ledger_balance::int, (select sum(m.units)::int from ops.stock_movements m where m.inventory_id = i.id) as moved
    from ops.inventory i where i.brand_id = ${brand} order by i.product_id`;
  return rows.map((row) => [row.current_stock, row.ledger_balance, row.moved]);
}

test("fifty sales of the last forty units leave no stock, ten that the books did not have, and one alert each", async () => {
  const brand = await newShop(40);
  const verdicts = await Promise.all(
    Array.from({ length: 50 }, (_, i) => record(brand, [transaction(`T${i}`, {}, i)])),
  );
  expect(verdicts.flat().every((row) => row.verdict === "accepted")).toBe(true);
  expect(await stockOf(brand)).toEqual(products.map(() => [0, -10, -10]));
  const alerts = await sql`
    select split_part(alert_key, ':', 1) as kind, count(*)::int from ops.operational_alerts where brand_id = ${brand} group by 1 order by 1`;
  expect([...alerts]).toEqual([
    { kind: "low_stock", count: 3 },
    { kind: "oversold", count: 3 },
  ]);
});

test("one transaction that fifty tills send at once is one sale", async () => {
  const brand = await newShop(100);
  const verdicts = await Promise.all(
    Array.from({ length: 50 }, () => record(brand, [transaction("same"), transaction("again", {}, 1)])),
  );
  const count = (verdict: string) => verdicts.flat().filter((row) => row.verdict === verdict).length;
  expect([count("accepted"), count("duplicate")]).toEqual([2, 98]);
  expect(await stockOf(brand)).toEqual(products.map(() => [98, 98, 98]));
});

test("sales and returns of the same orders from all sides at once end as one after the other", async () => {
  const brand = await newShop(1000);
  // Of each of 20 orders: a sale, and three returns of everything, of which one can have an effect.
  const events = Array.from({ length: 20 }, (_, i) => [
    transaction(`S${i}`, { order_number: `O${i}` }, i),
    transaction(`S${i}`, { transaction_type: "refund" }, i + 1),
    transaction(`R${i}`, { transaction_type: "refund", order_number: `O${i}` }, i + 2),
    transaction(`V${i}`, { transaction_type: "void", order_number: `S${i}` }, i),
  ]).flat();
  const shuffled = events
    .map((event, i) => ({ event, key: (i * 7919) % 101 }))
    .sort((a, b) => a.key - b.key)
    .map(({ event }) => event);
  const verdicts = await Promise.all(shuffled.map((event) => record(brand, [event])));
  expect(verdicts.flat().every((row) => row.verdict === "accepted")).toBe(true);
  expect(await stockOf(brand)).toEqual(products.map(() => [1000, 1000, 1000]));
  const [returned] = await sql`
    select sum(m.units)::int as units from ops.stock_movements m where m.brand_id = ${brand} and m.reason = 'refund'`;
  expect(returned?.units).toBe(60);
});

test("two workers that tell signals of the same sales tell each once, and no till waits for them", async () => {
  const brand = await newShop(1000);
  const sales = (from: number) =>
    Array.from({ length: 100 }, (_, i) =>
      transaction(`C${from + i}`, { customer_identifier: `person${i % 30}@example.com` }),
    );
  await record(brand, sales(0));
  const [told] = await Promise.all([
    Promise.all([1, 2].map(() => sql`select private.ops_tell(${brand}, '2026-02-03', 60) as count`)),
    record(brand, sales(100)),
  ]);
  expect(told.flat().reduce((sum, row) => sum + row.count, 0)).toBeLessThanOrEqual(120);
  for (let left = 1; left > 0; ) {
    const [row] = await sql`select private.ops_tell(${brand}, '2026-02-03', 1000) as count`;
    left = row?.count as number;
  }
  const [signals] = await sql`
    select count(*)::int, count(distinct source_id)::int as sales, count(*) filter (where is_duplicate)::int as duplicates
    from signals.signals_base where brand_id = ${brand}`;
  expect(signals).toEqual({ count: 200, sales: 200, duplicates: 0 });
});
