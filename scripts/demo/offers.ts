import { readRows } from "./rows.ts";
import type { Session } from "./session.ts";
import { formatPercent } from "./tables.ts";

export interface Offer {
  name: string;
  type: string;
  cohort: string;
  body: string;
  /** Why this one: what the system wrote down when it decided. */
  reasons: string[];
}

interface StimulusRow {
  id: string;
  stimulus_name: string;
  stimulus_type: string;
  target_cohort_id: string | null;
  content_data: { subject?: string; body?: string };
  reasoning_log_id: string | null;
  created_at: string;
}

interface ReasoningRow {
  id: string;
  decision_made: string;
  decision_confidence: number;
}

/** The proposals that wait for approval, each with its reasons. */
export async function readOffers(
  session: Session,
  cohortNames: ReadonlyMap<string, string>,
): Promise<Offer[]> {
  const stimuli = await readRows<StimulusRow>(session, {
    schema: "stimuli",
    table: "stimuli_base",
    columns: "id, stimulus_name, stimulus_type, target_cohort_id, content_data, reasoning_log_id, created_at",
    where: { status: "draft" },
  });
  const reasoning = await readRows<ReasoningRow>(session, {
    schema: "ai",
    table: "reasoning_logs",
    columns: "id, decision_made, decision_confidence",
    where: { reasoning_type: "stimulus_generation" },
  });
  const reasons = new Map(reasoning.map((row) => [row.id, row]));
  return stimuli.map((row) => {
    const reason = row.reasoning_log_id ? reasons.get(row.reasoning_log_id) : undefined;
    return {
      name: row.stimulus_name,
      type: row.stimulus_type,
      cohort: cohortNames.get(row.target_cohort_id ?? "") ?? "",
      // Filled for each person when the offer is sent.
      body: (row.content_data.body ?? row.content_data.subject ?? "").replaceAll(
        "{{first_name}}",
        "(first name)",
      ),
      reasons: reason
        ? [reason.decision_made, `confidence ${formatPercent(reason.decision_confidence)}`]
        : [],
    };
  });
}
