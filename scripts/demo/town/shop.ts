import type { Random } from "../random.ts";
import type { WireSignal } from "../wire.ts";
import { CATEGORIES } from "./groups.ts";
import { type Person, phaseIn } from "./people.ts";

/** The signals that one person leaves with the shop. Ids are counted per kind, so a town repeats exactly. */

export const DAY = 24 * 3600 * 1000;
export const WEEK = 7 * DAY;

const PRODUCTS_PER_CATEGORY = 6;

type Identifiers = WireSignal["identifiers"];

/** What an order names: by phone, by account, or both once a late linker gives it. */
export function orderIdentifiers(person: Person, week: number, random: Random): Identifiers {
  const account = { customer_id: person.customerId, email: writtenEmail(person, random) };
  const phone = { phone: writtenPhone(person, random) };
  if (person.habit === "account") return random.chance(0.9) ? { ...account, ...phone } : account;
  const links = person.habit === "links late" && week >= person.linksInWeek;
  return links && random.chance(0.5) ? { ...phone, email: writtenEmail(person, random) } : phone;
}

export function order(person: Person, week: number, at: number, random: Random): WireSignal {
  const { tastes } = phaseIn(person, week);
  const items = Array.from({ length: 1 + random.poisson(1.2) }, () => {
    const category = CATEGORIES[random.weighted(tastes)] as string;
    const product = random.integer(PRODUCTS_PER_CATEGORY);
    return {
      product_id: `${category}-${product}`,
      name: `${category} number ${product}`,
      category,
      quantity: 1 + random.poisson(0.3),
      unit_price: cents(person.price * Math.exp(random.normal(0, 0.25))),
    };
  });
  const total = cents(items.reduce((sum, item) => sum + item.quantity * item.unit_price, 0));
  const id = `order-${person.number}-${at}`;
  return {
    type: "order",
    source_platform: "shop",
    source_id: id,
    occurred_at: iso(at),
    identifiers: orderIdentifiers(person, week, random),
    name: person.name,
    data: {
      order_number: id,
      order_date: iso(at),
      order_status: "delivered",
      items,
      subtotal: total,
      total_amount: total,
      order_method: person.ordersBy,
      payment_method: "card",
      delivery_method: "delivery",
    },
  };
}

export function webVisit(person: Person, week: number, at: number, random: Random): WireSignal {
  const category = CATEGORIES[random.weighted(phaseIn(person, week).tastes)] as string;
  return {
    type: "web_behavior",
    source_platform: "web",
    source_id: `visit-${person.number}-${at}`,
    occurred_at: iso(at),
    identifiers:
      person.habit === "account"
        ? { customer_id: person.customerId }
        : { email: writtenEmail(person, random) },
    data: {
      session_id: `session-${person.number}-${at}`,
      page_url: `https://shop.example.com/${category}/${random.integer(PRODUCTS_PER_CATEGORY)}`,
      page_title: category,
      action_type: random.chance(0.7) ? "page_view" : "click",
      timestamp: iso(at),
      time_on_page: 5 + random.integer(120),
      device_type: random.pick(["desktop", "mobile", "tablet"]),
    },
  };
}

/** Sentences from which messages are put together, so that two people hardly ever write the same. */
const OPENINGS = [
  "Good morning!",
  "Hello,",
  "Hi there,",
  "Dear team,",
  "It is me again.",
  "Sorry to bother you.",
];
const QUESTIONS = [
  "do you have new {} this week?",
  "is there any {} left for tomorrow?",
  "which {} would you give as a present?",
  "please keep some {} for me.",
  "how much is the {} from your window?",
  "my sister raved about your {}, what is it called?",
];
const REASONS = [
  "We have guests on Saturday.",
  "It is for my mother's birthday.",
  "The last one was lovely.",
  "I forgot to ask yesterday.",
  "My neighbour told me about it.",
  "I pass by after work.",
  "The children ask every day.",
  "We are nearly out of it.",
];
const CLOSINGS = [
  "Thank you!",
  "See you soon.",
  "No hurry.",
  "Best wishes",
  "Many thanks in advance.",
  "Just leave word at the counter.",
];

export function whatsappMessage(person: Person, week: number, at: number, random: Random): WireSignal {
  const category = CATEGORIES[random.weighted(phaseIn(person, week).tastes)] as string;
  const phone = writtenPhone(person, random);
  const question = random.pick(QUESTIONS).replace("{}", category);
  const text = [
    random.pick(OPENINGS),
    question,
    random.pick(REASONS),
    random.pick(CLOSINGS),
    person.name,
  ].join(" ");
  return {
    type: "whatsapp_message",
    source_platform: "whatsapp",
    source_id: `wamid-${person.number}-${at}`,
    occurred_at: iso(at),
    // The shop's link to its chat carries the customer number of whoever is signed in.
    identifiers:
      person.habit === "account" && random.chance(0.8)
        ? { phone, customer_id: person.customerId }
        : { phone },
    name: person.name,
    data: {
      message_text: text,
      message_type: "text",
      is_inbound: true,
      sender_phone: phone,
      sender_name: person.name,
      whatsapp_message_id: `wamid-${person.number}-${at}`,
      timestamp: iso(at),
    },
  };
}

export function emailEvent(
  person: Person,
  kind: "opened" | "clicked" | "unsubscribed",
  at: number,
  mail: { stimulus: string; deployment: string; subject: string },
): WireSignal {
  const id = `${kind}-${mail.deployment}`;
  return {
    type: "email_interaction",
    source_platform: "mailer",
    source_id: id,
    occurred_at: iso(at),
    identifiers: { email: person.email },
    data: {
      email_subject: mail.subject,
      email_content: mail.subject,
      email_type: kind,
      sender_email: "hello@shop.example.com",
      recipient_email: person.email,
      email_id: id,
      message_id: mail.deployment,
      campaign_id: mail.stimulus,
      interaction_timestamp: iso(at),
      platform: "other",
      unsubscribe_requested: kind === "unsubscribed",
    },
  };
}

/** A moment of the week around the person's hour. */
export function momentIn(person: Person, weekStart: number, random: Random): number {
  const hour = Math.min(23.9, Math.max(0, random.normal(person.hour, 1.2)));
  return Math.floor(weekStart + random.integer(7) * DAY + hour * 3_600_000);
}

/** People and systems write the same address and number in their own ways. */
function writtenEmail(person: Person, random: Random): string {
  const [local, host] = person.email.split("@") as [string, string];
  return random.pick([person.email, person.email, ` ${person.email} `, `${local.toUpperCase()}@${host}`]);
}

function writtenPhone({ phone }: Person, random: Random): string {
  const spaced = `${phone.slice(0, 4)} ${phone.slice(4, 7)} ${phone.slice(7)}`;
  return random.pick([`+44${phone}`, `+44 ${spaced}`, `0044${phone}`, `+44 (0)${spaced.replace(" ", "-")}`]);
}

function cents(amount: number): number {
  return Math.max(0.01, Math.round(amount * 100) / 100);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
