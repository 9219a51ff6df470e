import type { Invoice } from "./invoices.ts";

/** A returned item and the order it came from. */
export interface ReturnedItem {
  order_number: string;
  product_id: string;
  quantity: number;
}

export interface RefundLink {
  refundOf: ReturnedItem[];
  /** Pieces for which the file holds no earlier sale to the same customer (bought before the file begins). */
  unmatched: number;
}

/**
 * Finds for each credit note the orders its goods came from: the latest earlier orders of the same customer that
 * hold the same product, each piece given back once. `invoices` must be ordered by time.
 */
export function linkRefunds(invoices: readonly Invoice[]): Map<string, RefundLink> {
  const sold = new Map<string, ReturnedItem[]>();
  const links = new Map<string, RefundLink>();
  for (const invoice of invoices) {
    if (invoice.customer === null) continue;
    const link: RefundLink = { refundOf: [], unmatched: 0 };
    for (const { product, quantity } of invoice.items) {
      const key = JSON.stringify([invoice.customer, product]);
      const earlier = sold.get(key) ?? [];
      if (!invoice.isRefund) {
        sold.set(key, [...earlier, { order_number: invoice.number, product_id: product, quantity }]);
        continue;
      }
      let left = quantity;
      while (left > 0) {
        const last = earlier.at(-1);
        if (!last) break;
        const taken = Math.min(left, last.quantity);
        link.refundOf.push({ ...last, quantity: taken });
        left -= taken;
        last.quantity -= taken;
        if (last.quantity === 0) earlier.pop();
      }
      link.unmatched += left;
    }
    if (invoice.isRefund) links.set(invoice.number, link);
  }
  return links;
}
