/** What client apps import: `createClient<Database>(…)`, the shapes of the Edge Functions, the errors. */
export type { Database, Json } from "./database.ts";
export { type ErrorKey, errors } from "./errors.ts";
