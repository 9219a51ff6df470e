import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { categories, channels, end, type Person, simulatePeople, untrusted } from "../support/people.ts";
import { useStack } from "../support/stack.ts";

/** What the engine believes of simulated people against the truth, which it never sees. */
interface Belief {
  attribute: string;
  category: string | null;
  is_stated: boolean;
  mean: number;
  standard_deviation: number;
  confidence: number;
}
interface Believed {
  person: Person;
  beliefs: Belief[];
}

let stack: Stack;

beforeAll(async () => {
  // The job would take signals before the test does.
  stack = await useStack({ cron: false });
});
afterAll(() => stack?.close());

const query = <Row>(text: string, params: unknown[]) => stack.engine.query<Row>(text, params);

describe.for([1, 2, 3, 4, 5])("a town of seed %i", (seed) => {
  const town = simulatePeople(seed);
  let brand: string;
  let known: Believed[];

  beforeAll(async () => {
    brand = await newBrand();
    for (let from = 0; from < town.signals.length; from += 500)
      await send(town.signals.slice(from, from + 500));
    const half = Math.floor(town.personOf.size / 2);
    // Half of the signals, then the other half: beliefs are carried on, not made at once.
    await query("select actors.process_signals($1::uuid, $2::int, $3::timestamptz)", [brand, half, end]);
    const [rest] = await query<{ claimed: number; failed: number }>(
      "select * from actors.process_signals($1::uuid, 20000, $2::timestamptz)",
      [brand, end],
    );
    expect(rest).toMatchObject({ claimed: town.personOf.size - half, failed: 0 });
    known = await believed();
  });

  async function newBrand(): Promise<string> {
    const [row] = await query<{ id: string }>(
      "insert into core.brands (brand_name, brand_slug) values ('Town', 'town-' || gen_random_uuid()) returning id",
      [],
    );
    const id = row?.id as string;
    // Quality is the trust in the source alone.
    await query("select core.set_setting($1::uuid, 'signals.quality_weights', $2::text::jsonb)", [
      id,
      '{"source_trust": 1}',
    ]);
    await query("select core.set_setting($1::uuid, 'signals.source_trust', $2::text::jsonb)", [
      id,
      JSON.stringify({ default: 1, [untrusted]: 0.02 }),
    ]);
    return id;
  }

  const send = (signals: unknown[]) =>
    query("select count(*) from signals.ingest($1::uuid, $2::text::jsonb, null, $3::timestamptz)", [
      brand,
      JSON.stringify(signals),
      end,
    ]);

  async function believed(): Promise<Believed[]> {
    const rows = await query<{ customer: string; beliefs: Belief[] }>(
      `select i.identifier_value as customer, actors.profile(i.actor_id, $2::timestamptz) -> 'beliefs' as beliefs
       from actors.actor_identifiers i where i.brand_id = $1::uuid and i.identifier_type = 'customer_id'`,
      [brand, end],
    );
    return town.people.map((person) => ({
      person,
      beliefs: rows.find((row) => row.customer === person.customerId)?.beliefs ?? [],
    }));
  }

  test("signals of one person are found to be one person's", async () => {
    const rows = await query<{ source: string; actor: string }>(
      "select source_id as source, actor_id as actor from signals.signals_base where brand_id = $1::uuid and not is_duplicate",
      [brand],
    );
    expect(rows.length).toBe(town.personOf.size);
    const { precision, recall } = pairs(
      rows.map((row) => ({ actor: row.actor, person: town.personOf.get(row.source) as number })),
    );
    expect(precision).toBeGreaterThan(0.9);
    expect(recall).toBeGreaterThan(0.8);
  });

  test("tastes are near the truth, though every second order of some people is made up by a bad source", () => {
    const settled = known.filter(({ person }) => !person.later && person.orders >= 8);
    for (const people of [settled, settled.filter(({ person }) => person.isMisreported)]) {
      const error = errors(people, tasteOf, boughtOf);
      expect(error).toBeLessThan(0.09);
      expect(error).toBeLessThan(
        0.4 * errors(people, tasteOf, () => categories.map(() => 1 / categories.length)),
      );
    }
  });

  test("nine of ten tastes lie within two standard deviations, and these are no wider than they must be", () => {
    const far = known
      .filter(({ person }) => !person.later && person.orders >= 3)
      .flatMap(({ person, beliefs }) =>
        observed(beliefs, "preference.category").map(
          (belief) =>
            (belief.mean - (person.taste[categories.indexOf(belief.category as string)] as number)) /
            belief.standard_deviation,
        ),
      );
    expect(mean(far.map((distance) => (Math.abs(distance) <= 2 ? 1 : 0)))).toBeGreaterThan(0.9);
    expect(mean(far.map((distance) => distance ** 2))).toBeGreaterThan(0.3);
  });

  test("the shares of the channels that a person uses are near the truth", () => {
    const told = known.filter(({ person }) => !person.isHardToTell);
    const error = errors(
      told,
      (person) => person.channelShares,
      (beliefs) => sharesOf(beliefs, "communication.channel", channels),
    );
    expect(error).toBeLessThan(0.13);
  });

  test("purchase rates are near the truth, from three orders on", () => {
    const factors = known
      .filter(({ person }) => !person.isMisreported && person.orders >= 3)
      .map(({ person, beliefs }) =>
        Math.abs(Math.log((observed(beliefs, "behavior.purchase_rate")[0]?.mean ?? 0) / person.rate)),
      );
    expect(mean(factors)).toBeLessThan(Math.log(1.5));
  });

  test("a taste that turned into another is followed", () => {
    const leads = known
      .filter(({ person }) => person.later)
      .map(({ person, beliefs }) => {
        const shares = boughtOf(beliefs);
        const favourite = (taste: number[] = []) => shares[taste.indexOf(Math.max(...taste))] as number;
        return favourite(person.later) - favourite(person.taste);
      });
    expect(mean(leads)).toBeGreaterThan(0.2);
  });

  test("whoever ordered often is better known than whoever ordered rarely", () => {
    const sureness = (from: number, to: number) =>
      known
        .filter(({ person }) => person.orders >= from && person.orders <= to)
        .map(({ beliefs }) => observed(beliefs, "preference.category")[0]?.confidence ?? 0);
    expect(Math.max(...sureness(0, 4))).toBeLessThan(Math.min(...sureness(30, 99)) - 0.2);
    expect(Math.max(...sureness(0, 99))).toBeLessThan(1);
  });
});

/** Of all pairs of signals: precision (put together and one person's) and recall (one person's and put together). */
function pairs(signals: { actor: string; person: number }[]) {
  const both = (key: (signal: { actor: string; person: number }) => string) => {
    const counts = new Map<string, number>();
    for (const signal of signals) counts.set(key(signal), (counts.get(key(signal)) ?? 0) + 1);
    return [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  };
  const right = both((signal) => `${signal.actor} ${signal.person}`);
  return {
    precision: right / both((signal) => signal.actor),
    recall: right / both((signal) => `${signal.person}`),
  };
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const observed = (beliefs: Belief[], attribute: string) =>
  beliefs.filter((belief) => belief.attribute === attribute && !belief.is_stated);

const sharesOf = (beliefs: Belief[], attribute: string, names: string[]) =>
  names.map((name) => observed(beliefs, attribute).find((belief) => belief.category === name)?.mean ?? 0);

const tasteOf = (person: Person) => person.taste;
const boughtOf = (beliefs: Belief[]) => sharesOf(beliefs, "preference.category", categories);

/** Mean absolute error of shares. */
function errors(
  known: Believed[],
  truth: (person: Person) => number[],
  found: (beliefs: Belief[]) => number[],
): number {
  return mean(
    known.flatMap(({ person, beliefs }) => {
      const shares = found(beliefs);
      return truth(person).map((share, index) => Math.abs(share - (shares[index] as number)));
    }),
  );
}
