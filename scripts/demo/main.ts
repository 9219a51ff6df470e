import { parseArgs } from "node:util";

const USAGE = `npm run demo                      the whole loop on a simulated town
npm run demo -- --orders FILE     people, cohorts and offers from real orders (csv or csv.gz)
        --report FILE             where to write the report (default report.html)`;

const { values } = parseArgs({
  options: {
    orders: { type: "string" },
    report: { type: "string", default: "report.html" },
    help: { type: "boolean" },
  },
});

if (values.help) console.log(USAGE);
else {
  const startedAt = Date.now();
  // Each demonstration is loaded when asked for; the stack alone takes a second.
  if (values.orders === undefined) await (await import("./town/demo.ts")).demonstrateTown(values.report);
  else await (await import("./orders/run.ts")).runOrders(values.orders, values.report);
  console.log(`Done in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}
