import type { ClusteringRun } from "../../types/api.ts";
import type { RunRow, StepCount } from "./store.ts";

/** What a run does in the steps of each kind. */
const WHAT: Record<string, string> = {
  load: "Reading what is known of the people",
  sample: "Choosing a sample of the people",
  try: "Comparing partitions",
  again: "Comparing partitions",
  choose: "Choosing the best partition",
  place: "Placing everybody",
  match: "Recognising the cohorts of before",
  publish: "Writing the cohorts down",
  describe: "Describing the cohorts",
  finish: "Adding up the figures",
};

/** A kind of steps that has no words yet is called by its name. */
function what(kind: string): string {
  return WHAT[kind] ?? kind.replaceAll("_", " ");
}

/** A run as clients see it. Without steps its sentence has no counts. */
export function toRun(row: RunRow, steps: StepCount[] = []): ClusteringRun {
  const isCompleted = row.status === "completed";
  return {
    id: row.id,
    brand_id: row.brand_id,
    status: row.status,
    stage: row.stage,
    progress: row.progress,
    progress_text: sentence(row, steps),
    trigger: row.trigger_kind,
    trigger_reason: row.trigger_reason,
    run_type: row.run_type,
    algorithm: row.algorithm_name,
    seed: row.seed,
    people: row.input_actor_count,
    started_at: row.started_at,
    completed_at: row.completed_at,
    error:
      isCompleted || row.error_message === null
        ? null
        : { message: row.error_message, during: failedStep(row) },
    figures: isCompleted
      ? {
          cohorts: row.discovered_cohort_count,
          memberships: row.total_memberships,
          average_size: row.average_cohort_size,
          coherence: row.average_coherence,
          separation: row.average_separation,
          quality: row.overall_quality_score,
          silhouette: row.silhouette_score,
          davies_bouldin: row.davies_bouldin_score,
          execution_time_ms: row.execution_time_ms,
        }
      : null,
  };
}

export function toSteps(steps: StepCount[]) {
  return steps.map((step) => ({ ...step, what: what(step.kind) }));
}

function sentence(row: RunRow, steps: StepCount[]): string {
  switch (row.status) {
    case "completed":
      return `Done: ${counted(row.discovered_cohort_count, "cohort")} among ${counted(row.input_actor_count, "person", "people")}`;
    case "failed":
      return `Failed: ${failedStep(row) ?? what(row.stage)}`;
    case "cancelled":
      return "Cancelled: the cohorts are what they were before";
    default: {
      const all = steps.reduce((sum, step) => sum + step.steps, 0);
      const done = steps.reduce((sum, step) => sum + step.done, 0);
      return all ? `${what(row.stage)}: ${done} of ${counted(all, "step")}` : what(row.stage);
    }
  }
}

/** In words, from error_details: {step, …}. */
function failedStep({ error_details: details }: RunRow): string | null {
  const isObject = typeof details === "object" && details !== null && !Array.isArray(details);
  return isObject && typeof details.step === "string" ? what(details.step) : null;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
