import { end, simulatePeople } from "../people.ts";

const start = Date.parse(end) - 200 * 86_400_000;

/** Signals that give every kind of number a profile can hold: the simulated people, and seven with habits and complaints. */
export function auditedShop(): Record<string, unknown>[] {
  const regulars = Array.from({ length: 7 }, (_, n) => regular(n));
  return [...simulatePeople(11, 10).signals, ...regulars.flat()].sort((a, b) =>
    String(a.occurred_at).localeCompare(String(b.occurred_at)),
  );
}

/** No two alike: a text told again is a duplicate. */
const announced = [
  "candles and two lamps",
  "pears, cherries or plums tomorrow",
  "that blue jacket",
  "a ticket, window seat please",
  "cheese from your counter",
  "three notebooks with lines",
  "the small oak table",
  "seeds before spring begins",
  "whatever fits my bicycle",
  "gloves",
];

function regular(n: number): Record<string, unknown>[] {
  const who = { customer_id: `R-${n}` };
  const signals: Record<string, unknown>[] = [];
  const send = (type: string, day: number, data: object) =>
    signals.push({
      type,
      source_platform: type === "whatsapp_message" ? "whatsapp" : "shop",
      source_id: `${type}-regular-${n}-${signals.length}`,
      occurred_at: new Date(start + day * 86_400_000).toISOString(),
      identifiers: who,
      data,
    });
  const say = (day: number, text: string) =>
    send("whatsapp_message", day, { sender_phone: `+44770090${String(2000 + n * 37)}`, message_text: text });
  const buy = (day: number, category: string, status = "delivered") => {
    const item = { product_id: category, name: category, category, quantity: 1, unit_price: 9 + n };
    send("order", day, { order_status: status, items: [item], subtotal: 9 + n, total_amount: 9 + n });
  };

  // Every so many days, at the same hour, what they do not say they like; late in the time something else.
  for (let day = 5; day < (n === 6 ? 85 : 199); day += 5 + 2 * n) buy(day + 0.4, day < 110 ? "tea" : "bread");
  for (const [index, answer] of ["wine", "wine", "flowers"].entries())
    send("survey_response", 30 + 40 * index, {
      survey_id: "taste",
      question_id: "favourite_category",
      question_text: "What do you like best?",
      question_type: "text",
      response_value: answer,
    });
  for (let day = 12; day < 190; day += 29) {
    send("review", day, {
      rating: 1 + ((day + n) % 5),
      review_text: `Parcel ${day} of ${n}`,
      topics_mentioned: ["delivery"],
    });
    say(day + 1, `Is it safe? I want a guarantee for number ${day + n}`);
    say(day + 2, `The delivery ${day} was terrible and late, number ${n}`);
  }
  if (n % 2 === 1) buy(150.2, "tea", "refunded");
  // The last one announces for months what it no longer does.
  if (n === 6) for (const [index, things] of announced.entries()) say(90 + 8 * index, `I will buy ${things}`);
  return signals;
}
