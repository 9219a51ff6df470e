/**
 * Product categories found in the data, not given by hand.
 *
 * A word of the descriptions makes a category when people differ in how much they buy under it. For a word that
 * covers the share s of all purchases, a customer with n different products would hold n·s of them if everybody
 * bought alike, with variance n·s·(1-s). The index of dispersion
 *     D = Σ (x - n·s)² / Σ n·s·(1-s)          over customers, x = the customer's products under the word
 * is 1 in that case and grows with taste: "bag" or "sign" reach 5 to 9, "small", "with" and "assorted" stay near 1.
 * Words are taken greedily, the largest D first; products already taken do not count for the next word. It ends
 * where no word with at least MINIMUM_SHARE of the purchases reaches MINIMUM_DISPERSION.
 */
export interface ProductPurchases {
  product: string;
  description: string;
  /** Who bought it. */
  customers: ReadonlySet<string>;
}

export interface Category {
  name: string;
  dispersion: number;
  share: number;
  products: string[];
}

export const MINIMUM_SHARE = 0.01;
export const MINIMUM_DISPERSION = 2;
export const MOST_CATEGORIES = 24;

/** Words of a description without their plural, each once. Single letters, numbers and measures say nothing. */
export function wordsOf(description: string): string[] {
  return [...new Set(surfaceWords(description).map(singular))];
}

function surfaceWords(description: string): string[] {
  return description
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length >= 3);
}

function singular(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return /(ss|us|is|as)$/.test(word) ? word : word.replace(/s$/, "");
}

export function findCategories(purchases: readonly ProductPurchases[]): Category[] {
  const baskets = basketSizes(purchases);
  const total = sum([...baskets.values()]);
  const sumOfSquares = sum([...baskets.values()].map((n) => n * n));
  const productsOf = groupByWord(purchases);
  const taken = new Set<string>();
  const categories: Category[] = [];

  while (categories.length < MOST_CATEGORIES) {
    let best: Category | undefined;
    for (const [word, products] of productsOf) {
      const free = products.filter(({ product }) => !taken.has(product));
      const share = sum(free.map(({ customers }) => customers.size)) / total;
      if (share < MINIMUM_SHARE) {
        productsOf.delete(word);
        continue;
      }
      const dispersion = dispersionOf(free, share, baskets, total, sumOfSquares);
      if (dispersion >= Math.max(MINIMUM_DISPERSION, best?.dispersion ?? 0)) {
        best = { name: word, dispersion, share, products: free.map(({ product }) => product) };
      }
    }
    if (!best) break;
    for (const product of best.products) taken.add(product);
    categories.push({ ...best, name: fullName(best, purchases) });
  }
  return categories;
}

function basketSizes(purchases: readonly ProductPurchases[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { customers } of purchases) {
    for (const customer of customers) sizes.set(customer, (sizes.get(customer) ?? 0) + 1);
  }
  return sizes;
}

function groupByWord(purchases: readonly ProductPurchases[]): Map<string, ProductPurchases[]> {
  const groups = new Map<string, ProductPurchases[]>();
  for (const purchase of purchases) {
    for (const word of wordsOf(purchase.description)) {
      groups.set(word, [...(groups.get(word) ?? []), purchase]);
    }
  }
  return groups;
}

/** Σ (x - n·s)² spread out, so that only customers who hold something under the word are visited. */
function dispersionOf(
  products: readonly ProductPurchases[],
  share: number,
  baskets: ReadonlyMap<string, number>,
  total: number,
  sumOfSquares: number,
): number {
  const held = new Map<string, number>();
  for (const { customers } of products) {
    for (const customer of customers) held.set(customer, (held.get(customer) ?? 0) + 1);
  }
  let squares = share * share * sumOfSquares;
  for (const [customer, x] of held) squares += x * x - 2 * share * x * (baskets.get(customer) ?? 0);
  return squares / (total * share * (1 - share));
}

/** In how much of a category's purchases a second word must stand to become part of its name. */
const COMPANION_SHARE = 0.8;

/** The word as it is mostly written, with those that nearly always stand beside it: "christmas", "hot water bottle". */
function fullName(category: Category, purchases: readonly ProductPurchases[]): string {
  const members = new Set(category.products);
  const weights = new Map<string, { total: number; position: number; forms: Map<string, number> }>();
  let all = 0;
  for (const { product, description, customers } of purchases) {
    if (!members.has(product)) continue;
    all += customers.size;
    const seen = new Set<string>();
    for (const [position, form] of surfaceWords(description).entries()) {
      const word = singular(form);
      if (seen.has(word)) continue;
      seen.add(word);
      const entry = weights.get(word) ?? { total: 0, position: 0, forms: new Map() };
      entry.total += customers.size;
      entry.position += customers.size * position;
      entry.forms.set(form, (entry.forms.get(form) ?? 0) + customers.size);
      weights.set(word, entry);
    }
  }
  return [...weights]
    .filter(([word, { total }]) => word === category.name || total >= COMPANION_SHARE * all)
    .sort(([, a], [, b]) => a.position / a.total - b.position / b.total)
    .map(([word, { forms }]) => [...forms].sort(([, x], [, y]) => y - x)[0]?.[0] ?? word)
    .join(" ");
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
