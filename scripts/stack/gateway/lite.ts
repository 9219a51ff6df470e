import { App, setExperimental } from "@supabase/lite";
import type { ProjectConfig } from "../config.ts";
import { apiKeyClaims, type Keys } from "../keys.ts";
import type { Engine } from "../types.ts";
import { ADMIN_USERS_PATH, answerAdminUsers } from "./admin-users.ts";
import { type RequestContext, requestContext } from "./context.ts";
import type { LiteConnection } from "./harden.ts";
import type { Service } from "./server.ts";
import { answerStorage } from "./storage-compat.ts";
import { FolderStorage } from "./storage-files.ts";

type Log = (line: string) => void;
export type Lite = ReturnType<typeof createLite>;

/** Data API, Auth and Storage: @supabase/lite, set up as supabase/config.toml says. The connection must be hardened. */
export function createLite(engine: Engine, config: ProjectConfig, keys: Keys, objectsDir: string) {
  // Storage of version 0.10.0 hides behind this switch; how it differs from Supabase's is mended in storage-compat.ts.
  setExperimental("storage", config.storage.enabled);
  const app = new App({
    connection: engine.connection as never,
    api: {
      schemas: config.schemas,
      extra_search_path: config.extraSearchPath,
      max_rows: config.maxRows,
    },
    auth: {
      enabled: true,
      jwt_secret: keys.jwtSecret,
      publishable_key: keys.publishableKey,
      secret_key: keys.secretKey,
      site_url: config.auth.siteUrl,
      enable_signup: config.auth.enableSignup,
      email: { enable_confirmations: config.auth.enableConfirmations },
    },
    storage: { enabled: config.storage.enabled, file_size_limit: config.storage.fileSizeLimit },
    studio: { enabled: false },
    options: {
      server: {
        apiKeys: {
          resolver: async (key: string) => {
            const claims = await apiKeyClaims(keys, key);
            return claims && { type: claims.role === "anon" ? "publishable" : "secret", claims };
          },
        },
      },
    },
  });
  app._storageAdapter = new FolderStorage(objectsDir);
  return app;
}

/** Makes or completes the schemas of Auth and Storage. */
export function ensureSystemSchema(lite: Lite, log: Log): Promise<void> {
  const context = { method: "", path: "", headers: {}, isDataApi: false, role: "", log };
  return requestContext.run(context, () => lite.ensureSystemSchema());
}

/** Answers with lite and what it lacks, one request at a time where the engine has but one session. */
export function liteService(engine: Engine, lite: Lite, keys: Keys, log: Log): Service {
  const exclusively: Engine["exclusively"] =
    engine.kind === "embedded" ? (work) => engine.exclusively(work) : (work) => work();
  const db = (engine.connection as LiteConnection).kysely;
  return async (request, peerAddress) => {
    const { pathname } = new URL(request.url);
    const isDataApi = pathname.startsWith("/rest/v1");
    const context: RequestContext = {
      method: request.method,
      path: isDataApi ? pathname.slice("/rest/v1".length) : pathname,
      headers: Object.fromEntries(request.headers),
      isDataApi,
      role: "anon",
      log,
    };
    const next = (rewritten: Request) =>
      exclusively(() =>
        requestContext.run(context, async () => lite.fetch(rewritten, { peerAddress: peerAddress ?? null })),
      );
    if (ADMIN_USERS_PATH.test(pathname)) return answerAdminUsers({ db, keys, exclusively }, request);
    if (pathname.startsWith("/storage/v1")) return answerStorage(request, next);
    return next(request);
  };
}
