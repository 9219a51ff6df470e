import { createRandom } from "../random.ts";

/** The hidden kinds of people of the town: what they like, when they order, and how they answer offers. */

export const CATEGORIES: readonly string[] = [
  "coffee",
  "bakery",
  "wine",
  "cheese",
  "flowers",
  "books",
  "toys",
  "vegetables",
];

export type OrderMethod = "online" | "phone" | "in_store" | "app";

export interface Group {
  name: string;
  /** Mean share of each category in what its people buy. */
  tastes: number[];
  ordersPerWeek: number;
  /** Mean price of an item. */
  price: number;
  /** Local hour around which its people are active. */
  hour: number;
  /** How many of its people prefer WhatsApp to e-mail. */
  whatsapp: number;
  /** How most of its people order. */
  orders: OrderMethod;
}

export const GROUPS: readonly Group[] = [
  {
    name: "breakfast",
    tastes: [0.42, 0.34, 0.01, 0.05, 0.03, 0.09, 0.02, 0.04],
    ordersPerWeek: 1.0,
    price: 6,
    hour: 8,
    whatsapp: 0.2,
    orders: "in_store",
  },
  {
    name: "evening",
    tastes: [0.03, 0.05, 0.44, 0.33, 0.05, 0.05, 0.01, 0.04],
    ordersPerWeek: 0.6,
    price: 24,
    hour: 20,
    whatsapp: 0.15,
    orders: "online",
  },
  {
    name: "garden",
    tastes: [0.05, 0.03, 0.05, 0.03, 0.45, 0.29, 0.03, 0.07],
    ordersPerWeek: 0.55,
    price: 15,
    hour: 13,
    whatsapp: 0.6,
    orders: "phone",
  },
  {
    name: "family",
    tastes: [0.04, 0.1, 0.03, 0.05, 0.03, 0.05, 0.33, 0.37],
    ordersPerWeek: 0.8,
    price: 10,
    hour: 17,
    whatsapp: 0.8,
    orders: "app",
  },
];

/**
 * How likely a person of each group answers each template with an order: one template suits the group, one is fair,
 * the rest hardly move it. Every group has another favourite as long as there are templates enough.
 */
export function hiddenRates(templates: readonly string[], seed: number): Map<string, number>[] {
  const random = createRandom(seed);
  const shuffled = templates
    .map((name) => ({ name, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ name }) => name);
  return GROUPS.map((_, group) => {
    const fair = (group + GROUPS.length) % shuffled.length;
    return new Map(
      shuffled.map((name, index) => {
        if (index === group % shuffled.length) return [name, 0.34 + 0.06 * random.next()];
        return [name, index === fair ? 0.14 + 0.06 * random.next() : 0.02 + 0.06 * random.next()];
      }),
    );
  });
}
