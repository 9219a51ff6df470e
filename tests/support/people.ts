import { createRandom, type Random } from "../../scripts/demo/random.ts";

/** What is true of a simulated person; the code under test sees signals only. */
export interface Person {
  customerId: string;
  email: string;
  phone: string;
  handle: string;
  name: string;
  /** Share of each of `categories` in what the person buys; after the middle of the time `later`, where given. */
  taste: number[];
  later?: number[];
  /** Orders a day. */
  rate: number;
  /** Share of each of `channels` in the messages that the person sends. */
  channelShares: number[];
  /** Orders under the person's customer id come from a source without trust too, with categories at random. */
  isMisreported: boolean;
  /** Shares a telephone with somebody, or shows an identifier before the shop can know whose it is. */
  isHardToTell: boolean;
  orders: number;
}

export interface Population {
  people: Person[];
  /** In order of time; some come twice. */
  signals: Record<string, unknown>[];
  /** Place in `people` by the signal's source_id. */
  personOf: Map<string, number>;
}

export const categories = ["tea", "wine", "flowers", "bread"];
export const channels = ["whatsapp", "email", "social"];
export const untrusted = "scraper";
export const days = 200;
const start = Date.UTC(2026, 0, 1);
export const end = new Date(start + days * 86_400_000).toISOString();

/** People with hidden tastes, rates and channels, and what they send in 200 days: the same for the same seed. */
export function simulatePeople(seed: number, count = 20): Population {
  const random = createRandom(seed);
  const people: Person[] = [];
  for (let n = 0; n < count; n += 1) people.push(newPerson(random, n, people[n - 1]));
  const personOf = new Map<string, number>();
  const sent: { at: number; signal: Record<string, unknown> }[] = [];
  const send = (
    n: number,
    day: number,
    type: string,
    identifiers: object,
    data: object,
    platform = "shop",
  ) => {
    const sourceId = `${type}-${n}-${sent.length}`;
    personOf.set(sourceId, n);
    const occurredAt = new Date(start + day * 86_400_000).toISOString();
    const name = people[n]?.name;
    const base = { type, source_platform: platform, source_id: sourceId, occurred_at: occurredAt };
    sent.push({ at: day, signal: { ...base, name, identifiers, data } });
    // A client that hears no answer sends again.
    if (random.chance(0.05)) sent.push({ at: day + 0.001, signal: { ...base, name, identifiers, data } });
  };
  for (const [n, person] of people.entries()) {
    introduce(random, n, person, send);
    order(random, n, person, send);
    talk(random, n, person, send);
  }
  sent.sort((a, b) => a.at - b.at);
  return { people, signals: sent.map((one) => one.signal), personOf };
}

type Send = (
  n: number,
  day: number,
  type: string,
  identifiers: object,
  data: object,
  platform?: string,
) => void;

function newPerson(random: Random, n: number, previous: Person | undefined): Person {
  const kind = n % 5;
  const loved = random.integer(categories.length);
  const sharp = (at: number) =>
    categories.map((_, index) => (index === at % categories.length ? 0.85 : 0.05));
  return {
    customerId: `C-${n}`,
    email: `person${n}@example.com`,
    // Every tenth person has the telephone of a household.
    phone: n % 10 === 9 && previous ? previous.phone : `+4477009${String(10_000 + n)}`,
    handle: `person_${n}`,
    // Many people have one name: names link nobody.
    name: random.pick(["Ann Smith", "Bo Jones", "Cy Brown"]),
    taste: kind >= 3 ? sharp(loved) : random.dirichlet(categories.map(() => 0.8)),
    later: kind === 4 ? sharp(loved + 1 + random.integer(categories.length - 1)) : undefined,
    // One in five orders about three times, one about fifty times.
    rate: kind === 0 ? 0.015 : kind === 1 ? 0.25 : 0.05 + 0.1 * random.next(),
    channelShares: random.dirichlet(channels.map(() => 0.8)),
    isMisreported: kind === 3,
    isHardToTell: n % 10 >= 8 || n % 7 === 6,
    orders: 0,
  };
}

/** How the shop learns which identifiers are one person's: two at a time, and of some in an unlucky order. */
function introduce(random: Random, n: number, person: Person, send: Send) {
  const { customerId, email, phone, handle, isHardToTell } = person;
  const data = { event_type: "updated", event_name: "account" };
  send(n, random.next(), "crm_event", { customer_id: customerId, email }, data);
  send(n, 1 + random.next(), "crm_event", { email: email.toUpperCase(), phone }, data);
  send(n, (isHardToTell ? 0 : 2) + random.next(), "crm_event", { phone, social_handle: handle }, data);
}

function order(random: Random, n: number, person: Person, send: Send) {
  const { customerId, email, phone } = person;
  const place = (day: number, taste: readonly number[], identifiers: object, platform: string) => {
    const items = Array.from({ length: 1 + random.integer(3) }, () => {
      const category = categories[random.weighted(taste)];
      return { product_id: `p-${category}`, name: category, category, quantity: 1, unit_price: 10 };
    });
    const total = items.length * 10;
    const data = { order_status: "delivered", items, subtotal: total, total_amount: total };
    send(n, day, "order", identifiers, data, platform);
  };
  const gap = () => -Math.log(1 - random.next()) / person.rate;
  for (let day = 3 + gap(); day < days; day += gap()) {
    const taste = person.later && day > days / 2 ? person.later : person.taste;
    place(
      day,
      taste,
      random.pick([{ customer_id: customerId }, { email: ` ${email}` }, { phone, customer_id: customerId }]),
      "shop",
    );
    person.orders += 1;
    if (person.isMisreported) place(day + 0.02, [1, 1, 1, 1], { customer_id: customerId }, untrusted);
  }
}

function talk(random: Random, n: number, person: Person, send: Send) {
  const { email, phone, handle } = person;
  for (let message = 0; message < 16; message += 1) {
    const day = 3 + random.next() * (days - 3);
    const text = `Message ${message} of ${n}`;
    const channel = channels[random.weighted(person.channelShares)];
    if (channel === "whatsapp")
      send(n, day, "whatsapp_message", {}, { sender_phone: phone, message_text: text }, "whatsapp");
    else if (channel === "social")
      send(n, day, "social_comment", { social_handle: `@${handle}` }, { comment_text: text });
    else
      send(
        n,
        day,
        "email_interaction",
        { email },
        { email_type: "received", sender_email: email, email_content: text },
      );
  }
}
