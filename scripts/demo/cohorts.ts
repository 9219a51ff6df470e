import type { MapPoint } from "./report/people-charts.ts";
import { readRows } from "./rows.ts";
import type { Session } from "./session.ts";

export interface Cohort {
  id: string;
  name: string;
  description: string | null;
  members: number;
  /** Mean certainty that a member belongs here, 0 to 1. */
  confidence: number;
  /** What sets it apart, the strongest first, as a sentence each. */
  traits: string[];
}

/** The active cohorts, the largest first. */
export async function readCohorts(session: Session): Promise<Cohort[]> {
  const cohorts = await readRows<{
    id: string;
    cohort_name: string | null;
    cohort_description: string | null;
    member_count: number;
    discovery_confidence: number | null;
  }>(session, {
    schema: "cohorts",
    table: "cohorts",
    columns: "id, cohort_name, cohort_description, member_count, discovery_confidence",
    where: { cohort_status: "active" },
  });
  const traits = await readTraits(session);
  return cohorts
    .map((row) => ({
      id: row.id,
      name: row.cohort_name ?? "without a name",
      description: row.cohort_description,
      members: row.member_count,
      confidence: row.discovery_confidence ?? 0,
      traits: (traits.get(row.id) ?? []).slice(0, 4),
    }))
    .sort((a, b) => b.members - a.members || a.id.localeCompare(b.id));
}

interface TraitRow {
  cohort_id: string;
  /** What the members do, and the others beside it, in words. */
  characteristic_value: { words: string };
  importance_score: number;
}

async function readTraits(session: Session): Promise<Map<string, string[]>> {
  const rows = await readRows<TraitRow>(session, {
    schema: "cohorts",
    table: "cohort_characteristics",
    columns: "cohort_id, characteristic_value, importance_score",
    where: { is_current: true },
  });
  const traits = new Map<string, string[]>();
  for (const row of rows.sort((a, b) => b.importance_score - a.importance_score)) {
    const { words } = row.characteristic_value;
    traits.set(row.cohort_id, [...(traits.get(row.cohort_id) ?? []), words]);
  }
  return traits;
}

/** Where each person lies on the map of the last clustering. */
export async function readMap(session: Session, cohorts: readonly Cohort[]): Promise<MapPoint[]> {
  const names = new Map(cohorts.map((cohort) => [cohort.id, cohort.name]));
  const rows = await readRows<{
    cohort_id: string;
    projection_x: number | null;
    projection_y: number | null;
  }>(session, {
    schema: "cohorts",
    table: "actor_cohort_membership",
    columns: "cohort_id, projection_x, projection_y",
    where: { is_active: true, membership_type: "primary" },
  });
  return rows.flatMap((row) => {
    const cohort = names.get(row.cohort_id);
    return cohort && row.projection_x !== null && row.projection_y !== null
      ? [{ x: row.projection_x, y: row.projection_y, cohort }]
      : [];
  });
}
