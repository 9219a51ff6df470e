import {
  type Computation,
  daysBetween,
  fading,
  groupBy,
  lnGamma,
  micros,
  type Piece,
  sum,
  weightOf,
} from "./computation.ts";
import { type Posterior, posteriors } from "./posterior.ts";

const entropyBits = (shares: number[]) => sum(shares.map((p) => (p > 0 ? -p * Math.log2(p) : 0)));
const lnBeta = (a: number, b: number) => lnGamma(a) + lnGamma(b) - lnGamma(a + b);

/** How much likelier the behaviour is from one to whom the category is like any other than from one who meant what he said. */
export function lnBayesFactorOfStatement(said: number, seen: number, seenOf: number): number {
  const indifferent = lnBeta(0.5 + seen, 6 + seenOf - seen) - lnBeta(0.5, 6);
  const meant = lnBeta(1 + said + seen, 1 + said / 3 + seenOf - seen) - lnBeta(1 + said, 1 + said / 3);
  return indifferent - meant;
}

export interface Contradiction {
  contradiction_type: string;
  attribute: string;
  category: string;
  computed_at: string;
  settings: { answer_reliability: number; opens_at: number; intent_window_days: number };
}

export function contradiction(told: Contradiction, computations: Computation[]) {
  return told.contradiction_type === "intention_vs_outcome"
    ? brokenIntention(told, computations)
    : statementAgainstBehavior(told, computations);
}

function statementAgainstBehavior(told: Contradiction, computations: Computation[]) {
  const side = (isStated: boolean) =>
    computations
      .filter((one) => one.is_stated === isStated)
      .flatMap((one) => posteriors(one, told.computed_at, told.computed_at));
  const [stated, seen] = [side(true), side(false)];
  const said = stated.find((one) => one.category === told.category) as Posterior;
  const seenOf = Math.max(...seen.map((one) => one.evidence_weight));
  const seenOfIt = seen.find((one) => one.category === told.category);
  // Repeating a statement makes it no truer than three observations.
  const log_bayes_factor = lnBayesFactorOfStatement(
    said.evidence_sum * Math.min(1, 3 / said.evidence_weight),
    Math.min(seenOfIt?.evidence_sum ?? 0, seenOf),
    seenOf,
  );
  const isTrue = 1 / (1 + Math.exp(log_bayes_factor));
  const shares = (rows: Posterior[]) => {
    const total = sum(rows.map((row) => row.mean));
    return (category: string) => (rows.find((row) => row.category === category)?.mean ?? 0) / total;
  };
  const [statedShare, seenShare] = [shares(stated), shares(seen)];
  const favourite = (category: string) => isTrue * statedShare(category) + (1 - isTrue) * seenShare(category);
  const categories = [...new Set([...stated, ...seen].map((one) => one.category))];
  return { log_bayes_factor, expected_information_gain: bestGain(told, favourite, categories) };
}

/** Bits by which the best question lowers the uncertainty about the favourite: yes or no, or a choice of two. */
function bestGain(
  told: Contradiction,
  favourite: (category: string) => number,
  categories: string[],
): number {
  const r = told.settings.answer_reliability;
  const about = favourite(told.category);
  const gains = categories.flatMap((category) => {
    const p = favourite(category);
    const yes = r * p + (1 - r) * (1 - p);
    const yesOrNo = entropyBits([yes, 1 - yes]) - entropyBits([r, 1 - r]);
    if (category === told.category) return [yesOrNo];
    const first = r * about + ((1 - r) / 2) * (1 - about);
    const second = r * p + ((1 - r) / 2) * (1 - p);
    const choice = entropyBits([first, second, 1 - first - second]);
    return [yesOrNo, choice - entropyBits([r, (1 - r) / 2, (1 - r) / 2])];
  });
  return Math.max(0, ...gains);
}

function brokenIntention(told: Contradiction, computations: Computation[]) {
  const { answer_reliability: r, intent_window_days } = told.settings;
  const now = micros(told.computed_at);
  const window = intent_window_days * 86_400e6;
  const of = (attribute: string) =>
    computations
      .filter((one) => one.attribute === attribute)
      .flatMap((one) => one.evidence)
      .filter((piece) => micros(piece.recorded_at) <= now);
  const purchases = of("behavior.purchase_rate").map((piece) => micros(piece.occurred_at));
  const said = of("intent.purchase").filter((piece) => {
    const at = micros(piece.occurred_at);
    return piece.value === 1 && at > now - 180 * 86_400e6 && at <= now - window;
  });
  const isKept = ({ occurred_at }: Piece) =>
    purchases.some((at) => at > micros(occurred_at) && at <= micros(occurred_at) + window);
  const weight = sum(said.map(weightOf));
  const kept = sum(said.filter(isKept).map(weightOf));
  const share = (1 + kept) / (2 + weight);
  const yes = r * share + (1 - r) * (1 - share);
  return {
    log_bayes_factor: lnBayesFactorOfStatement(3, kept, weight),
    expected_information_gain: Math.max(0, entropyBits([yes, 1 - yes]) - entropyBits([r, 1 - r])),
  };
}

export interface Drivers {
  computed_at: string;
  half_life_days: number;
  prior: Record<string, number>;
}

/** A Bayes step for each signal that speaks of a driver. */
export function drivers(told: Drivers, computations: Computation[]) {
  const confidenceOf = (piece: Piece) =>
    Math.min(
      0.95,
      weightOf(piece) * fading(daysBetween(piece.occurred_at, told.computed_at), told.half_life_days),
    );
  const pieces = computations
    .filter((one) => one.attribute === "driver.primary")
    .flatMap((one) => one.evidence)
    .filter((piece) => micros(piece.recorded_at) <= micros(told.computed_at));
  const bySource = groupBy(pieces, (piece) => piece.source_id);
  const logs = Object.entries(told.prior).map(([driver, prior]) => {
    const steps = [...bySource.values()].map((said) => {
      const c = Math.max(...said.map(confidenceOf));
      const times = Math.max(1, ...said.map((piece) => piece.value));
      const likelihood = said.find((piece) => piece.category === driver)?.value ?? 0;
      return times * Math.log(Math.min(1, likelihood) * c + 1 - c);
    });
    return { driver, ln: Math.log(prior) + sum(steps) };
  });
  const most = Math.max(...logs.map((one) => one.ln));
  const total = sum(logs.map((one) => Math.exp(one.ln - most)));
  const shares = logs.map((one) => ({ driver: one.driver, p: Math.exp(one.ln - most) / total }));
  const entropy = entropyBits(shares.map((one) => one.p));
  return {
    ...Object.fromEntries(shares.map((one) => [one.driver, one.p])),
    coherence: Math.min(1, Math.max(0, 1 - entropy / Math.log2(6))),
    confidence: Math.min(1, 2 * Math.max(...shares.map((one) => one.p))),
  };
}

/** Confidence in the channel that a person uses: what is observed goes before what is stated once it weighs 20. */
export function channelConfidence(computedAt: string, computations: Computation[]): number {
  const known = computations
    .filter((one) => one.attribute === "communication.channel")
    .flatMap((one) =>
      posteriors(one, computedAt, computedAt).map((row) => ({
        ...row,
        isLast: one.is_stated && row.evidence_weight < 20,
      })),
    )
    .filter((row) => ["whatsapp", "email", "sms", "phone", "social", "push", "in_app"].includes(row.category))
    .sort(
      (a, b) => Number(a.isLast) - Number(b.isLast) || b.mean - a.mean || (a.category < b.category ? -1 : 1),
    );
  const [best] = known;
  return (best?.confidence ?? 0) * (best?.mean ?? 0);
}
