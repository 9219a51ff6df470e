import { createRandom } from "../random.ts";
import { readRows } from "../rows.ts";
import { betaInterval, calibration, type CalibrationBin, correlation, mean } from "../scoring.ts";
import type { Session } from "../session.ts";
import { CATEGORIES } from "./groups.ts";
import { type Person, phaseIn } from "./people.ts";
import type { TownRun } from "./run.ts";
import { concentrationOf } from "./watch.ts";

/** Shares believed about people against their true shares. */
export interface BeliefScore {
  count: number;
  error: number;
  errorOfAverage: number;
  correlation: number;
  calibration: number;
  /** How many of the 90% intervals hold the truth. */
  coverage: number;
  bins: CalibrationBin[];
}

export interface PreferenceRow {
  actor_id: string;
  preference_dimension: string;
  actual_strength: number | null;
  actual_confidence: number;
}

/** A category that a person has never bought has no row; it holds an equal part of what the others leave. */
function believedShares(rows: readonly PreferenceRow[]): { shares: number[]; confidence: number } {
  const known = new Map(rows.map((row) => [row.preference_dimension, row.actual_strength ?? 0]));
  const rest = 1 - [...known.values()].reduce((sum, share) => sum + share, 0);
  const missing = CATEGORIES.filter((category) => !known.has(category)).length;
  return {
    shares: CATEGORIES.map((category) => known.get(category) ?? Math.max(0, rest) / missing),
    confidence: Math.max(...rows.map((row) => row.actual_confidence)),
  };
}

export function readTastes(session: Session): Promise<PreferenceRow[]> {
  return readRows<PreferenceRow>(session, {
    schema: "actors",
    table: "actor_preferences",
    columns: "actor_id, preference_dimension, actual_strength, actual_confidence",
    where: { is_current: true, preference_category: "category" },
  });
}

export function scoreBeliefs(
  rows: readonly PreferenceRow[],
  run: TownRun,
  people: ReadonlyMap<string, Person>,
): BeliefScore {
  const byActor = new Map<string, PreferenceRow[]>();
  for (const row of rows) byActor.set(row.actor_id, [...(byActor.get(row.actor_id) ?? []), row]);
  const random = createRandom(1);
  const points = [...byActor].flatMap(([actor, known]) => {
    const person = people.get(actor);
    if (!person) return [];
    const { shares, confidence } = believedShares(known);
    const { tastes } = phaseIn(person, run.lastWeek);
    return shares.map((predicted, category) => {
      const actual = tastes[category] as number;
      const [low, high] = betaInterval(predicted, concentrationOf(confidence), 0.9, random, 200);
      return { predicted, actual, category, isCovered: low <= actual && actual <= high };
    });
  });
  const averages = CATEGORIES.map((_, category) => {
    return mean(run.town.map((person) => phaseIn(person, run.lastWeek).tastes[category] as number));
  });
  const { bins, error } = calibration(points, 10);
  return {
    count: points.length,
    error: mean(points.map((point) => Math.abs(point.predicted - point.actual))),
    errorOfAverage: mean(
      points.map((point) => Math.abs((averages[point.category] as number) - point.actual)),
    ),
    correlation: correlation(points.map((point) => [point.predicted, point.actual])),
    calibration: error,
    coverage: mean(points.map((point) => Number(point.isCovered))),
    bins,
  };
}
