import { createRandom } from "../random.ts";
import type { BeliefPoint } from "../report/people-charts.ts";
import { readRows } from "../rows.ts";
import { betaInterval } from "../scoring.ts";
import type { Session } from "../session.ts";
import { CATEGORIES } from "./groups.ts";
import { type Person, phaseIn } from "./people.ts";
import type { IdentifierRow } from "./recognise.ts";
import { WEEK } from "./shop.ts";

/** Prior of a taste in observations: the parameter actors.prior_strength.dirichlet. */
const PRIOR = 2;

/** alpha + beta of a share, from its confidence n / (n + PRIOR + 1). */
export function concentrationOf(confidence: number): number {
  return (PRIOR + 1) / (1 - Math.min(confidence, 0.9999)) - 1;
}

/** Follows one belief about one person whose taste changes half way: what the report draws over time. */
export class BeliefWatch {
  readonly points: BeliefPoint[] = [];
  readonly truth: { at: Date; value: number }[];
  readonly category: string;
  readonly person: Person;
  readonly #random = createRandom(1);

  constructor(town: readonly Person[], driftWeek: number, start: number, weeks: number) {
    // Somebody who changes, signs in everywhere and buys often makes the clearest picture.
    const person = town
      .filter((candidate) => candidate.phases.length > 1 && candidate.habit === "account")
      .sort((a, b) => b.ordersPerWeek - a.ordersPerWeek)[0];
    if (!person) throw new Error("Nobody in the town changes; take more people.");
    this.person = person;
    const before = phaseIn(person, 0).tastes;
    const after = phaseIn(person, driftWeek).tastes;
    const growth = after.map((share, index) => share - (before[index] as number));
    const grown = growth.indexOf(Math.max(...growth));
    this.category = CATEGORIES[grown] as string;
    const at = (week: number) => new Date(start + week * WEEK);
    this.truth = [
      { at: at(0), value: before[grown] as number },
      { at: at(driftWeek), value: after[grown] as number },
      { at: at(weeks), value: after[grown] as number },
    ];
  }

  async look(session: Session, now: Date): Promise<void> {
    const [identifier] = await readRows<IdentifierRow>(session, {
      schema: "actors",
      table: "actor_identifiers",
      columns: "actor_id, identifier_type, identifier_value",
      where: { identifier_type: "email", identifier_value: this.person.email },
    });
    if (!identifier) return;
    const [belief] = await readRows<{ actual_strength: number; actual_confidence: number }>(session, {
      schema: "actors",
      table: "actor_preferences",
      columns: "actual_strength, actual_confidence",
      where: {
        actor_id: identifier.actor_id,
        is_current: true,
        preference_category: "category",
        preference_dimension: this.category,
      },
    });
    if (!belief) return;
    const { actual_strength: value, actual_confidence: confidence } = belief;
    const [low, high] = betaInterval(value, concentrationOf(confidence), 0.9, this.#random, 4000);
    this.points.push({ at: now, value, low, high, confidence });
  }
}
