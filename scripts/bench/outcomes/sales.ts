/** Sales of the till with all that follows from them, beside the bare insert of the very same rows. */
import postgres from "postgres";
import { startStack } from "../../stack/start.ts";
import type { BenchRow } from "../row.ts";

const BATCH = 1_000;
const WARM = 2;
const ROUNDS = 10;
const PRODUCTS = 50;
const NOW = "2026-02-02";

export async function sales(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql`
      insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-sales') returning id`;
    const brand = row?.id as string;
    await sql`
      insert into ops.inventory (brand_id, product_id, product_name, product_category, current_stock, unit_of_measure, unit_price)
      select ${brand}, 'p' || n, 'Product ' || n, 'Category ' || n % 5, 1000000, 'piece', 5 from generate_series(1, ${PRODUCTS}) n`;
    await sql`create table bare_sales (like ops.sales_data including all)`;
    const recorded: number[] = [];
    const told: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < WARM + ROUNDS; round++) {
      const batch = Array.from({ length: BATCH }, (_, i) => sale(round * BATCH + i));
      const times = [
        await timed(
          () => sql`select count(*) from ops.record_sales(${brand}, ${sql.json(batch as never)}, ${NOW})`,
        ),
        await timed(() => sql`select private.ops_tell(${brand}, ${NOW}, ${BATCH})`),
        await timed(
          () => sql`
            insert into bare_sales select (s).* from (
              select s from ops.sales_data s where s.brand_id = ${brand} and s.transaction_id >= ${id(round * BATCH)}
              order by s.transaction_id offset 0) x`,
        ),
      ] as const;
      if (round < WARM) await sql`analyze`;
      else {
        recorded.push(times[0]);
        told.push(times[1]);
        bare.push(times[2]);
      }
    }
    const [check] = await sql`
      select (select sum(ledger_balance)::int from ops.inventory where brand_id = ${brand}) as stock,
        (select count(*)::int from ops.sales_data where brand_id = ${brand} and signal_id is not null) as told`;
    const all = (WARM + ROUNDS) * BATCH;
    if (check?.told !== all || check.stock !== PRODUCTS * 1_000_000 - all * 3)
      throw new Error(`Wrong after the run: ${JSON.stringify(check)}`);
    const total = (list: number[]) => list.reduce((sum, ms) => sum + ms, 0);
    const seconds = (total(recorded) + total(told)) / 1000;
    const rival = `${total(bare).toFixed(0)} ms for the bare insert of ${(ROUNDS * BATCH).toLocaleString("en")} rows`;
    return [
      figure("sales checked, stored, stock moved", total(recorded) / total(bare), "×", rival),
      figure("their signals told", total(told) / total(bare), "×", rival),
      figure("sales in all", (ROUNDS * BATCH) / seconds, "sales/s", rival),
    ];
  } finally {
    await sql.end({ timeout: 5 });
    await stack.close();
  }
}

const id = (n: number) => `T${String(n).padStart(8, "0")}`;

/** Two products, three units, of one of 2,000 customers. */
function sale(n: number) {
  return {
    transaction_id: id(n),
    transaction_type: "sale",
    transaction_date: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
    customer_identifier: `person${n % 2_000}@example.com`,
    order_number: `O${n}`,
    order_method: "in_store",
    payment_method: "card",
    subtotal: 15,
    total_amount: 15,
    items: [
      { product_id: `p${(n % PRODUCTS) + 1}`, quantity: 1, unit_price: 5 },
      { product_id: `p${((n * 7 + 1) % PRODUCTS) + 1}`, quantity: 2, unit_price: 5 },
    ],
  };
}

function figure(what: string, value: number, unit: string, rival: string): BenchRow {
  return { what, figure: value, unit, bar: "none", rival, passed: true };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
