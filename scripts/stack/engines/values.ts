/**
 * How values of PostgreSQL's types become JavaScript's, the same on both engines: what supabase-js would make of the
 * answers of a hosted project. Keys are type oids.
 */
export const parsers: Record<number, (text: string) => unknown> = {
  20: number, // bigint
  700: number, // real
  701: number, // double precision
  1700: number, // numeric
  17: (text) => text, // bytea, as \x…
  1082: (text) => text, // date
  1114: isoTime, // timestamp
  1184: isoTime, // timestamptz
  114: JSON.parse,
  3802: JSON.parse,
};

/** NaN and the infinities are no JSON numbers; they stay text. */
function number(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

/** `2026-01-31 10:00:00.5+00` to `2026-01-31T10:00:00.5+00:00`; `infinity` and years BC stay as they are. */
function isoTime(text: string): string {
  const parts = /^(\d{4,}-\d\d-\d\d) ([\d:.]+)([+-]\d\d)?(:\d\d)?$/.exec(text);
  if (!parts) return text;
  const [, day, time, hours = "", minutes = ":00"] = parts;
  return `${day}T${time}${hours && hours + minutes}`;
}

/** An argument of a vector type: clients send arrays of numbers, pgvector reads text. */
export function vectorText(value: unknown): string {
  return Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** The oids of pgvector's types, which differ between databases. */
export const VECTOR_TYPES =
  "select oid::int as oid from pg_type where typname in ('vector', 'halfvec') and typtype = 'b'";
