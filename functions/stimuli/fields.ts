/** A field as a template declares it: what its values look like and how they are printed. */
export interface Field {
  name: string;
  type: "text" | "number" | "money" | "date" | "url" | "list";
  /** number and money: digits after the point; date: short, medium, long or full. */
  format?: string;
  /** What stands for it in a check and a preview. */
  sample?: unknown;
}

export interface Locale {
  /** BCP 47, such as en or de-AT. */
  language: string;
  /** ISO 4217. */
  currency: string;
  timeZone?: string;
}

const TYPES: ReadonlySet<string> = new Set(["text", "number", "money", "date", "url", "list"]);
const DATE_STYLES = ["short", "medium", "long", "full"];
const MAX_FIELDS = 100;
const MAX_TEXT = 500;
const MAX_URL = 2000;
const MAX_ITEMS = 50;

/** What gives a field its value: the cohort, the person, or whoever sends. The names are those of the database. */
export const KNOWN: Record<string, Field> = Object.fromEntries(
  (
    [
      ["brand_name", "text", "Brand"],
      ["currency", "text", "USD"],
      ["cohort_name", "text", "Regulars"],
      ["cohort_size", "number", 120],
      ["top_category", "text", "tea"],
      ["second_category", "text", "honey"],
      ["order_value", "money", 42.5],
      ["top_trait", "text", "buys tea"],
      ["first_name", "text", "Ada"],
      ["own_category", "text", "tea"],
      ["own_order_value", "money", 42.5],
      ["last_order_days", "number", 12],
      ["offer_code", "text", "0123456789ABCDEF"],
      ["unsubscribe_url", "url", "https://example.com/unsubscribe"],
    ] as const
  ).map(([name, type, sample]) => [name, { name, type, sample }]),
);
/** Filled for one person: not everybody has them, so the template has a default. */
export const OF_PERSON = ["first_name", "own_category", "own_order_value", "last_order_days"];

/** Reads a declared field; the fault in words where it is none. */
export function readField(declared: unknown): Field | string {
  const field = typeof declared === "string" ? { name: declared } : declared;
  if (typeof field !== "object" || field === null || Array.isArray(field))
    return "a field is a name or an object";
  const { name, type, format, sample } = field as Record<string, unknown>;
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]{0,62}$/.test(name)) {
    return "a field has a name of a-z, 0-9 and underscore";
  }
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  const kind = type ?? known?.type ?? "text";
  if (typeof kind !== "string" || !TYPES.has(kind)) {
    return `the type of ${name} is none of ${[...TYPES].join(", ")}`;
  }
  if (known?.type === "url" && kind !== "url") return `${name} is a url`;
  if (format !== undefined && !isFormat(kind, format)) {
    return `the format of ${name} is none for type ${kind}`;
  }
  return {
    name,
    type: kind as Field["type"],
    format: format as string | undefined,
    sample: sample ?? known?.sample ?? SAMPLES[kind as Field["type"]],
  };
}

const SAMPLES: Record<Field["type"], unknown> = {
  text: "Sample",
  number: 3,
  money: 9.99,
  date: "2026-01-31",
  url: "https://example.com/",
  list: ["one", "two"],
};

function isFormat(type: string, format: unknown): boolean {
  if (typeof format !== "string") return false;
  return type === "date"
    ? DATE_STYLES.includes(format)
    : (type === "number" || type === "money") && /^[0-6]$/.test(format);
}

/** The declared fields by name; those that cannot be read are left out. */
export function readFields(declared: unknown): Map<string, Field> {
  const list = Array.isArray(declared) ? declared.slice(0, MAX_FIELDS) : [];
  const fields = list.map(readField).filter((field) => typeof field !== "string");
  return new Map(fields.map((field) => [field.name, field]));
}

/**
 * A value as it is printed. Nothing that comes in here can become a line, a header, markup or an address of its own:
 * texts are one line of visible characters, URLs are https. Throws the fault in words.
 */
export function printable(value: unknown, field: Field | undefined, locale: Locale): unknown {
  switch (field?.type) {
    case "number":
    case "money":
      return printNumber(value, field, locale);
    case "date":
      return printDate(value, field, locale);
    case "url":
      return safeUrl(value);
    case "list":
      if (!Array.isArray(value)) throw new Error("is no list");
      return value.slice(0, MAX_ITEMS).map(oneLine);
    default:
      return typeof value === "number" && Number.isFinite(value) ? value : oneLine(value);
  }
}

function printNumber(value: unknown, { type, format }: Field, { language, currency }: Locale): string {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw new Error("is no number");
  const digits =
    format === undefined
      ? {}
      : { minimumFractionDigits: Number(format), maximumFractionDigits: Number(format) };
  const style = type === "money" ? { style: "currency", currency } : {};
  return new Intl.NumberFormat(language, { ...style, ...digits } as Intl.NumberFormatOptions).format(number);
}

function printDate(
  value: unknown,
  { format = "medium" }: Field,
  { language, timeZone = "UTC" }: Locale,
): string {
  const isDay = typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new Error("is no date");
  // A day is the same day everywhere.
  const options = { dateStyle: format, timeZone: isDay ? "UTC" : timeZone } as Intl.DateTimeFormatOptions;
  return new Intl.DateTimeFormat(language, options).format(time);
}

export function safeUrl(value: unknown): string {
  const url =
    typeof value === "string" && value.length <= MAX_URL && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== "https:" || url.username || url.password) throw new Error("is no https URL");
  // As the standard writes it: every other character is percent-encoded, quotes included.
  return url.href.replace(/'/g, "%27");
}

/** Without line breaks, control characters, halves of surrogate pairs, and marks that turn the direction of what follows. */
export function oneLine(value: unknown): string {
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value !== "string") throw new Error("is no text");
  return value
    .slice(0, MAX_TEXT * 4)
    .replace(/\s+/gu, " ")
    .replace(/\p{Cc}|\p{Surrogate}|[\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/gu, "")
    .trim()
    .slice(0, MAX_TEXT)
    .replace(/\p{Surrogate}/gu, "");
}
