/** An error as PostgREST words it. Hono answers an error that has `getResponse` with it and prints nothing. */
export class DataApiError extends Error {
  readonly status: number;
  readonly body: { code: string; message: string; details: string | null; hint: string | null };

  constructor(status: number, code: string, message: string, details?: string | null, hint?: string | null) {
    super(message);
    this.status = status;
    this.body = { code, message, details: details ?? null, hint: hint ?? null };
  }

  getResponse(): Response {
    return Response.json(this.body, { status: this.status });
  }
}

/** SQLSTATE prefixes, longest match first, as PostgREST maps them (docs.postgrest.org, "Errors"). The rest is 400. */
const STATUS_BY_SQLSTATE: [prefix: string, status: number][] = [
  ["23503", 409],
  ["23505", 409],
  ["25006", 405],
  ["42883", 404],
  ["42P01", 404],
  ["42P17", 500],
  ["53400", 500],
  ["P0001", 400],
  ["08", 503],
  ["09", 500],
  ["0L", 403],
  ["0P", 403],
  ["25", 500],
  ["28", 403],
  ["2D", 500],
  ["38", 500],
  ["39", 500],
  ["3B", 500],
  ["40", 500],
  ["53", 503],
  ["54", 500],
  ["55", 500],
  ["57", 500],
  ["58", 500],
  ["F0", 500],
  ["HV", 500],
  ["P0", 500],
  ["XX", 500],
];

function statusOf(sqlstate: string, role: string): number {
  // A function's own choice of status: raise … using errcode = 'PT404'.
  const chosen = /^PT([2-5]\d\d)$/.exec(sqlstate)?.[1];
  if (chosen) return Number(chosen);
  if (sqlstate === "42501") return role === "anon" ? 401 : 403;
  return STATUS_BY_SQLSTATE.find(([prefix]) => sqlstate.startsWith(prefix))?.[1] ?? 400;
}

interface DatabaseError {
  code: string;
  message: string;
  detail?: string | null;
  hint?: string | null;
}

function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code));
}

/** Whatever went wrong inside a Data API request, as PostgREST would answer it. */
export function toDataApiError(error: unknown, role: string): DataApiError {
  if (error instanceof DataApiError) return error;
  if (isDatabaseError(error)) {
    return new DataApiError(statusOf(error.code, role), error.code, error.message, error.detail, error.hint);
  }
  const { code, relation, schema, message } = error as Error & Record<string, unknown>;
  if (typeof relation === "string") {
    const table = `${schema || "public"}.${relation}`;
    return new DataApiError(404, "PGRST205", `Could not find the table '${table}' in the schema cache`);
  }
  // A code that is no SQLSTATE comes from the driver: the connection is gone.
  if (typeof code === "string")
    return new DataApiError(503, "PGRST001", `Database connection error: ${message}`);
  // @supabase/lite refuses a query string it cannot parse with a plain Error; anything else is its own fault.
  const refused = error instanceof Error && [Error, URIError].some((type) => error.constructor === type);
  return refused
    ? new DataApiError(400, "PGRST100", message, message)
    : new DataApiError(500, "PGRSTX00", String(message ?? error));
}
