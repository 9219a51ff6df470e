import type { z } from "zod";
import { type IngestVerdict, person, signal } from "../../types/api.ts";

/** The database takes no signal above 64 kB and none nested deeper than 32 levels; neither is sent to it. */
const MAX_SIGNAL_BYTES = 65_536;
const MAX_DEPTH = 32;

export interface Judged {
  /** What to send on, and where it stood in the request. */
  sound: { index: number; signal: unknown }[];
  rejected: IngestVerdict[];
}

/** Tells the signals that the database may see from those it need not, each on its own. */
export function judge(signals: unknown[]): Judged {
  const judged: Judged = { sound: [], rejected: [] };
  for (const [index, candidate] of signals.entries()) {
    const fault = unstorable(candidate) ?? misshapen(candidate);
    if (fault) judged.rejected.push(rejection(index, fault));
    else judged.sound.push({ index, signal: candidate });
  }
  return judged;
}

interface Fault {
  code: string;
  field: string;
  reason: string;
}

/** Depth, characters and size. Walks with a list of its own: a call stack would end before a hostile document does. */
function unstorable(value: unknown): Fault | undefined {
  const waiting: { value: unknown; depth: number; path: string }[] = [{ value, depth: 0, path: "" }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { depth, path } = next;
    if (depth > MAX_DEPTH) {
      return { code: "too_deep", field: "", reason: `A signal is nested at most ${MAX_DEPTH} levels deep.` };
    }
    if (typeof next.value === "string" && !isStorable(next.value)) return characters(path);
    if (typeof next.value !== "object" || next.value === null) continue;
    for (const [key, child] of Object.entries(next.value)) {
      if (!isStorable(key)) return characters(path);
      waiting.push({ value: child, depth: depth + 1, path: path ? `${path}.${key}` : key });
    }
  }
  if (new TextEncoder().encode(JSON.stringify(value)).byteLength > MAX_SIGNAL_BYTES) {
    return {
      code: "too_large",
      field: "",
      reason: `A signal has at most ${MAX_SIGNAL_BYTES} bytes of JSON.`,
    };
  }
}

/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
function isStorable(text: string): boolean {
  return !text.includes("\0") && !/\p{Surrogate}/u.test(text);
}

function characters(field: string): Fault {
  return { code: "invalid_characters", field, reason: "Text holds no NUL and no lone surrogate." };
}

function misshapen(candidate: unknown): Fault | undefined {
  if (typeof candidate !== "object" || candidate === null || Array.isArray(candidate)) {
    return { code: "not_an_object", field: "", reason: "A signal is a JSON object." };
  }
  const result = signal.safeParse(candidate);
  if (result.success) return;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const field = issue.path.join(".");
  if (field === "type") {
    const types = signal.options.map((option) => option.shape.type.value).join(", ");
    return { code: "unknown_type", field, reason: `must be one of ${types}` };
  }
  if (issue.code === "unrecognized_keys" && field === "person") {
    return {
      code: "invalid_field",
      field: `person.${issue.keys[0]}`,
      reason: `is not known: person takes ${Object.keys(person.shape).join(", ")}`,
    };
  }
  if (issue.code === "unrecognized_keys") {
    return {
      code: "invalid_identifier",
      field: `${field}.${issue.keys[0]}`,
      reason: "identifiers are email, phone, social_handle and customer_id",
    };
  }
  const isMissing = valueAt(candidate, issue.path) === undefined;
  return {
    code: isMissing ? "missing_field" : "invalid_field",
    field,
    reason: isMissing ? "is required" : issue.message,
  };
}

function valueAt(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function rejection(index: number, { code, field, reason }: Fault): IngestVerdict {
  return {
    index,
    verdict: "rejected",
    signal_id: null,
    duplicate_of: null,
    duplicate_kind: null,
    error_code: code,
    field,
    reason,
    quality_score: null,
  };
}
