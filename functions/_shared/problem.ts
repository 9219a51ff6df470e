import { type ErrorKey, errors } from "../../types/errors.ts";

/** Errors of the functions themselves; those of the database are in types/errors.ts, under keys of the same kind. */
const OWN = {
  malformed_json: [400, "The body is not valid JSON in UTF-8."],
  invalid_body: [400, "The body does not have the shape that this route takes."],
  brand_required: [400, "Name the brand, as x-brand-id or brand_id."],
  credentials_required: [401, "Send an API key as x-api-key, or sign in and send the access token."],
  signature_invalid: [401, "The signature does not belong to this body."],
  brand_mismatch: [403, "The API key is for another brand."],
  verification_failed: [403, "The verification token is not the one of this brand."],
  route_not_found: [404, "There is nothing at this address."],
  body_too_large: [413, "The body is larger than this route takes."],
  value_not_storable: [422, "The request holds a value that the database cannot store."],
  internal: [500, "Something went wrong on our side."],
  ai_answer_invalid: [502, "The AI provider gave an answer that cannot be used. Nothing was changed."],
  ai_refused: [502, "The AI provider refuses the requests of this project: see its key and its model."],
  ai_unavailable: [503, "The AI provider does not answer at the moment. Nothing was changed."],
  unavailable: [503, "The database does not answer at the moment."],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof OWN | ErrorKey;

/** An error that the caller is told about. Everything else that is thrown becomes `internal`, without its message. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly hint?: string;
  readonly headers: Record<string, string>;

  constructor(
    code: ProblemCode,
    options: { detail?: string; hint?: string; headers?: Record<string, string> } = {},
  ) {
    const [status, message] = code in OWN ? OWN[code as keyof typeof OWN] : registered(code as ErrorKey);
    super(options.detail ?? message);
    this.code = code;
    this.status = status;
    this.hint = options.hint;
    this.headers = options.headers ?? {};
  }

  toResponse(requestId: string): Response {
    const document = {
      type: "about:blank",
      title: this.code.replaceAll("_", " "),
      status: this.status,
      detail: this.message,
      code: this.code,
      hint: this.hint,
      request_id: requestId,
    };
    return new Response(JSON.stringify(document), {
      status: this.status,
      headers: { "content-type": "application/problem+json", ...this.headers },
    });
  }
}

function registered(key: ErrorKey): readonly [number, string] {
  return [errors[key].status, errors[key].message];
}

/** What supabase-js gives back when a request fails. */
export interface DatabaseError {
  code?: string;
  message: string;
  details?: string | null;
  hint?: string | null;
}

/** The problem that a failed database request is for the caller. Only registered errors keep their words. */
export function fromDatabase(error: DatabaseError): Problem {
  const key = error.details ?? "";
  if (Object.hasOwn(errors, key)) {
    const wait = key === "rate_limited" ? /\d+/.exec(error.hint ?? "")?.[0] : undefined;
    return new Problem(key as ErrorKey, {
      detail: error.message,
      hint: error.hint ?? undefined,
      headers: wait ? { "retry-after": wait } : {},
    });
  }
  const code = error.code ?? "";
  // PGRST3xx: the token is not valid. 42501 that is not ours: an anonymous caller, who may do nothing here.
  if (code.startsWith("PGRST3") || code === "42501") return new Problem("not_signed_in");
  if (code.startsWith("22") || code.startsWith("54")) return new Problem("value_not_storable");
  if (code === "" || code.startsWith("08") || code.startsWith("53") || code.startsWith("57"))
    return new Problem("unavailable", { headers: { "retry-after": "1" } });
  return new Problem("internal");
}

/** What a request came to, where there is always something. */
export function answer<T>({ data, error }: { data: T; error: DatabaseError | null }): NonNullable<T> {
  if (error) throw fromDatabase(error);
  return data as NonNullable<T>;
}
