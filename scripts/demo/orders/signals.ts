import type { Category, ProductPurchases } from "./categories.ts";
import type { Invoice } from "./invoices.ts";
import type { RefundLink } from "./refunds.ts";
import type { WireSignal } from "../wire.ts";

/** Who bought which product, the ground on which categories are found. Refunds and orders without a person do not tell. */
export function purchasesOf(invoices: readonly Invoice[]): ProductPurchases[] {
  const products = new Map<string, { product: string; description: string; customers: Set<string> }>();
  for (const { customer, isRefund, items } of invoices) {
    if (customer === null || isRefund) continue;
    for (const { product, description } of items) {
      const known = products.get(product);
      if (known) known.customers.add(customer);
      else products.set(product, { product, description, customers: new Set([customer]) });
    }
  }
  return [...products.values()];
}

export function categoryByProduct(categories: readonly Category[]): Map<string, string> {
  return new Map(
    categories.flatMap(({ name, products }) => products.map((product) => [product, name] as const)),
  );
}

/** The intake takes at most 500 items and 64 kB per order; wholesale invoices can be longer. */
const MOST_ITEMS = 400;

/** Each invoice as an order signal; a credit note is an order with status "refunded". A very long one comes in parts. */
export function orderSignals(
  invoices: readonly Invoice[],
  categories: ReadonlyMap<string, string>,
  links: ReadonlyMap<string, RefundLink>,
): WireSignal[] {
  return invoices.flatMap((invoice) => {
    const parts = Math.ceil(invoice.items.length / MOST_ITEMS);
    return Array.from({ length: parts }, (_, index) => {
      const part = {
        ...invoice,
        items: invoice.items.slice(index * MOST_ITEMS, (index + 1) * MOST_ITEMS),
        deliveryFee: index === 0 ? invoice.deliveryFee : 0,
      };
      const signal = orderSignal(part, categories, index === 0 ? links.get(invoice.number) : undefined);
      if (parts === 1) return signal;
      const id = index === 0 ? signal.source_id : `${signal.source_id}/${index + 1}`;
      // An order number that comes again would be taken for news of the same order, so each part has its own.
      const data = { ...signal.data, order_number: id };
      return { ...signal, source_id: id, data, metadata: { ...signal.metadata, part: index + 1, parts } };
    });
  });
}

function orderSignal(
  invoice: Invoice,
  categories: ReadonlyMap<string, string>,
  link: RefundLink | undefined,
): WireSignal {
  const subtotal = money(invoice.items.reduce((sum, item) => sum + item.quantity * item.price, 0));
  const unpriced = invoice.items.filter((item) => item.price === 0).length;
  return {
    type: "order",
    source_platform: "orders-file",
    source_id: invoice.number,
    occurred_at: invoice.at.toISOString(),
    identifiers: invoice.customer === null ? {} : { customer_id: invoice.customer },
    data: {
      order_number: invoice.number,
      order_date: invoice.at.toISOString(),
      order_status: invoice.isRefund ? "refunded" : "delivered",
      items: invoice.items.map((item) => ({
        product_id: item.product,
        name: item.description,
        ...(categories.has(item.product) ? { category: categories.get(item.product) } : {}),
        quantity: item.quantity,
        unit_price: item.price,
      })),
      subtotal,
      delivery_fee: money(invoice.deliveryFee),
      total_amount: money(subtotal + invoice.deliveryFee),
      order_method: "online",
      payment_method: "other",
      delivery_method: "delivery",
    },
    metadata: {
      country: invoice.country,
      ...(unpriced > 0 ? { unpriced_items: unpriced } : {}),
      ...(link ? { refund_of: link.refundOf, returned_without_sale: link.unmatched } : {}),
    },
  };
}

function money(amount: number): number {
  return Math.round(amount * 100) / 100;
}
