/**
 * Done-when 1: the loop closed over a town of 5,000 people with drift, noise and duplicates, through the public functions,
 * beside random choice, the best single template, plain Thompson sampling and whoever knows everything.
 */
import postgres from "postgres";
import { mean } from "../../demo/scoring.ts";
import { startStack } from "../../stack/start.ts";
import type { BenchRow } from "../row.ts";
import { liveTown } from "./town-life.ts";
import { type CycleScore, type TownPlan, type TownScore, TownStore } from "./town-state.ts";

const SEEDS = [1, 2, 3];
const PLAN = { people: 5_000, warmUp: 4, cycles: 20 };
/** The last cycles, over which a figure is the mean. */
const LAST = 3;

export async function townRows(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const seed of SEEDS) rows.push(...judge(seed, await scoreOf({ ...PLAN, seed })));
  return rows;
}

async function scoreOf(plan: TownPlan): Promise<TownScore> {
  const store = new TownStore(plan);
  const known = store.read()?.score;
  if (known) return known;
  const stack = await startStack({ engine: "native", cron: false, dataDir: store.dataDir });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    const { score } = await liveTown(sql, plan, store);
    return score as TownScore;
  } finally {
    await sql.end();
    await stack.close();
    if (store.read()?.score) store.forgetData();
  }
}

function judge(seed: number, { cycles, correlation, pairs }: TownScore): BenchRow[] {
  const last = cycles.slice(-LAST);
  const oracle = mean(last.map((cycle) => cycle.oracle));
  const share = (of: (cycle: CycleScore) => number) => mean(last.map(of)) / oracle;
  const ours = share((cycle) => cycle.learnt);
  const rivals = {
    random: share((cycle) => cycle.random),
    "best single template": share((cycle) => cycle.rule),
    "plain Thompson": share((cycle) => cycle.thompson),
  };
  return [
    {
      what: `town ${seed}: reward of the last ${LAST} of ${cycles.length} cycles, of the best possible`,
      figure: ours,
      unit: "share",
      bar: "at least 0.85, above all rivals",
      rival: Object.entries(rivals)
        .map(([name, reward]) => `${name} ${reward.toFixed(3)}`)
        .join(", "),
      passed: ours >= 0.85 && Object.values(rivals).every((rival) => ours > rival),
    },
    {
      what: `town ${seed}: learnt and true response of ${pairs} arms`,
      figure: correlation,
      unit: "r",
      bar: "at least 0.9",
      rival: `first ${LAST} cycles ${(mean(cycles.slice(0, LAST).map((cycle) => cycle.learnt / cycle.oracle))).toFixed(3)} of the best`,
      passed: correlation >= 0.9,
    },
  ];
}
