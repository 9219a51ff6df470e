import { gzipSync } from "node:zlib";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readOrders } from "../../scripts/demo/orders/read.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopwise-orders-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(lines: string[], name = "orders.csv") {
  const path = join(folder, name);
  const text = [HEADER, ...lines, ""].join("\n");
  await writeFile(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return readOrders(path);
}

describe("An orders file", () => {
  test("becomes one order signal for each invoice, whether plain or gzipped", async () => {
    const lines = [
      "1001,22001,RED BAG,2,2010-12-01 08:26:00,2.55,17850,United Kingdom",
      '1001,22002,"BOX, SMALL",1,2010-12-01 08:27:00,1.10,17850,United Kingdom',
      "1002,22001,RED BAG,1,2010-12-02 09:00:00,2.55,13047,France",
    ];
    const plain = await read(lines);
    expect(await read(lines, "orders.csv.gz")).toEqual(plain);
    expect(plain.signals).toHaveLength(2);
    expect(plain.signals[0]).toMatchObject({
      type: "order",
      source_id: "1001",
      occurred_at: "2010-12-01T08:26:00.000Z",
      identifiers: { customer_id: "17850" },
      data: { order_status: "delivered", subtotal: 6.2, total_amount: 6.2 },
    });
    expect(plain.signals[0]?.data.items).toEqual([
      { product_id: "22001", name: "RED BAG", quantity: 2, unit_price: 2.55 },
      { product_id: "22002", name: "BOX, SMALL", quantity: 1, unit_price: 1.1 },
    ]);
  });

  test("has every line counted under exactly one fate", async () => {
    const file = await read([
      "1001,22001,BAG,2,2010-12-01 08:26:00,2.55,17850,United Kingdom",
      "1001,22001,BAG,2,2010-12-01 08:26:00,2.55,17850,United Kingdom",
      "1001,POST,POSTAGE,1,2010-12-01 08:26:00,18,17850,United Kingdom",
      "1001,M,Manual,1,2010-12-01 08:26:00,5,17850,United Kingdom",
      "1001,22009,BOX,1,2010-12-01 08:26:00,1,99999,United Kingdom",
      "1002,22002,GIFT,1,2010-12-01 09:00:00,0,17850,United Kingdom",
      "1003,22002,GIFT,1,2010-12-01 09:30:00,4,,United Kingdom",
      "1004,DOT,DOTCOM POSTAGE,1,2010-12-01 09:30:00,4,17850,United Kingdom",
      "1005,22002,damaged,-30,2010-12-01 09:30:00,0,,United Kingdom",
      "C1006,22001,BAG,-1,2010-12-03 08:26:00,2.55,17850,United Kingdom",
      "C1006,22001,BAG,1,2010-12-03 08:26:00,2.55,17850,United Kingdom",
      "1007,22001,BAG,two,2010-12-03 08:26:00,2.55,17850,United Kingdom",
      "1007,22001,BAG,1,2010-02-31 08:26:00,2.55,17850,United Kingdom",
      "1007,22001,BAG,1,2010-12-03 08:26:00,-2,17850,United Kingdom",
      "1007,22001,BAG,1,2010-12-03 08:26:00",
      ",22001,BAG,1,2010-12-03 08:26:00,2,17850,United Kingdom",
    ]);
    expect(Object.fromEntries(file.fates)).toEqual({
      "sold: item of an order": 1,
      "left out: exact copy of a line of the same invoice": 1,
      "postage and carriage: delivery fee of its order or refund": 1,
      "left out: discount, manual entry or bank charge, no product": 1,
      "left out: other customer than the rest of its invoice": 1,
      "sold without a price: item at 0, money unknown": 1,
      "sold to nobody named: item of an order without a person": 1,
      "left out: charge on an invoice without products": 1,
      "left out: stock correction, negative without a credit note": 1,
      "came back: item of a refund": 1,
      "left out: positive quantity on a credit note": 1,
      "left out: quantity is not a whole number or is zero": 1,
      "left out: date cannot be read or cannot be true": 1,
      "left out: price is not a number or is negative": 1,
      "left out: wrong number of columns": 1,
      "left out: no invoice number": 1,
    });
    expect(file.fates.reduce((sum, [, count]) => sum + count, 0)).toBe(file.lineCount);
    expect(file.lineCount).toBe(16);
    expect(file.signals.map((signal) => signal.source_id)).toEqual(["1001", "1002", "1003", "C1006"]);
    expect(file.signals[0]?.data).toMatchObject({ delivery_fee: 18, subtotal: 5.1, total_amount: 23.1 });
    expect(file.signals[1]?.metadata).toMatchObject({ unpriced_items: 1 });
    expect(file.signals[2]?.identifiers).toEqual({});
  });

  test("links what came back to the latest earlier orders of the same customer, each piece once", async () => {
    const file = await read([
      "1001,22001,BAG,2,2010-12-01 08:00:00,2,17850,United Kingdom",
      "1002,22001,BAG,3,2010-12-02 08:00:00,2,17850,United Kingdom",
      "1003,22001,BAG,9,2010-12-03 08:00:00,2,13047,United Kingdom",
      "C1004,22001,BAG,-4,2010-12-04 08:00:00,2,17850,United Kingdom",
      "C1005,22001,BAG,-3,2010-12-05 08:00:00,2,17850,United Kingdom",
      "1006,22001,BAG,5,2010-12-06 08:00:00,2,17850,United Kingdom",
    ]);
    const refund = (id: string) => file.signals.find((signal) => signal.source_id === id);
    expect(refund("C1004")?.data).toMatchObject({ order_status: "refunded", total_amount: 8 });
    expect(refund("C1004")?.metadata).toMatchObject({
      refund_of: [
        { order_number: "1002", product_id: "22001", quantity: 3 },
        { order_number: "1001", product_id: "22001", quantity: 1 },
      ],
      returned_without_sale: 0,
    });
    expect(refund("C1005")?.metadata).toMatchObject({
      refund_of: [{ order_number: "1001", product_id: "22001", quantity: 1 }],
      returned_without_sale: 2,
    });
    expect(file.returnedPieces).toEqual({ linked: 5, unmatched: 2 });
  });

  test("gives the words for which customers differ as categories, and not those that everybody buys alike", async () => {
    const lines: string[] = [];
    for (let customer = 0; customer < 40; customer++) {
      const [loved, other] = customer % 2 === 0 ? ["TEAPOTS", "LANTERN"] : ["LANTERN", "TEAPOTS"];
      for (let item = 0; item < 10; item++) {
        const noun = item < 9 ? loved : other;
        const size = item % 2 === 0 ? "SMALL" : "LARGE";
        lines.push(
          `${5000 + customer},2${noun === "LANTERN" ? 1 : 2}0${item}0,${size} ${noun},1,2010-12-01 08:00:00,2,${customer + 1},UK`,
        );
      }
    }
    const file = await read(lines);
    expect(file.categories.map((category) => category.name).sort()).toEqual(["lantern", "teapots"]);
    expect(file.itemsWithCategory).toBe(400);
  });

  test("brings an invoice that is too long for one signal in parts, none of its money lost or doubled", async () => {
    const lines = Array.from(
      { length: 950 },
      (_, index) => `1001,${30_000 + index},THING ${index},1,2010-12-01 08:00:00,1,17850,UK`,
    );
    const file = await read([...lines, "1001,POST,POSTAGE,1,2010-12-01 08:00:00,7,17850,UK"]);
    expect(file.signals.map((signal) => signal.source_id)).toEqual(["1001", "1001/2", "1001/3"]);
    expect(file.signals.map((signal) => signal.data.total_amount)).toEqual([407, 400, 150]);
    // The same number again would be read as news of the same order.
    expect(file.signals.map((signal) => signal.data.order_number)).toEqual(["1001", "1001/2", "1001/3"]);
  });

  test("that lacks a column is refused by name", async () => {
    const path = join(folder, "narrow.csv");
    await writeFile(path, "InvoiceNo,StockCode,Quantity\n1,2,3\n");
    await expect(readOrders(path)).rejects.toThrow(
      "Description, InvoiceDate, UnitPrice, CustomerID, Country",
    );
  });
});
