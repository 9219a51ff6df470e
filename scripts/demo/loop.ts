import { startProgress } from "./progress.ts";
import { countRows } from "./rows.ts";
import { call, type Session } from "./session.ts";

/** The links of the loop as a scheduler or an app would call them, in order. `now` is the simulated time. */

const PROCESS_BATCH = 1000;

export interface Processed {
  claimed: number;
  matched: number;
  created: number;
  evidenceAdded: number;
}

/** Signals become people, evidence and beliefs until none is waiting. */
export async function processSignals(
  { owner, brand }: Session,
  now: Date,
  onSignals: (count: number) => void = () => {},
): Promise<Processed> {
  const sum: Processed = { claimed: 0, matched: 0, created: 0, evidenceAdded: 0 };
  for (;;) {
    const [row] = await call<{ claimed: number; matched: number; created: number; evidence_added: number }[]>(
      owner,
      "actors",
      "process_signals",
      { p_brand: brand, p_limit: PROCESS_BATCH, p_now: now.toISOString() },
    );
    if (!row || row.claimed === 0) return sum;
    sum.claimed += row.claimed;
    sum.matched += row.matched;
    sum.created += row.created;
    sum.evidenceAdded += row.evidence_added;
    onSignals(row.claimed);
  }
}

/** The same with a progress bar, for a backlog. */
export async function processBacklog(session: Session, now: Date): Promise<Processed> {
  const waiting = await countRows(session, {
    schema: "signals",
    table: "signals_base",
    where: { processing_status: "pending" },
  });
  const progress = startProgress("Signals to people", waiting);
  const processed = await processSignals(session, now, progress.advance);
  progress.stop();
  return processed;
}

/** Beliefs become vectors, vectors become cohorts. */
export async function discoverCohorts({ owner, brand }: Session, now: Date): Promise<void> {
  await call(owner, "actors", "refresh_vectors", { p_brand: brand, p_now: now.toISOString() });
  await call(owner, "cohorts", "discover", {
    p_brand: brand,
    p_algorithm: "kmeans",
    p_seed: 42,
    p_now: now.toISOString(),
  });
}

export interface Stimulus {
  id: string;
  stimulus_name: string;
  stimulus_type: string;
  target_cohort_id: string;
  template_id: string;
  reasoning_log_id: string | null;
}

export function propose({ owner, brand }: Session, now: Date, seed: number): Promise<Stimulus[]> {
  return call<Stimulus[]>(owner, "stimuli", "propose", {
    p_brand: brand,
    p_now: now.toISOString(),
    p_seed: seed,
  });
}

export interface Deployed {
  stimulus_id: string;
  deployed: number;
  held_out: number;
}

/** Each person gets one of the stimuli that are meant for it. */
export function deployRound(
  { owner, brand }: Session,
  stimuli: readonly Stimulus[],
  now: Date,
  seed: number,
): Promise<Deployed[]> {
  return call<Deployed[]>(owner, "stimuli", "deploy_round", {
    p_brand: brand,
    p_stimuli: stimuli.map(({ id }) => id),
    p_now: now.toISOString(),
    p_seed: seed,
  });
}

/** What followed is measured and learned from. */
export async function learn({ owner, brand }: Session, now: Date) {
  const measured = await call<number>(owner, "outcomes", "measure", {
    p_brand: brand,
    p_now: now.toISOString(),
  });
  const [row] = await call<{ outcomes_learned: number; beliefs_moved: number; arms_updated: number }[]>(
    owner,
    "outcomes",
    "learn",
    {
      p_brand: brand,
      p_now: now.toISOString(),
    },
  );
  return { measured, learned: row?.outcomes_learned ?? 0, beliefsMoved: row?.beliefs_moved ?? 0 };
}
