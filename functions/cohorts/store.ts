import { type Client, callerClient, type Environment } from "../_shared/clients.ts";
import { answer, fromDatabase } from "../_shared/problem.ts";
import type { StartRunRequest } from "../../types/api.ts";
import type { Database } from "../../types/database.ts";
import type { NamingFacts } from "./describe.ts";

type Row = Database["cohorts"]["Tables"]["clustering_runs"]["Row"];
export type RunRow = Pick<Row, (typeof COLUMNS)[number]>;

const COLUMNS = [
  ...([
    "id",
    "brand_id",
    "status",
    "stage",
    "progress",
    "trigger_kind",
    "trigger_reason",
    "run_type",
  ] as const),
  ...(["algorithm_name", "seed", "input_actor_count", "started_at", "completed_at"] as const),
  ...(["error_message", "error_details", "discovered_cohort_count", "total_memberships"] as const),
  ...(["average_cohort_size", "average_coherence", "average_separation", "overall_quality_score"] as const),
  ...(["silhouette_score", "davies_bouldin_score", "execution_time_ms"] as const),
] as const;

/** The steps of one kind of a run. */
export interface StepCount {
  kind: string;
  steps: number;
  done: number;
  failures: number;
  spent_ms: number;
}

export interface Naming {
  name: string;
  description: string;
}

/** What the function wants of the database, as one caller. */
export interface CallerStore {
  requestRun(request: StartRunRequest): Promise<{ runId: string; joined: boolean }>;
  /** Null where there is none that the caller may read. */
  run(id: string): Promise<RunRow | null>;
  /** Newest first, from the one after `before`. */
  runs(page: { brandId: string; before?: string; limit: number }): Promise<RunRow[]>;
  steps(runId: string): Promise<StepCount[]>;
  cancelRun(id: string): Promise<void>;
  namingFacts(cohortId: string): Promise<NamingFacts>;
  /** Stores what a provider said, unless a manager has named the cohort meanwhile, and returns what now stands there. */
  rename(cohortId: string, naming: Naming): Promise<Naming & { stored: boolean }>;
}

export interface Store {
  as(token: string): CallerStore;
}

export function createStore(env: Environment): Store {
  return { as: (token) => callerStore(callerClient(env, token)) };
}

function callerStore(client: Client): CallerStore {
  const cohorts = client.schema("cohorts");
  const runRows = () => cohorts.from("clustering_runs").select(COLUMNS.join(","));
  return {
    async requestRun({ brand_id, algorithm, seed }) {
      const args = { p_brand: brand_id, p_algorithm: algorithm, p_seed: seed };
      const { run_id, joined } = answer(await cohorts.rpc("request_run", args));
      return { runId: run_id as string, joined: joined as boolean };
    },
    async run(id) {
      const { data, error } = await runRows().eq("id", id).maybeSingle<RunRow>();
      if (error) throw fromDatabase(error);
      return data;
    },
    async runs({ brandId, before, limit }) {
      // Ids are made in the order of time.
      const rows = runRows().eq("brand_id", brandId).order("id", { ascending: false }).limit(limit);
      return answer(
        await (before ? rows.lt("id", before) : rows).overrideTypes<RunRow[], { merge: false }>(),
      );
    },
    async steps(runId) {
      return answer(await cohorts.rpc("run_steps", { p_run: runId })) as StepCount[];
    },
    async cancelRun(id) {
      answer(await cohorts.rpc("cancel_run", { p_run: id }));
    },
    async namingFacts(cohortId) {
      return answer(await cohorts.rpc("naming_facts", { p_cohort: cohortId })) as unknown as NamingFacts;
    },
    async rename(cohortId, { name, description }) {
      const args = { p_cohort: cohortId, p_name: name, p_description: description };
      const row = answer(await cohorts.rpc("rename", { ...args, p_source: "provider" }));
      return {
        name: row.cohort_name ?? name,
        description: row.cohort_description ?? description,
        stored: row.name_source === "provider",
      };
    },
  };
}
