/**
 * Planted evolution: people in groups that split, merge, dissolve and emerge, window after window, through runs as in
 * production. Once the runs look for the groups by themselves; once they are told them, so that what a missed group and what
 * a wrong match cost can be told apart.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type EvolutionWindow, generateEvolution } from "../generators/evolution.ts";
import type { BenchRow } from "../row.ts";
import {
  cohortsOf,
  dayOf,
  discoverGroups,
  eventsOf,
  measurePeople,
  plantPeople,
  tellGroups,
  type Discover,
  type Query,
} from "./evolution-brand.ts";

const SEEDS = [1, 2, 3, 4, 5];
/** Where the groups are told there is less chance in it. */
const TOLD_SEEDS = SEEDS.slice(0, 2);
const HELPERS = join(import.meta.dirname, "../../../tests/support/planted.sql");
/** What an event of the log says about the planted change; sizes and survivals say nothing about one. */
const CHANGES: Record<string, string> = {
  split: "split",
  merged: "merge",
  dissolved: "dissolve",
  born: "emerge",
};

interface Score {
  right: number;
  wrong: number;
  missed: number;
  /** Windows in which nothing happened, and the events of any kind told in them. */
  quiet: number;
  falseEvents: number;
  /** People whose group went on, and those of them who kept their cohort. */
  stayed: number;
  kept: number;
  /** Everybody, and those who were in the same cohort before. */
  everybody: number;
  same: number;
}

export async function evolutionRows(query: Query): Promise<BenchRow[]> {
  await query("create schema if not exists tests");
  for (const statement of readFileSync(HELPERS, "utf8").split(/(?<=^\$\$;)$/m)) {
    if (statement.trim()) await query(statement);
  }
  const found = await score(query, SEEDS, discoverGroups(query));
  const told = await score(query, TOLD_SEEDS, tellGroups(query, 0, 0));
  const vague = await score(query, TOLD_SEEDS, tellGroups(query, 0.1, 0.2));
  return [
    ...eventRows("planted evolution, k unknown", found),
    keptRow("planted evolution, k unknown", found),
    ...eventRows("planted evolution, groups told", told),
    keptRow("planted evolution, groups told", told),
    ...eventRows("planted evolution, 1 in 10 told wrong, 2 in 10 in no group", vague),
  ];
}

function eventRows(what: string, score: Score): BenchRow[] {
  const f1 = (2 * score.right) / (2 * score.right + score.wrong + score.missed);
  const noise = (20 * score.falseEvents) / score.quiet;
  return [
    {
      what: `${what}: F1 of events`,
      figure: f1,
      unit: "share",
      bar: "at least 0.9",
      rival: `0.643: MONIC after k-means by silhouette; ours ${score.right} right, ${score.wrong} wrong, ${score.missed} missed`,
      passed: f1 >= 0.9,
    },
    {
      what: `${what}: false events in 20 quiet windows`,
      figure: noise,
      unit: "events",
      bar: "at most 1",
      rival: `${score.falseEvents} of any kind in ${score.quiet} quiet windows`,
      passed: noise <= 1,
    },
  ];
}

function keptRow(what: string, score: Score): BenchRow {
  const kept = score.kept / score.stayed;
  return {
    what: `${what}: people who keep their cohort where their group goes on`,
    figure: kept,
    unit: "share",
    bar: "at least 0.95",
    rival: `of everybody ${(score.same / score.everybody).toFixed(3)}; MONIC 0.93 to 0.95, labels as they come 0.15`,
    passed: kept >= 0.95,
  };
}

async function score(query: Query, seeds: number[], discover: Discover): Promise<Score> {
  const total: Score = {
    right: 0,
    wrong: 0,
    missed: 0,
    quiet: 0,
    falseEvents: 0,
    stayed: 0,
    kept: 0,
    everybody: 0,
    same: 0,
  };
  for (const seed of seeds) {
    const windows = generateEvolution(seed);
    const [brand, people] = await plantPeople(query, windows[0] as EvolutionWindow);
    let before: (string | null)[] = [];
    for (const [t, window] of windows.entries()) {
      const at = dayOf(t);
      await measurePeople(query, brand, people, window, at);
      await discover(brand, people, window, at);
      const cohorts = await cohortsOf(query, brand, people);
      if (t > 0) {
        judgeEvents(total, window, await eventsOf(query, brand, at));
        judgePeople(total, windows[t - 1] as EvolutionWindow, window, before, cohorts);
      }
      before = cohorts;
    }
  }
  return total;
}

function judgeEvents(total: Score, window: EvolutionWindow, events: string[]): void {
  const seen = new Set(events.flatMap((event) => CHANGES[event] ?? []));
  const planted = window.change === "quiet" ? [] : [window.change as string];
  total.right += planted.filter((change) => seen.has(change)).length;
  total.missed += planted.filter((change) => !seen.has(change)).length;
  total.wrong += [...seen].filter((change) => !planted.includes(change)).length;
  if (window.change !== "quiet") return;
  total.quiet++;
  total.falseEvents += events.length;
}

function judgePeople(
  total: Score,
  earlier: EvolutionWindow,
  window: EvolutionWindow,
  before: (string | null)[],
  now: (string | null)[],
): void {
  window.groups.forEach((group, person) => {
    const same = now[person] !== null && now[person] === before[person] ? 1 : 0;
    total.everybody++;
    total.same += same;
    if (group !== earlier.groups[person] || window.touched.has(group)) return;
    total.stayed++;
    total.kept += same;
  });
}
