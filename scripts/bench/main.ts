/** `npm run bench -- NAME…`: measures on the native engine, prints each figure beside its bar, exits 1 where one is missed. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { formatTable } from "../demo/tables.ts";
import type { BenchRow } from "./row.ts";

const folder = import.meta.dirname;
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.replace(".bench.ts", ""));
const names = process.argv.slice(2);
const unknown = names.filter((name) => !existsSync(join(folder, `${name}.bench.ts`)));
if (names.length === 0 || unknown.length > 0) {
  console.error(`Usage: npm run bench -- NAME…, with NAME one of: ${known.join(", ")}`);
  process.exit(2);
}

let missed = 0;
for (const name of names) {
  const { bench } = (await import(`./${name}.bench.ts`)) as { bench(): Promise<BenchRow[]> };
  const rows = await bench();
  missed += rows.filter((row) => !row.passed).length;
  const table = formatTable(
    ["", name, "figure", "unit", "bar", "compared with"],
    rows.map((row) => [
      row.passed ? "ok" : "MISSED",
      row.what,
      format(row.figure),
      row.unit,
      row.bar,
      row.rival,
    ]),
  );
  console.log(`${table}\n`);
}
process.exit(missed > 0 ? 1 : 0);

function format(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString("en") : figure.toPrecision(3);
}
