import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";

/** What SQL may ask about the HTTP request that it runs for, and what the gateway learns of it on the way. */
export interface RequestContext {
  method: string;
  /** As PostgREST gives it: without the /rest/v1 in front. */
  path: string;
  headers: Record<string, string>;
  /** Errors of the Data API take PostgREST's form; Auth and Storage have their own. */
  isDataApi: boolean;
  /** The database role, once the request's token has been read. */
  role: string;
  log: (line: string) => void;
}

/** Carries the context through @supabase/lite, which knows nothing of it. */
export const requestContext = new AsyncLocalStorage<RequestContext | undefined>();

/** Lite prints what it makes of a failed request, stack and all. That goes to the request's log instead. */
for (const level of ["error", "warn"] as const) {
  const print = console[level].bind(console);
  console[level] = (...args) => {
    const request = requestContext.getStore();
    // Outside the request, because a log may well end at the console.
    if (request) requestContext.run(undefined, () => request.log(format(...args)));
    else print(...args);
  };
}
