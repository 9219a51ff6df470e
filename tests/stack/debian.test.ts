import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { unpackDebian } from "../../scripts/stack/engines/debian.ts";

afterEach(() => vi.unstubAllEnvs());

test("Where Debian's tools are missing, people read what is missing and what they can do", () => {
  vi.stubEnv("PATH", "");
  const wanted = { what: "A program", packages: ["program"], otherwise: "Install it by hand." };
  const root = mkdtempSync(join(tmpdir(), "loopwise-debian-"));
  expect(() => unpackDebian(root, wanted, () => {})).toThrow(
    "apt-get was not found, so A program cannot be fetched on this system. Install it by hand.",
  );
});
