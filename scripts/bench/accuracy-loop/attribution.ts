/** How near the attribution comes to what channels really cause, and whether its intervals are honest. */
import type { Engine } from "../../stack/types.ts";
import { CHANNELS, type Journeys, shares, simulateJourneys } from "../generators/journeys.ts";
import type { BenchRow } from "../row.ts";
import { loadJourneys } from "./journeys.ts";

const PEOPLE = 20_000;
const HOLDOUT = 0.1;
/** The seeds of the rivals' figures, through all of outcomes.attribute. */
const SEEDS = Array.from({ length: 12 }, (_, index) => 101 + index);
/** Twelve seeds cannot tell 90% from 80%: so many more, through the estimator alone. */
const MORE_SEEDS = Array.from({ length: 88 }, (_, index) => 1001 + index);

interface Estimate {
  group_key: string;
  share: number | null;
  share_lower: number;
  share_upper: number;
}

interface Score {
  error: number;
  tau: number;
  covered: boolean[];
}

export async function attributionRows(engine: Engine): Promise<BenchRow[]> {
  const holdout: Score[] = [];
  const last: Score[] = [];
  for (const seed of SEEDS) {
    const simulated = simulateJourneys(seed, PEOPLE, HOLDOUT);
    const brand = await loadJourneys(engine, `journeys-${seed}`, simulated.journeys);
    const rows = await engine.query<Estimate & { model: string }>(
      "select model, group_key, share, share_lower, share_upper from outcomes.attribute($1::uuid, '2026-03-01', '2026-04-01', 'channel', '{last, holdout}')",
      [brand],
    );
    const of = (model: string) =>
      score(
        simulated,
        rows.filter((row) => row.model === model),
      );
    holdout.push(of("holdout"));
    last.push(of("last"));
    console.error(`  attribution, seed ${seed}: error ${holdout.at(-1)?.error.toFixed(4)}`);
  }
  const more: Score[] = [];
  for (const seed of MORE_SEEDS) more.push(await estimate(engine, simulateJourneys(seed, PEOPLE, HOLDOUT)));
  const all = [...holdout, ...more];
  const coverages = CHANNELS.map((_, channel) => mean(all.map(({ covered }) => (covered[channel] ? 1 : 0))));
  const rival = `holdout logit .040 and .76; last touch here ${mean(last.map((s) => s.error)).toFixed(3)} and ${mean(last.map((s) => s.tau)).toFixed(2)}`;
  return [
    row(
      "attribution: mean error of a channel's share, 12 seeds",
      mean(holdout.map((s) => s.error)),
      "at most 0.030",
      rival,
      (x) => x <= 0.03,
    ),
    row(
      "attribution: Kendall tau of the order of the channels, 12 seeds",
      mean(holdout.map((s) => s.tau)),
      "at least 0.85",
      rival,
      (x) => x >= 0.85,
    ),
    row(
      `attribution: mean error, ${all.length} seeds`,
      mean(all.map((s) => s.error)),
      "at most 0.030",
      rival,
      (x) => x <= 0.03,
    ),
    row(
      `attribution: Kendall tau, ${all.length} seeds`,
      mean(all.map((s) => s.tau)),
      "at least 0.85",
      rival,
      (x) => x >= 0.85,
    ),
    row(
      `attribution: coverage of the 90% intervals, ${all.length} seeds`,
      mean(coverages),
      "0.85 to 0.95",
      "no rival gives intervals",
      between,
    ),
    row(
      "attribution: coverage of the worst channel",
      Math.min(...coverages),
      "at least 0.85, less two standard errors of 100 seeds (0.07)",
      "no rival gives intervals",
      (x) => x >= 0.78,
    ),
    row(
      "attribution: coverage of the widest channel",
      Math.max(...coverages),
      "at most 0.95, and two standard errors (0.04)",
      "no rival gives intervals",
      (x) => x <= 0.99,
    ),
  ];
}

/** The causal model by itself, on the counted patterns. */
async function estimate(engine: Engine, simulated: Journeys): Promise<Score> {
  const counts = new Map<string, number>();
  for (const { eligible, exposed, responded } of simulated.journeys) {
    const key = `(${eligible},${exposed},${responded ? "t" : "f"},`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const patterns = [...counts].map(([key, people]) => `"${key}${people})"`).sort();
  const rows = await engine.query<Estimate & { group_number: number }>(ESTIMATE, [`{${patterns.join(",")}}`]);
  return score(
    simulated,
    rows.map((found) => ({ ...found, group_key: CHANNELS[found.group_number - 1] as string })),
  );
}

const ESTIMATE = `
  select e.group_number, e.share, e.share_lower, e.share_upper
  from (select $1::text::private.journey_pattern[] as patterns) p
  cross join lateral (select array(select f from private.fit_intent(p.patterns, 6) f) as fits) f
  cross join lateral private.intent_effects(p.patterns, 6, f.fits, 200, 1) e`;

function score({ truth }: Journeys, rows: readonly Estimate[]): Score {
  const found = CHANNELS.map((channel) => rows.find((row) => row.group_key === channel) as Estimate);
  const estimated = shares(found.map(({ share }) => share ?? 0));
  return {
    error: mean(estimated.map((share, channel) => Math.abs(share - (truth[channel] as number)))),
    tau: kendall(estimated, truth),
    covered: found.map(
      ({ share_lower, share_upper }, channel) =>
        (truth[channel] as number) >= share_lower && (truth[channel] as number) <= share_upper,
    ),
  };
}

function kendall(a: readonly number[], b: readonly number[]): number {
  const signs = a.flatMap((_, i) =>
    a.slice(i + 1).map((_, rest) => {
      const j = i + 1 + rest;
      return Math.sign((a[i] as number) - (a[j] as number)) * Math.sign((b[i] as number) - (b[j] as number));
    }),
  );
  return mean(signs);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function between(coverage: number): boolean {
  return coverage >= 0.85 && coverage <= 0.95;
}

function row(
  what: string,
  figure: number,
  bar: string,
  rival: string,
  passes: (figure: number) => boolean,
): BenchRow {
  return { what, figure, unit: "", bar, rival, passed: passes(figure) };
}
