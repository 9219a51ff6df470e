import { readRows } from "../rows.ts";
import type { Session } from "../session.ts";
import { formatNumber, formatPercent } from "../tables.ts";

/** One person as the system knows it: what it believes and how sure it is of each. */
export interface Shopper {
  actor: string;
  name: string;
  signals: number;
  beliefs: { text: string; value: string; confidence: number; evidence: number }[];
}

interface ActorRow {
  id: string;
  name: string | null;
  primary_identifier: string;
  total_signals: number;
}

/** Examples from the busiest person to one of whom little is known, so that confidence can be compared. */
export async function readShoppers(session: Session, count: number): Promise<Shopper[]> {
  const actors = await readRows<ActorRow>(session, {
    schema: "actors",
    table: "actors",
    columns: "id, name, primary_identifier, total_signals",
    where: { is_active: true },
  });
  actors.sort((a, b) => b.total_signals - a.total_signals || a.id.localeCompare(b.id));
  // Busy, middling, quiet: the top, and then ever further down the list.
  const places = Array.from({ length: count }, (_, index) =>
    Math.floor((index / count) ** 2 * (actors.length - 1)),
  );
  const chosen = [...new Set(places)].flatMap((place) => actors[place] ?? []);
  return Promise.all(chosen.map((actor) => readShopper(session, actor)));
}

async function readShopper(session: Session, actor: ActorRow): Promise<Shopper> {
  const where = { actor_id: actor.id, is_current: true };
  const preferences = await readRows<{
    preference_category: string;
    preference_dimension: string;
    actual_strength: number | null;
    actual_confidence: number;
    evidence_count: number;
  }>(session, {
    schema: "actors",
    table: "actor_preferences",
    columns: "preference_category, preference_dimension, actual_strength, actual_confidence, evidence_count",
    where,
  });
  const behaviors = await readRows<{
    behavior_type: string;
    score_value: number;
    confidence: number;
    evidence_count: number;
  }>(session, {
    schema: "actors",
    table: "actor_behavioral_scores",
    columns: "behavior_type, score_value, confidence, evidence_count",
    where,
  });
  const tastes = preferences
    .flatMap((row) => (row.actual_strength === null ? [] : [{ ...row, strength: row.actual_strength }]))
    .sort((a, b) => b.strength - a.strength)
    .slice(0, 4)
    .map((row) => ({
      text: `buys ${row.preference_dimension.replaceAll("_", " ")}`,
      value: formatPercent(row.strength),
      confidence: row.actual_confidence,
      evidence: row.evidence_count,
    }));
  const habits = behaviors
    .sort((a, b) => b.evidence_count - a.evidence_count || a.behavior_type.localeCompare(b.behavior_type))
    .slice(0, 4)
    .map((row) => ({
      text: row.behavior_type.replaceAll("_", " "),
      value: row.behavior_type.endsWith("share")
        ? formatPercent(row.score_value)
        : formatNumber(row.score_value, 2),
      confidence: row.confidence,
      evidence: row.evidence_count,
    }));
  return {
    actor: actor.id,
    name: actor.name ?? `customer ${actor.primary_identifier}`,
    signals: actor.total_signals,
    beliefs: [...tastes, ...habits],
  };
}
