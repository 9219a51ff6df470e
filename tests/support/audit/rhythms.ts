import { groupBy, lnGamma, sum } from "./computation.ts";

export interface MemoryLoop {
  timezone: string;
  occasions: { at: string }[];
  pattern: {
    calendar?: "day" | "month";
    window?: { octave: number; days: number; tolerance: number; multiples: 1 | 2 };
    classes?: "weekday" | "hour" | "hour_shifted";
    expected?: Record<string, number>;
  };
}

interface Day {
  day: number;
  /** In a calendar of months of 30.4375 days. */
  monthDay: number;
  hour: number;
}

export function memoryLoop({ timezone, occasions, pattern }: MemoryLoop) {
  const days = occasions.map(({ at }) => dayOf(at, timezone));
  const found = pattern.window
    ? regularity(days, pattern.calendar as "day" | "month", pattern.window)
    : habit(days, pattern.classes as "weekday", pattern.expected as Record<string, number>);
  // Sellke, Bayarri and Berger 2001: the least probability of chance, at even odds, that goes with p.
  const confidence = 1 / (1 - Math.exp(1 + Math.max(-700, found.lnP)) * Math.min(-1, found.lnP));
  return { strength: Math.min(1, found.strength), period_days: found.period, confidence };
}

function dayOf(at: string, timeZone: string): Day {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
  }).formatToParts(new Date(at));
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const [year, month, date] = [part("year"), part("month"), part("day")];
  const months = (year - 2000) * 12 + month - 1;
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return {
    day: (Date.UTC(year, month - 1, date) - Date.UTC(2000, 0, 1)) / 86_400_000,
    monthDay: Math.round(30.4375 * (months + (date - 0.5) / length)),
    hour: part("hour"),
  };
}

const weekday = (day: number) => (day + 5) % 7;

/** Gaps that begin after an occasion which was short against the periods of the octave. */
function gapsOf(days: Day[], calendar: "day" | "month", octave: number): { gap: number; blind: number }[] {
  const merge = Math.floor(octave * 0.3);
  const at = days.map((one) => (calendar === "day" ? one.day : one.monthDay)).sort((a, b) => a - b);
  const starts = at
    .map((x, i) => ({ x, before: at[i - 1] }))
    .filter(({ x, before }) => before === undefined || x - before > merge);
  return starts
    .slice(1)
    .map(({ x, before }, i) => {
      const last = (starts[i] as { x: number }).x;
      return { gap: x - last, blind: (before as number) - last + merge };
    })
    .filter(({ blind }) => blind <= 0.6 * octave);
}

function regularity(
  days: Day[],
  calendar: "day" | "month",
  window: NonNullable<MemoryLoop["pattern"]["window"]>,
) {
  const gaps = gapsOf(days, calendar, window.octave);
  const octaves = [1, 2, 3, 4, 5, 6, 7, 8].filter((i) => gapsOf(days, "day", 2 ** i).length >= 4).length;
  const tried = octaves + (gapsOf(days, "month", 16).length >= 4 ? 1 : 0);
  const isNear = (x: number) => Math.abs(Math.log(x / window.days)) <= window.tolerance;
  const single = gaps.filter(({ gap }) => isNear(gap));
  const double = gaps.filter(({ gap }) => isNear(gap / 2));
  const m = gaps.length;
  const hits = single.length + (window.multiples === 2 ? double.length : 0);
  const chance = chanceOf(days, sum(gaps.map(({ blind }) => blind)) / m, window);
  const lnP =
    Math.log((6 * tried * m) / hits) +
    lnGamma(m) -
    lnGamma(hits) -
    lnGamma(m - hits + 1) +
    (hits - 1) * Math.log(chance) +
    (m - hits) * Math.log(1 - chance) -
    Math.log(1 - ((m - hits) * chance) / (hits * (1 - chance)));
  const period = sum([...single, ...double].map(({ gap }) => gap)) / (single.length + 2 * double.length);
  return { lnP, strength: (single.length + double.length) / m, period: Math.round(period * 100) / 100 };
}

/** Share of gaps in the window by chance, for the stream that hits it most often: among all days, or whole weeks. */
function chanceOf(
  days: Day[],
  blind: number,
  { days: period, tolerance, multiples }: NonNullable<MemoryLoop["pattern"]["window"]>,
): number {
  const high = [1, 2].map((k) => Math.floor(k * period * Math.exp(tolerance))) as [number, number];
  const low = [1, 2].map((k) => Math.ceil(k * period * Math.exp(-tolerance))) as [number, number];
  const share = (hits: number[], end: number) => sum(hits) / Math.max(1, end);
  const inside = [0, 1].map((k) => (high[k] as number) - (low[k] as number) + 1);
  const weeks = [0, 1].map(
    (k) => Math.floor((high[k] as number) / 7) - Math.ceil((low[k] as number) / 7) + 1,
  );
  const byDays = Math.max(
    share(inside.slice(0, 1), high[0] - blind),
    multiples === 2 ? share(inside, high[1] - blind) : 0,
  );
  const byWeeks = Math.max(
    share(weeks.slice(0, 1), Math.floor(high[0] / 7)),
    multiples === 2 ? share(weeks, Math.floor(high[1] / 7)) : 0,
  );
  const counts = [0, 1, 2, 3, 4, 5, 6].map((one) => days.filter(({ day }) => weekday(day) === one).length);
  const lift = Math.max(1, (7 * sum(counts.map((n) => n * (n - 1)))) / (days.length * (days.length - 1)));
  return Math.min(0.999, byWeeks > 0 ? Math.max(byDays, Math.min(byWeeks, byDays * lift)) : byDays);
}

const classOf = {
  weekday: ({ day }: Day) => weekday(day),
  hour: ({ hour }: Day) => Math.floor(hour / 2),
  hour_shifted: ({ hour }: Day) => Math.floor(((hour + 1) % 24) / 2),
};

/** The person's shares of weekdays or hours against what everybody here does. */
function habit(days: Day[], kind: keyof typeof classOf, expected: Record<string, number>) {
  const strength = 0.3 * (kind === "weekday" ? 7 : 12);
  const counts = [...groupBy(days, classOf[kind])].map(([name, of]) => ({
    n: of.length,
    share: expected[name] as number,
  }));
  const sorted = days.map(({ day }) => day).sort((a, b) => a - b);
  const visits = sorted.filter((day, i) => i === 0 || day - (sorted[i - 1] as number) > 2).length;
  const terms = counts.map(
    ({ n, share }) => lnGamma(strength * share + n) - lnGamma(strength * share) - n * Math.log(share),
  );
  const lnBayesFactor =
    (lnGamma(strength) - lnGamma(strength + days.length) + sum(terms)) / (days.length / visits);
  const surprise = ({ n, share }: { n: number; share: number }) => n * Math.log(n / share / days.length);
  const most = counts.reduce((a, b) => (surprise(b) > surprise(a) ? b : a));
  return { lnP: -lnBayesFactor, strength: most.n / days.length, period: kind === "weekday" ? 7 : 1 };
}
