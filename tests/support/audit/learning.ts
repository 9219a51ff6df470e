import type { Explained } from "./profile.ts";

type Explain = (kind: string, id: string, depth: number) => Promise<Explained>;

export interface OrderSeen {
  id: string;
  actor_id: string;
  occurred_at: string;
}

const near = (a: unknown, b: number) => Math.abs(Number(a) - b) <= 1e-9 * Math.max(1, Math.abs(b));
const cause = (node: Explained, kind: string) => node.because.find((one) => one.kind === kind);

/**
 * Walks from one feedback about a person over its evidence and outcome down to signals and computes its numbers again
 * from what is told there; what is wrong comes back in words.
 */
export async function auditFeedback(id: string, explain: Explain, orders: OrderSeen[]): Promise<string[]> {
  const wrong: string[] = [];
  const feedback = await explain("feedback", id, 1);
  const data = feedback.data as { value: number; weight: number };
  const pieces = feedback.because.filter((one) => one.kind === "evidence");
  const outcome = cause(feedback, "outcome");
  if (!outcome || pieces.length === 0) return [`${id}: leads to no outcome`];
  const { because } = await explain("outcome", outcome.id, 1);
  const deployment = because.find((one) => one.kind === "deployment") as Explained;
  const signal = because.find((one) => one.kind === "signal");
  const actor = because.find((one) => one.kind === "actor") as Explained;
  const inWindow = orders.filter(
    (one) =>
      one.actor_id === actor.id &&
      Date.parse(one.occurred_at) >= Date.parse(String(deployment.at)) &&
      Date.parse(one.occurred_at) < Date.parse(String(deployment.window_ends_at)),
  );

  let weight = 1;
  if (signal) {
    const rates = outcome.counterfactual as { treated_rate: number; rate_without_stimulus: number };
    const attribution = Math.min(1, Math.max(0, 1 - rates.rate_without_stimulus / rates.treated_rate));
    if (!near(outcome.attribution, attribution)) wrong.push(`${id}: attribution ${outcome.attribution}`);
    weight = Number(signal.quality_score) * Number(signal.confidence_in_matching) * attribution;
    if (!inWindow.some((one) => one.id === signal.id)) wrong.push(`${id}: its signal is not of the window`);
  } else if (inWindow.length > 0) wrong.push(`${id}: said silent, and ordered`);
  if (data.value !== (signal ? 1 : 0)) wrong.push(`${id}: value ${data.value}`);
  for (const piece of [data, ...pieces])
    if (!near(piece.weight, weight)) wrong.push(`${id}: weight ${piece.weight}, computed ${weight}`);
  return wrong;
}

/** The rewards of an arm, computed again from its steps: the prior and what is left of each at the last one. */
export function foldArm(
  rewards: { responses: number; pulls: number; share: number; rewarded_at: string }[],
  prior: { alpha: number; beta: number },
  halfLifeDays: number,
): { alpha: number; beta: number } {
  const last = Math.max(...rewards.map((one) => Date.parse(one.rewarded_at)));
  const folded = { ...prior };
  for (const { responses, pulls, share, rewarded_at } of rewards) {
    const left = 2 ** (-(last - Date.parse(rewarded_at)) / 86_400_000 / halfLifeDays);
    folded.alpha += share * responses * left;
    folded.beta += share * (pulls - responses) * left;
  }
  return folded;
}
