import { chargeKind, isCreditNote, type LineProblem, type OrderLine } from "./lines.ts";

/** What became of a line; each line of the file counts under exactly one of these. */
export type LineFate =
  | "sold: item of an order"
  | "sold without a price: item at 0, money unknown"
  | "sold to nobody named: item of an order without a person"
  | "came back: item of a refund"
  | "postage and carriage: delivery fee of its order or refund"
  | "left out: exact copy of a line of the same invoice"
  | "left out: discount, manual entry or bank charge, no product"
  | "left out: charge on an invoice without products"
  | "left out: stock correction, negative without a credit note"
  | "left out: positive quantity on a credit note"
  | "left out: other customer than the rest of its invoice"
  | `left out: ${LineProblem}`;

export interface Invoice {
  number: string;
  customer: string | null;
  /** The earliest time of its lines: a long invoice may run over a minute. */
  at: Date;
  isRefund: boolean;
  country: string;
  items: OrderLine[];
  deliveryFee: number;
}

/** Gathers lines into invoices and keeps account of every one of them. The lines of an invoice need not stand together. */
export class InvoiceBook {
  readonly fates = new Map<LineFate, number>();
  readonly #drafts = new Map<string, OrderLine[]>();
  #lines = 0;

  get lineCount(): number {
    return this.#lines;
  }

  add(line: OrderLine | LineProblem): void {
    this.#lines += 1;
    if (typeof line === "string") {
      this.#count(`left out: ${line}`);
      return;
    }
    const draft = this.#drafts.get(line.invoice);
    if (draft) draft.push(line);
    else this.#drafts.set(line.invoice, [line]);
  }

  /** Closes the book: the invoices that hold products, oldest first. */
  close(): Invoice[] {
    const invoices: Invoice[] = [];
    for (const [number, lines] of this.#drafts) {
      const invoice = this.#settle(number, lines);
      if (invoice) invoices.push(invoice);
    }
    this.#drafts.clear();
    return invoices.sort((a, b) => a.at.getTime() - b.at.getTime() || a.number.localeCompare(b.number));
  }

  #settle(number: string, lines: readonly OrderLine[]): Invoice | null {
    const customer = lines.find((line) => line.customer !== null)?.customer ?? null;
    const isRefund = isCreditNote(number);
    const seen = new Set<string>();
    const items: OrderLine[] = [];
    const delivery: OrderLine[] = [];
    for (const line of lines) {
      const fate = this.#refusal(line, customer, isRefund, seen);
      if (fate) this.#count(fate);
      else if (chargeKind(line.product, line.description)) delivery.push(line);
      else items.push({ ...line, customer, quantity: Math.abs(line.quantity) });
    }
    if (items.length === 0) {
      this.#count("left out: charge on an invoice without products", delivery.length);
      return null;
    }
    this.#count("postage and carriage: delivery fee of its order or refund", delivery.length);
    for (const item of items) this.#count(itemFate(item, isRefund));
    return {
      number,
      customer,
      isRefund,
      items,
      at: new Date(Math.min(...items.map((item) => item.at.getTime()))),
      country: items.find((item) => item.country !== "")?.country ?? "",
      deliveryFee: delivery.reduce((sum, line) => sum + Math.abs(line.quantity) * line.price, 0),
    };
  }

  #refusal(line: OrderLine, customer: string | null, isRefund: boolean, seen: Set<string>): LineFate | null {
    if (line.customer !== null && line.customer !== customer) {
      return "left out: other customer than the rest of its invoice";
    }
    const content = JSON.stringify([
      line.product,
      line.description,
      line.quantity,
      line.price,
      line.at,
      line.country,
    ]);
    if (seen.has(content)) return "left out: exact copy of a line of the same invoice";
    seen.add(content);
    if (chargeKind(line.product, line.description) === "adjustment") {
      return "left out: discount, manual entry or bank charge, no product";
    }
    if (isRefund && line.quantity > 0) return "left out: positive quantity on a credit note";
    if (!isRefund && line.quantity < 0) return "left out: stock correction, negative without a credit note";
    return null;
  }

  #count(fate: LineFate, by = 1): void {
    if (by > 0) this.fates.set(fate, (this.fates.get(fate) ?? 0) + by);
  }
}

function itemFate(item: OrderLine, isRefund: boolean): LineFate {
  if (isRefund) return "came back: item of a refund";
  if (item.customer === null) return "sold to nobody named: item of an order without a person";
  return item.price === 0 ? "sold without a price: item at 0, money unknown" : "sold: item of an order";
}
