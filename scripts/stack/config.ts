import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";

/** An Edge Function of supabase/config.toml. */
export interface FunctionConfig {
  name: string;
  /** Refuse calls without a valid token before the function sees them. */
  verifyJwt: boolean;
  entrypoint: string;
  /** The deno.json nearest to the entrypoint: import map and lock file. */
  denoConfig?: string;
}

/** The part of supabase/config.toml that the local stack obeys; what is left out has the Supabase CLI's default. */
export interface ProjectConfig {
  projectDir: string;
  schemas: string[];
  extraSearchPath: string[];
  maxRows: number;
  auth: { siteUrl: string; enableSignup: boolean; enableConfirmations: boolean };
  storage: { enabled: boolean; fileSizeLimit: string };
  functions: Map<string, FunctionConfig>;
}

const file = z.object({
  api: z
    .object({
      schemas: z.array(z.string()).default(["public", "graphql_public"]),
      extra_search_path: z.array(z.string()).default(["public", "extensions"]),
      max_rows: z.number().int().positive().default(1000),
    })
    .prefault({}),
  auth: z
    .object({
      site_url: z.string().default("http://127.0.0.1:3000"),
      enable_signup: z.boolean().default(true),
      email: z.object({ enable_confirmations: z.boolean().default(false) }).prefault({}),
    })
    .prefault({}),
  storage: z
    .object({ enabled: z.boolean().default(true), file_size_limit: z.string().default("50MiB") })
    .prefault({}),
  functions: z
    .record(
      z.string(),
      z.object({ verify_jwt: z.boolean().default(true), entrypoint: z.string().optional() }),
    )
    .default({}),
});

export function readConfig(projectDir: string): ProjectConfig {
  const supabaseDir = join(projectDir, "supabase");
  const { api, auth, storage, functions } = file.parse(
    parse(readFileSync(join(supabaseDir, "config.toml"), "utf8")),
  );
  return {
    projectDir,
    schemas: api.schemas,
    extraSearchPath: api.extra_search_path,
    maxRows: api.max_rows,
    auth: {
      siteUrl: auth.site_url,
      enableSignup: auth.enable_signup,
      enableConfirmations: auth.email.enable_confirmations,
    },
    storage: { enabled: storage.enabled, fileSizeLimit: storage.file_size_limit },
    functions: new Map(
      Object.entries(functions).map(([name, { verify_jwt, entrypoint }]) => {
        const path = resolve(supabaseDir, entrypoint ?? `functions/${name}/index.ts`);
        return [
          name,
          {
            name,
            verifyJwt: verify_jwt,
            entrypoint: path,
            denoConfig: nearest("deno.json", path, projectDir),
          },
        ];
      }),
    ),
  };
}

/** The nearest file of this name on the way from a file's folder up to `top`. */
function nearest(name: string, from: string, top: string): string | undefined {
  const folder = dirname(from);
  const candidate = join(folder, name);
  if (existsSync(candidate)) return candidate;
  return folder === top || folder === dirname(folder) ? undefined : nearest(name, folder, top);
}
