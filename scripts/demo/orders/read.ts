import { type Category, findCategories } from "./categories.ts";
import { readCsv } from "./csv.ts";
import { InvoiceBook, type Invoice, type LineFate } from "./invoices.ts";
import { columnPositions, readLine } from "./lines.ts";
import { linkRefunds } from "./refunds.ts";
import { categoryByProduct, orderSignals, purchasesOf } from "./signals.ts";
import type { WireSignal } from "../wire.ts";

export interface OrdersFile {
  signals: WireSignal[];
  categories: Category[];
  /** How many lines of the file met which fate; the counts add up to lineCount. */
  fates: [LineFate, number][];
  lineCount: number;
  orders: number;
  refunds: number;
  /** Returned pieces that were found among the customer's earlier orders, and those that were not. */
  returnedPieces: { linked: number; unmatched: number };
  customers: number;
  itemsWithCategory: number;
}

/** Reads a whole orders file into signals, oldest first. */
export async function readOrders(
  path: string,
  onLines: (count: number) => void = () => {},
): Promise<OrdersFile> {
  const book = new InvoiceBook();
  let positions: number[] | undefined;
  for await (const record of readCsv(path)) {
    // An empty line at the end of a file is no line of it.
    if (record.length === 1 && record[0]?.trim() === "") continue;
    if (!positions) {
      positions = columnPositions(record);
      continue;
    }
    book.add(readLine(record, positions));
    if (book.lineCount % 5000 === 0) onLines(5000);
  }
  onLines(book.lineCount % 5000);
  return summarise(book);
}

function summarise(book: InvoiceBook): OrdersFile {
  const invoices = book.close();
  const categories = findCategories(purchasesOf(invoices));
  const byProduct = categoryByProduct(categories);
  const links = linkRefunds(invoices);
  const refunds = invoices.filter((invoice) => invoice.isRefund).length;
  return {
    signals: orderSignals(invoices, byProduct, links),
    categories,
    fates: [...book.fates].sort(([, a], [, b]) => b - a),
    lineCount: book.lineCount,
    orders: invoices.length - refunds,
    refunds,
    returnedPieces: {
      linked: total([...links.values()].flatMap((link) => link.refundOf.map((item) => item.quantity))),
      unmatched: total([...links.values()].map((link) => link.unmatched)),
    },
    customers: new Set(invoices.flatMap((invoice: Invoice) => invoice.customer ?? [])).size,
    itemsWithCategory: total(
      invoices.map(({ items }) => items.filter((item) => byProduct.has(item.product)).length),
    ),
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
