/** Order signals as a shop would send them; `n` makes each one of a kind. */
export function orderSignals(from: number, to: number): Record<string, unknown>[] {
  return Array.from({ length: to - from }, (_, index) => {
    const n = from + index;
    return {
      type: "order",
      source_platform: "test-shop",
      source_id: `order-${n}`,
      occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
      identifiers: { email: `person${n % 50}@example.com` },
      data: {
        order_number: `order-${n}`,
        order_status: "delivered",
        subtotal: 10 + n,
        total_amount: 10 + n,
        items: [
          {
            product_id: `p${n % 7}`,
            name: `Product ${n % 7}`,
            category: "tea",
            quantity: 1,
            unit_price: 10 + n,
          },
        ],
      },
    };
  });
}
