import { type PairScore, pairwise } from "../scoring.ts";
import type { Person } from "./people.ts";

/** A row of actors.actor_identifiers. */
export interface IdentifierRow {
  actor_id: string;
  identifier_type: string;
  identifier_value: string;
}

/** Who stands behind an identifier in truth. A shared phone counts as that of the first in the household. */
export class Registry {
  readonly #people = new Map<string, Person>();
  readonly #shared = new Set<string>();

  constructor(town: readonly Person[]) {
    for (const person of town) {
      for (const value of [person.customerId, person.email, `+44${person.phone}`]) {
        const key = value.toLowerCase();
        if (this.#people.has(key)) this.#shared.add(key);
        else this.#people.set(key, person);
      }
    }
  }

  personOf(identifier: string): Person | undefined {
    return this.#people.get(identifier.toLowerCase());
  }

  /** The person behind each actor: the owner of its strongest identifier. */
  peopleOfActors(rows: readonly IdentifierRow[]): Map<string, Person> {
    const strength = ["phone", "email", "customer_id"];
    const sorted = [...rows].sort(
      (a, b) => strength.indexOf(a.identifier_type) - strength.indexOf(b.identifier_type),
    );
    const people = new Map<string, Person>();
    for (const row of sorted) {
      const person = this.personOf(row.identifier_value);
      if (person) people.set(row.actor_id, person);
    }
    return people;
  }

  /**
   * Of all pairs of identifiers: are those of one person with one actor, and only those? What a household shares
   * rightly stands with several people and says nothing here.
   */
  score(rows: readonly IdentifierRow[]): PairScore {
    return pairwise(
      rows.flatMap((row) => {
        const person = this.personOf(row.identifier_value);
        return person && !this.#shared.has(row.identifier_value.toLowerCase())
          ? [{ truth: String(person.number), found: row.actor_id }]
          : [];
      }),
    );
  }
}
