import type { MapPoint } from "./report/people-charts.ts";
import { readRows } from "./rows.ts";
import type { Session } from "./session.ts";
import { formatNumber, formatPercent } from "./tables.ts";

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
  characteristic_name: string;
  characteristic_value: Trait;
  importance_score: number;
}

export interface Trait {
  /** Words for people who score high. */
  label: string;
  direction: string;
  /** In the component's own unit: shares, natural logarithms of rates, amounts and days, points on the clock. */
  mean: number;
  mean_of_rest: number;
}

async function readTraits(session: Session): Promise<Map<string, string[]>> {
  const rows = await readRows<TraitRow>(session, {
    schema: "cohorts",
    table: "cohort_characteristics",
    columns: "cohort_id, characteristic_name, characteristic_value, importance_score",
    where: { is_current: true },
  });
  const traits = new Map<string, string[]>();
  for (const row of rows.sort((a, b) => b.importance_score - a.importance_score)) {
    const text = describeTrait(row.characteristic_name, row.characteristic_value);
    traits.set(row.cohort_id, [...(traits.get(row.cohort_id) ?? []), text]);
  }
  return traits;
}

/** A characteristic as a shopkeeper would say it. */
export function describeTrait(
  component: string,
  { label, direction, mean, mean_of_rest: rest }: Trait,
): string {
  const compare = (words: string, show: (value: number) => string) =>
    `${words} ${show(mean)} (others ${show(rest)})`;
  switch (component) {
    case "behavior.purchase_rate":
      return compare("orders a month:", (value) => formatNumber(30 * Math.exp(value), 1));
    case "behavior.order_value":
      return compare("spends per order:", (value) => formatNumber(Math.exp(value), 2));
    case "behavior.days_since_order":
      return compare("days since the last order:", (value) => formatNumber(Math.exp(value) - 1, 0));
    // Rates, not shares: one mail may be opened many times, also by somebody whose mails were sent unseen by us.
    case "communication.email_open":
      return compare("openings per e-mail sent:", (value) => formatNumber(Math.exp(value), 1));
    case "communication.email_click":
      return compare("clicks per e-mail opened:", (value) => formatNumber(Math.exp(value), 1));
    case "communication.hour.sine":
      return direction === "high" ? "active in the morning" : "active in the evening";
    case "communication.hour.cosine":
      return direction === "high" ? "active at night" : "active around noon";
    default:
      return compare(`${label.replaceAll("_", " ")}:`, (value) => formatPercent(value));
  }
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
