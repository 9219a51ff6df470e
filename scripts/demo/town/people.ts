import { createRandom, type Random } from "../random.ts";
import { type Group, GROUPS, type OrderMethod } from "./groups.ts";

/** The hidden truth about the town. Loopwise never sees it; only the scores do. */

/** Which identifiers a person's signals carry, the reason why one person can look like several. */
export type Habit =
  /** Signs in everywhere: customer id and e-mail stand together from the first order. */
  | "account"
  /** Orders by phone and browses by e-mail; one later order names both. */
  | "links late"
  /** The same, but nothing ever names both: only a guess could join them. */
  | "never links";

export interface Person {
  number: number;
  name: string;
  email: string;
  /** Digits after the country code +44; a household shares one. */
  phone: string;
  customerId: string;
  habit: Habit;
  /** The week from which `habit` "links late" names both. */
  linksInWeek: number;
  prefersWhatsapp: boolean;
  ordersBy: OrderMethod;
  hour: number;
  ordersPerWeek: number;
  price: number;
  /** Group and own tastes over time; people who drift have a second phase. */
  phases: { fromWeek: number; group: number; tastes: number[] }[];
}

export interface TownOptions {
  people: number;
  seed: number;
  /** The week at which some people change their group. */
  driftWeek: number;
}

const DRIFTING = 0.12;
const SHARED_PHONE = 0.03;
/** Concentration of personal tastes around their group's: 20 gives a deviation of about 10 points at 40%. */
const CONCENTRATION = 20;
const FIRST_NAMES = [
  "Ada",
  "Bela",
  "Chidi",
  "Dora",
  "Emil",
  "Fatima",
  "Goran",
  "Hana",
  "Ivo",
  "Jade",
  "Kofi",
  "Lena",
  "Milo",
  "Nia",
  "Omar",
  "Pia",
  "Quinn",
  "Rosa",
  "Sami",
  "Tess",
];
const LAST_NAMES = [
  "Abbott",
  "Brown",
  "Castillo",
  "Dahl",
  "Evans",
  "Fischer",
  "Green",
  "Horvat",
  "Ito",
  "Jensen",
  "Khan",
  "Larsen",
  "Moreau",
  "Novak",
  "Okafor",
  "Price",
  "Quist",
  "Rossi",
  "Sato",
  "Turner",
];

export function createTown({ people, seed, driftWeek }: TownOptions): Person[] {
  const random = createRandom(seed);
  const town: Person[] = [];
  for (let number = 0; number < people; number++) {
    const neighbour = number > 0 && random.chance(SHARED_PHONE) ? town[number - 1] : undefined;
    town.push(createPerson(number, random, driftWeek, neighbour));
  }
  return town;
}

function createPerson(
  number: number,
  random: Random,
  driftWeek: number,
  neighbour: Person | undefined,
): Person {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const group = random.integer(GROUPS.length);
  const truth = GROUPS[group] as Group;
  const phases = [{ fromWeek: 0, group, tastes: ownTastes(truth, random) }];
  if (random.chance(DRIFTING)) {
    const next = (group + 1 + random.integer(GROUPS.length - 1)) % GROUPS.length;
    phases.push({ fromWeek: driftWeek, group: next, tastes: ownTastes(GROUPS[next] as Group, random) });
  }
  return {
    number,
    name: `${first} ${last}`,
    email: `${first}.${last}.${number}@example.com`.toLowerCase(),
    phone: neighbour?.phone ?? `7700${String(900_000 + number)}`,
    customerId: `K${String(10_000 + number)}`,
    habit: (["account", "links late", "never links"] as const)[random.weighted([0.82, 0.12, 0.06])] as Habit,
    linksInWeek: 2 + random.integer(4),
    prefersWhatsapp: random.chance(truth.whatsapp),
    ordersBy: random.chance(0.7)
      ? truth.orders
      : random.pick(["online", "phone", "in_store", "app"] as const),
    hour: Math.min(22, Math.max(6, Math.round(random.normal(truth.hour, 1.5)))),
    ordersPerWeek: truth.ordersPerWeek * Math.exp(random.normal(-0.06, 0.35)),
    price: truth.price * Math.exp(random.normal(-0.02, 0.2)),
    phases,
  };
}

function ownTastes(group: Group, random: Random): number[] {
  return random.dirichlet(group.tastes.map((share) => share * CONCENTRATION));
}

export function phaseIn(person: Person, week: number): Person["phases"][number] {
  const phase = person.phases.findLast((candidate) => candidate.fromWeek <= week);
  if (!phase) throw new Error(`Person ${person.number} has no phase in week ${week}.`);
  return phase;
}
