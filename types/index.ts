/** What client apps import: `createClient<Database>(…)`, the schemas and shapes of the Edge Functions, the errors. */
export * from "./api.ts";
export type { Database, Json } from "./database.ts";
export { type ErrorKey, errors } from "./errors.ts";
