import { App, setExperimental } from "@supabase/lite";
import type { ProjectConfig } from "../config.ts";
import { apiKeyClaims, type Keys } from "../keys.ts";
import type { Engine } from "../types.ts";
import { FolderStorage } from "./storage-files.ts";

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
