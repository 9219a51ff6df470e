import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../../scripts/stack/engines/folders.ts";

const files = readdirSync(join(repository, "supabase/migrations"));

test("every migration has a version of its own and the name of its domain and layer", () => {
  const versions = files.map((file) => file.slice(0, 14));
  expect(versions.filter((version, index) => versions.indexOf(version) !== index)).toEqual([]);
  expect(files.filter((file) => !/^20260101\d{6}_[a-z]+_[a-z_]+\.sql$/.test(file))).toEqual([]);
});
