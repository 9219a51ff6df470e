import type { Stage } from "./report/loop-charts.ts";
import { countRows } from "./rows.ts";
import type { Session } from "./session.ts";

/** The loop in numbers, counted in the database. `sent` is what left the sender. */
export async function readFunnel(session: Session, sent: number): Promise<Stage[]> {
  const count = (schema: string, table: string, where: Record<string, string | number | boolean> = {}) =>
    countRows(session, { schema, table, where });
  const stored = await count("signals", "signals_base");
  const duplicates = await count("signals", "signals_base", { is_duplicate: true });
  return [
    { name: "signals sent", count: sent },
    { name: "accepted", count: stored - duplicates },
    { name: "people (actors)", count: await count("actors", "actors", { is_active: true }) },
    { name: "pieces of evidence", count: await count("actors", "evidence") },
    { name: "beliefs", count: await count("actors", "actor_beliefs") },
    { name: "cohorts", count: await count("cohorts", "cohorts", { cohort_status: "active" }) },
    { name: "offers and messages (stimuli)", count: await count("stimuli", "stimuli_base") },
    { name: "sent to people", count: await count("stimuli", "stimulus_deployments", { is_holdout: false }) },
    {
      name: "held out to compare",
      count: await count("stimuli", "stimulus_deployments", { is_holdout: true }),
    },
    { name: "outcomes", count: await count("outcomes", "outcomes") },
    {
      name: "outcomes learnt from",
      count: await count("outcomes", "outcomes", { processing_status: "learned" }),
    },
  ];
}
