/** One line of an orders file, read and judged. Every line of the file gets exactly one verdict. */

export interface OrderLine {
  invoice: string;
  product: string;
  description: string;
  /** Never zero; negative for goods that came back. */
  quantity: number;
  /** Never negative; 0 where the file gives no price. */
  price: number;
  at: Date;
  /** Null where the file names no customer. */
  customer: string | null;
  country: string;
}

export type LineProblem =
  | "wrong number of columns"
  | "no invoice number"
  | "no product code"
  | "quantity is not a whole number or is zero"
  | "price is not a number or is negative"
  | "date cannot be read or cannot be true";

/** A charge belongs to an order without being a thing in the parcel. */
export type ChargeKind = "delivery" | "adjustment";

const COLUMNS = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
];

/** Goods have at least four digits in their code; DCGS… and PADS are the shop's few goods without. Everything else (POST, D, M, C2, BANK CHARGES, AMAZONFEE) is a charge. */
const PRODUCT_CODE = /\d{4}|^DCGS|^PADS$/i;
const DELIVERY = /\b(postage|carriage|delivery|shipping|freight)\b/i;

/** Where each column of the expected ones stands; an error that names the missing ones. */
export function columnPositions(header: readonly string[]): number[] {
  const found = header.map((name) => name.trim().toLowerCase());
  const positions = COLUMNS.map((name) => found.indexOf(name.toLowerCase()));
  const missing = COLUMNS.filter((_, index) => positions[index] === -1);
  if (missing.length > 0) throw new Error(`The file has no column ${missing.join(", ")}.`);
  return positions;
}

export function chargeKind(product: string, description: string): ChargeKind | null {
  if (PRODUCT_CODE.test(product)) return null;
  return DELIVERY.test(description) || /^(POST|DOT|C2)$/i.test(product) ? "delivery" : "adjustment";
}

export function isCreditNote(invoice: string): boolean {
  return /^C\d/i.test(invoice);
}

/**
 * `2010-12-01 08:26:00`, `2010-12-01T08:26` or, as the set is also published, `12/1/2010 8:26` (month first).
 * The shop's clock is taken as UTC: only hours of the day and distances between orders matter here.
 */
export function readDate(text: string): Date | null {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?/.exec(text);
  const american = iso
    ? null
    : /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?/.exec(text);
  const parts = iso ?? american;
  if (!parts) return null;
  const [a, b, c, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [year, month, day] = iso ? [a, b, c] : [c, a, b];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date rolls 31 February over into March; such a date is no date.
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60;
  return real && year >= 1990 && date.getTime() <= Date.now() ? date : null;
}

export function readLine(fields: readonly string[], positions: readonly number[]): OrderLine | LineProblem {
  if (fields.length !== positions.length) return "wrong number of columns";
  const [invoice, product, description, quantity, at, price, customer, country] = positions.map((position) =>
    (fields[position] ?? "").trim(),
  ) as [string, string, string, string, string, string, string, string];
  if (invoice === "") return "no invoice number";
  if (product === "") return "no product code";
  const count = Number(quantity);
  if (quantity === "" || !Number.isInteger(count) || count === 0)
    return "quantity is not a whole number or is zero";
  const unitPrice = price === "" ? 0 : Number(price);
  if (!Number.isFinite(unitPrice) || unitPrice < 0) return "price is not a number or is negative";
  const date = readDate(at);
  if (!date) return "date cannot be read or cannot be true";
  return {
    invoice,
    product: product.toUpperCase(),
    description: description.replace(/\s+/g, " "),
    quantity: count,
    price: unitPrice,
    at: date,
    // Some exports write the number as 17850.0.
    customer: customer === "" ? null : customer.replace(/\.0$/, ""),
    country,
  };
}
