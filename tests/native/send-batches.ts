/** A client of durability.test.ts that gets killed: sends 40 batches of 100 signals and prints a line for each that was taken. */
import postgres from "postgres";
import { orderSignals } from "../support/signals.ts";

const [url, brand] = process.argv.slice(2) as [string, string];
const sql = postgres(url, { max: 1, onnotice: () => {} });
for (let batch = 0; batch < 40; batch += 1) {
  const signals = orderSignals(batch * 100, (batch + 1) * 100);
  await sql`select count(*) from signals.ingest(${brand}::uuid, ${sql.json(signals as never)}, null, '2026-03-01')`;
  console.log(batch);
}
await sql.end();
