import type { Random } from "../random.ts";
import type { WireSignal } from "../wire.ts";
import type { Person } from "./people.ts";
import { DAY, emailEvent, momentIn, order, webVisit, whatsappMessage } from "./shop.ts";

/** What the town does of its own accord in one week, before anybody sends it an offer. */
export function weekOfLife(
  town: readonly Person[],
  week: number,
  weekStart: number,
  random: Random,
): WireSignal[] {
  return town.flatMap((person) => {
    const moments = (mean: number) =>
      Array.from({ length: random.poisson(mean) }, () => momentIn(person, weekStart, random));
    return [
      ...moments(person.ordersPerWeek).map((at) => order(person, week, at, random)),
      ...moments(0.5).map((at) => webVisit(person, week, at, random)),
      ...moments(person.prefersWhatsapp ? 0.25 : 0.03).map((at) => whatsappMessage(person, week, at, random)),
    ];
  });
}

/** A stimulus as it reached a person. */
export interface Delivery {
  deployment: string;
  stimulus: string;
  subject: string;
  person: Person;
  /** Hidden chance that it makes this person order. */
  rate: number;
  at: number;
}

export interface Reaction {
  signals: WireSignal[];
  /** Deployments that truly caused an order. */
  caused: Set<string>;
}

/** How people answer within three days: some order because of it, some only look, a few have enough of it. */
export function react(deliveries: readonly Delivery[], week: number, random: Random): Reaction {
  const signals: WireSignal[] = [];
  const caused = new Set<string>();
  for (const delivery of deliveries) {
    const { person, at } = delivery;
    const opened = Math.floor(at + random.next() * DAY);
    const event = (kind: "opened" | "clicked" | "unsubscribed", when: number) =>
      signals.push(emailEvent(person, kind, when, delivery));
    if (random.chance(delivery.rate)) {
      const ordered = Math.floor(opened + 60_000 + random.next() * 1.9 * DAY);
      event("opened", opened);
      event("clicked", opened + 30_000);
      signals.push(order(person, week, ordered, random));
      caused.add(delivery.deployment);
    } else if (random.chance(0.25)) {
      event("opened", opened);
      if (random.chance(0.15)) event("clicked", opened + 30_000);
      if (random.chance(0.01)) event("unsubscribed", opened + 60_000);
    }
  }
  return { signals, caused };
}
