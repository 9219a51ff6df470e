/**
 * People who reach a business by five channels, each of which knows something else of them, with typing errors,
 * households, placeholders and very common names. Port of the generator behind the rivals' figures: with the same seed
 * it draws the very same records, so that figures can be compared.
 */
import { createRandom, type Random } from "../../demo/random.ts";

export interface IdentityRecord {
  /** Who it really is of. */
  person: string;
  given?: string;
  family?: string;
  phone?: string;
  email?: string;
  city?: string;
  birth?: string;
  street?: string;
  house?: string;
  postcode?: string;
  region?: string;
  customer?: string;
}

interface Person {
  given: string;
  family: string;
  phone: string;
  email: string;
  city: string;
  birth: string;
}

const SYLLABLES = "ma ri lu ka san to el vi ber no da fi jo pe an gor le za qui mon".split(" ");
const PEOPLE = 2500;
const HOUSEHOLD_SHARE = 0.06;

/** About 2.1 records for each of `people`; more people have more names among them, by the root of their number. */
export function multichannel(seed: number, count = PEOPLE): IdentityRecord[] {
  const random = createRandom(seed);
  const variety = Math.sqrt(count / PEOPLE);
  const given = names(random, Math.round(400 * variety), 1, 3);
  const family = names(random, Math.round(1500 * variety), 2, 4);
  const cities = names(random, Math.round(60 * variety), 2, 3);
  const people = Array.from({ length: count }, () => person(random, given, family, cities));
  for (let i = 0; i < count * HOUSEHOLD_SHARE; i++) {
    const { phone, family: name, city } = random.pick(people);
    Object.assign(random.pick(people), { phone, family: name, city });
  }
  return people.flatMap((one, number) => {
    const contacts = 1 + Math.floor(random.next() * random.next() * 6);
    return Array.from({ length: contacts }, () => ({ person: String(number), ...record(random, one) }));
  });
}

/** Distinct words of syllables. */
function names(random: Random, count: number, shortest: number, longest: number): string[] {
  const words = new Set<string>();
  while (words.size < count) {
    const length = shortest + random.integer(longest - shortest + 1);
    words.add(Array.from({ length }, () => random.pick(SYLLABLES)).join(""));
  }
  return [...words];
}

/** The first of the list are by far the most common. */
function common(random: Random, list: readonly string[]): string {
  return list[Math.min(list.length - 1, Math.floor(list.length * random.next() ** 2.5))] as string;
}

const digits = (random: Random, count: number) =>
  Array.from({ length: count }, () => random.integer(10)).join("");

function person(random: Random, given: string[], family: string[], cities: string[]): Person {
  const first = common(random, given);
  const last = common(random, family);
  const phone = digits(random, 9);
  const number = random.chance(0.5) ? digits(random, 2) : "";
  const email = `${first}.${last}${number}@${random.pick(["a.com", "b.com", "c.org"])}`;
  return {
    given: first,
    family: last,
    phone,
    email,
    city: common(random, cities),
    birth: String(1950 + random.integer(55)),
  };
}

/** One letter lost, swapped with the next, mistaken or added. */
function typo(random: Random, word: string): string {
  if (word.length < 3) return word;
  const at = random.integer(word.length - 1);
  const kind = random.next();
  const [before, after] = [word.slice(0, at), word.slice(at + 1)];
  if (kind < 0.25) return before + after;
  if (kind < 0.5) return before + after.slice(0, 1) + word.charAt(at) + after.slice(1);
  const letter = String.fromCharCode(97 + random.integer(26));
  return before + letter + (kind < 0.75 ? after : word.slice(at));
}

/** What one contact by one channel tells. The order of the draws is the generator's and must not change. */
function record(random: Random, one: Person): Omit<IdentityRecord, "person"> {
  const spelled = (word: string, rate = 0.12) => (random.chance(rate) ? typo(random, word) : word);
  const maybe = (rate: number, value: () => string) => (random.chance(rate) ? value() : undefined);
  const told: Omit<IdentityRecord, "person"> = {};
  switch (random.pick(["wa", "web", "order", "review", "crm"])) {
    case "wa":
      told.phone = spelled(one.phone, 0.03);
      told.given = maybe(0.7, () => spelled(one.given));
      told.family = maybe(0.3, () => spelled(one.family));
      break;
    case "web":
      told.email = spelled(one.email, 0.05);
      told.given = maybe(0.5, () => spelled(one.given));
      told.city = maybe(0.6, () => one.city);
      break;
    case "order":
      told.given = spelled(one.given);
      told.family = spelled(one.family);
      told.phone = maybe(0.7, () => spelled(one.phone, 0.05));
      told.email = maybe(0.7, () => spelled(one.email, 0.05));
      told.city = one.city;
      break;
    case "review":
      told.given = spelled(one.given);
      told.family = maybe(0.5, () => spelled(one.family));
      told.city = maybe(0.5, () => one.city);
      told.email = maybe(0.3, () => one.email);
      break;
    default:
      told.given = spelled(one.given);
      told.family = spelled(one.family);
      told.birth = maybe(0.8, () => one.birth);
      told.city = maybe(0.8, () => one.city);
      told.phone = maybe(0.5, () => one.phone);
      told.email = maybe(0.5, () => one.email);
  }
  if (random.chance(0.012)) told.email = "noreply@shop.com";
  if (random.chance(0.006)) told.phone = "000000000";
  return told;
}
