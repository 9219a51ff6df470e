import { defineConfig } from "vitest/config";

const files = (...folders: string[]) => folders.map((folder) => `tests/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    // A file starts a whole Supabase project: few at a time, each in a process of its own.
    pool: "forks",
    maxWorkers: 2,
    minWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      // `npm test`: needs npm alone.
      {
        extends: true,
        test: {
          name: "local",
          include: files("stack", "database", "functions", "security", "e2e", "demo", "bench"),
        },
      },
      // `npm run test:native`: needs the native engine.
      { extends: true, test: { name: "native", include: files("native") } },
    ],
  },
});
