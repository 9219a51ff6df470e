/** What the gateway, the workers, the tests and the demo need of a database, whichever engine runs it. */
export interface Engine {
  readonly kind: "embedded" | "native";
  /** Where other programs (psql, the Supabase CLI, pg_prove) connect, as the migration role `postgres`; embedded has none. */
  readonly databaseUrl?: string;
  /** The connection object that `new App({ connection })` of @supabase/lite takes, as the superuser; the gateway hardens it. */
  readonly connection: unknown;
  /** One statement with parameters, as the migration role. */
  query<Row = Record<string, unknown>>(text: string, params?: unknown[]): Promise<Row[]>;
  /** A whole script through the simple protocol, as the migration role; the rows of each statement that returns any. */
  exec(script: string): Promise<Record<string, unknown>[][]>;
  /** A whole script as the superuser `supabase_admin`: only for what the platform, not a migration, makes. */
  execAsAdmin(script: string): Promise<void>;
  /**
   * Runs `work` while no request, cron job or other holder of the lock touches the session (embedded has a single
   * one). Calls of the same engine inside `work` do not wait.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  listen(channel: string, onNotify: (payload: string) => void): Promise<void>;
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Where the data live; without it they are kept in memory (embedded) or in a folder that close() removes (native). */
  dataDir?: string;
}

export interface StackOptions extends EngineOptions {
  engine?: Engine["kind"];
  /** The project to serve: a folder with supabase/config.toml, supabase/migrations and supabase/seed.sql (default: this repository). */
  projectDir?: string;
  /** Port on 127.0.0.1; 0 (default) picks a free one. */
  port?: number;
  /** Apply supabase/migrations and supabase/seed.sql at start (default true). */
  migrate?: boolean;
  /** Run the scheduled jobs (default true); tests and benchmarks that drive the jobs by hand switch them off. */
  cron?: boolean;
  /** Added to the environment of the functions. */
  functionEnv?: Record<string, string>;
  /** Start functions anew after a change in `functions/` (default false). */
  watch?: boolean;
  /** Receives what the functions print and what goes wrong in the background; silent without it. */
  log?: (line: string) => void;
}

/** A running local Supabase project. */
export interface Stack {
  readonly url: string;
  readonly publishableKey: string;
  readonly secretKey: string;
  /** The same two rights as signed tokens, the form that older clients and SUPABASE_ANON_KEY carry. */
  readonly anonKey: string;
  readonly serviceRoleKey: string;
  readonly jwtSecret: string;
  readonly engine: Engine;
  close(): Promise<void>;
}
