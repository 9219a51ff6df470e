/**
 * How well the loop acts, measures and learns, against generators with a known truth, all through the real SQL. The
 * whole takes most of an hour; LOOPWISE_BENCH_PARTS=town,attribution takes some of it.
 */
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { attributionRows } from "./accuracy-loop/attribution.ts";
import { experimentRows } from "./accuracy-loop/experiments.ts";
import { policyValueRows } from "./accuracy-loop/policy-value.ts";
import { realOrderRows } from "./accuracy-loop/real-orders.ts";
import { sendingRows } from "./accuracy-loop/sending.ts";
import { townRows } from "./accuracy-loop/town.ts";
import type { BenchRow } from "./row.ts";

const PARTS: Record<string, () => Promise<BenchRow[]>> = {
  experiments: () => inStack((engine) => experimentRows((text, params) => engine.query(text, params))),
  attribution: () => inStack(attributionRows),
  "real-orders": () => inStack(realOrderRows),
  "policy-value": () => inStack(policyValueRows),
  sending: sendingRows,
  town: townRows,
};

export async function bench(): Promise<BenchRow[]> {
  const wanted = process.env.LOOPWISE_BENCH_PARTS?.split(",") ?? Object.keys(PARTS);
  const rows: BenchRow[] = [];
  for (const name of wanted) {
    const part = PARTS[name];
    if (!part) throw new Error(`There is no part ${name}, only ${Object.keys(PARTS).join(", ")}.`);
    rows.push(...(await part()));
  }
  return rows;
}

async function inStack(part: (engine: Engine) => Promise<BenchRow[]>): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    return await part(stack.engine);
  } finally {
    await stack.close();
  }
}
