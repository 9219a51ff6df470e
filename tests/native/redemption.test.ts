import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

/** Fifty tills at once at offers that may be used less often. */
const tills = Array.from({ length: 50 }, (_, n) => n);
const limit = 7;

let stack: Stack;
let sql: postgres.Sql;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
  sql = postgres(stack.engine.databaseUrl as string, { max: tills.length, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

/** A brand with an active offer, its code, and a person for each till. */
async function newOffer(perCustomer: number | null) {
  const [brand] =
    await sql`insert into core.brands (brand_name, brand_slug) values ('Race', 'race-' || gen_random_uuid()) returning id`;
  const people = await sql`
    insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
    select ${brand?.id}, 'c' || i, 'customer_id', now(), now() from generate_series(1, ${tills.length}) i returning id`;
  const [stimulus] = await sql`
    insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data) values (${brand?.id}, 'offer', 'Race', '{}') returning id`;
  await sql`
    insert into stimuli.offers (stimulus_id, brand_id, offer_type, offer_value, offer_code, offer_description, usage_limit, usage_limit_per_customer, valid_from, valid_until)
    values (${stimulus?.id}, ${brand?.id}, 'discount', 2.50, 'RACE', 'x', ${limit}, ${perCustomer}, now() - interval '1 hour', now() + interval '1 day')`;
  await sql`update stimuli.stimuli_base set status = 'active' where id = ${stimulus?.id}`;
  return {
    brand: brand?.id as string,
    stimulus: stimulus?.id as string,
    people: people.map((row) => row.id as string),
  };
}

async function redeem(brand: string, key: string, actor?: string): Promise<string> {
  const order = { items: [{ quantity: 1, unit_price: 20 }], ...(actor ? { actor_id: actor } : {}) };
  try {
    const [row] =
      await sql`select id from stimuli.redeem(${brand}, ${sql.json(order)}, ${key}, p_code => 'race')`;
    return row?.id as string;
  } catch (error) {
    return (error as { detail?: string }).detail ?? String(error);
  }
}

async function counters(stimulus: string) {
  const [row] = await sql`
    select o.redemption_count as count, o.redemption_value::float as value,
      (select count(*)::int from stimuli.offer_redemptions r where r.stimulus_id = o.stimulus_id) as rows,
      (select count(*)::int from public.oasis_events e where e.type = 'stimuli.offer_redeemed' and e.brand_id = o.brand_id) as events,
      (select count(*)::int from signals.signals_base s where s.brand_id = o.brand_id) as signals
    from stimuli.offers o where o.stimulus_id = ${stimulus}`;
  return row;
}

test("fifty customers at once redeem an offer as often as it may be used", async () => {
  const { brand, stimulus, people } = await newOffer(1);
  const answers = await Promise.all(tills.map((n) => redeem(brand, `k${n}`, people[n])));
  expect(answers.filter((answer) => answer === "offer_used_up")).toHaveLength(tills.length - limit);
  expect(await counters(stimulus)).toEqual({
    count: limit,
    value: limit * 2.5,
    rows: limit,
    events: limit,
    signals: limit,
  });
});

test("one customer at fifty tills at once redeems it as often as each may", async () => {
  const { brand, stimulus, people } = await newOffer(2);
  const answers = await Promise.all(tills.map((n) => redeem(brand, `k${n}`, people[0])));
  expect(answers.filter((answer) => answer === "offer_used_up")).toHaveLength(tills.length - 2);
  expect(await counters(stimulus)).toMatchObject({ count: 2, value: 5, rows: 2 });
});

test("one request that is sent fifty times at once is one redemption", async () => {
  const { brand, stimulus } = await newOffer(null);
  const answers = await Promise.all(tills.map(() => redeem(brand, "same")));
  const [id] = answers.filter((answer) => answer !== "idempotency_in_flight");
  expect(new Set(answers.filter((answer) => answer !== "idempotency_in_flight"))).toEqual(new Set([id]));
  expect(await redeem(brand, "same")).toBe(id);
  expect(await counters(stimulus)).toMatchObject({ count: 1, value: 2.5, rows: 1, events: 1 });
});

test("fifty tills that take the same redemption back give it free once", async () => {
  const { brand, stimulus, people } = await newOffer(1);
  const id = await redeem(brand, "k", people[0]);
  await Promise.all(tills.map(() => sql`select stimuli.reverse_redemption(${brand}, ${id}, 'returned')`));
  expect(await counters(stimulus)).toMatchObject({ count: 0, value: 0, rows: 1 });
});
