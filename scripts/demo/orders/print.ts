import { formatNumber, formatPercent, formatTable, heading } from "../tables.ts";
import type { OrdersResult } from "./run.ts";

/** The result for people at a terminal. */
export function printOrders(result: OrdersResult): void {
  const { file, intake, stored } = result;
  console.log(heading(`What became of the ${formatNumber(file.lineCount)} lines of ${result.fileName}`));
  const total = file.fates.reduce((sum, [, count]) => sum + count, 0);
  console.log(formatTable(["fate", "lines"], [...file.fates, ["all lines", total]]));
  if (total !== file.lineCount) throw new Error(`${file.lineCount - total} lines are not accounted for.`);
  console.log(
    `\n  ${formatNumber(file.orders)} orders and ${formatNumber(file.refunds)} refunds of ${formatNumber(file.customers)} customers.` +
      ` Of the returned pieces ${formatNumber(file.returnedPieces.linked)} were found among earlier orders,` +
      ` ${formatNumber(file.returnedPieces.unmatched)} were bought before the file begins.`,
  );

  console.log(heading("Intake"));
  const rows: [string, number][] = [["accepted", intake.accepted]];
  for (const [kind, count] of intake.duplicates)
    rows.push([`duplicate, ${kind.replaceAll("_", " ")}`, count]);
  for (const [reason, count] of intake.rejected) rows.push([`rejected, ${reason}`, count]);
  console.log(formatTable(["verdict", "signals"], [...rows, ["all signals", file.signals.length]]));
  console.log(
    `\n  ${intake.accepted === 0 ? "0 new signals: this file was taken in before." : `${formatNumber(intake.accepted)} new signals.`}`,
  );
  console.log(
    `  The database holds ${formatNumber(stored.signals)} signals, ${formatNumber(stored.actors)} people and ${formatNumber(stored.evidence)} pieces of evidence.`,
  );

  console.log(heading(`${file.categories.length} product categories found in the descriptions`));
  console.log(
    formatTable(
      ["category", "share of purchases", "dispersion"],
      file.categories.map((row) => [row.name, formatPercent(row.share, 1), formatNumber(row.dispersion, 1)]),
      { right: [1, 2] },
    ),
  );

  console.log(heading("Beliefs about three people"));
  for (const shopper of result.shoppers) {
    console.log(`\n  ${shopper.name}, ${shopper.signals} signals`);
    const beliefs = shopper.beliefs.map((row) => [
      row.text,
      row.value,
      formatPercent(row.confidence),
      row.evidence,
    ]);
    console.log(
      formatTable(["belief", "value", "confidence", "evidence"], beliefs, {
        indent: "    ",
        right: [1, 2, 3],
      }),
    );
  }

  console.log(heading(`${result.cohorts.length} cohorts`));
  for (const cohort of result.cohorts) {
    console.log(
      `\n  ${cohort.name}: ${cohort.members} people, membership ${formatPercent(cohort.confidence)} sure`,
    );
    for (const trait of cohort.traits) console.log(`    · ${trait}`);
  }

  console.log(heading("Proposed offers, waiting for approval"));
  for (const offer of result.offers) {
    console.log(`\n  ${offer.name}`);
    console.log(`    ${offer.body}`);
    for (const reason of offer.reasons) console.log(`    because: ${reason}`);
  }
}
