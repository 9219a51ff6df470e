import { preview } from "../../types/api.ts";
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
    columns: "id, stimulus_name, stimulus_type, target_cohort_id, reasoning_log_id, created_at",
    where: { status: "draft" },
  });
  const reasoning = await readRows<ReasoningRow>(session, {
    schema: "ai",
    table: "reasoning_logs",
    columns: "id, decision_made, decision_confidence",
    where: { reasoning_type: "stimulus_generation" },
  });
  const reasons = new Map(reasoning.map((row) => [row.id, row]));
  const offers: Offer[] = [];
  for (const row of stimuli) {
    const reason = row.reasoning_log_id ? reasons.get(row.reasoning_log_id) : undefined;
    offers.push({
      name: row.stimulus_name,
      type: row.stimulus_type,
      cohort: cohortNames.get(row.target_cohort_id ?? "") ?? "",
      body: await readBody(session, row.id),
      reasons: reason
        ? [reason.decision_made, `confidence ${formatPercent(reason.decision_confidence)}`]
        : [],
    });
  }
  return offers;
}

/** The text as somebody gets it of whom nothing is known, in an app: an e-mail ends with its footer. */
async function readBody(session: Session, stimulus: string): Promise<string> {
  const { data, error } = await session.owner.functions.invoke("stimuli/preview", {
    body: { brand_id: session.brand, stimulus_id: stimulus, channel: "in_app" },
  });
  if (error) throw error;
  const rendered = preview.parse(data).stimuli[0]?.rendered;
  return String(rendered?.body ?? rendered?.subject ?? "");
}
