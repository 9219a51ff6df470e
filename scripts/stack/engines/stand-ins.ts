import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { extensionsFolder } from "../platform/platform.ts";
import { cacheFolder } from "./folders.ts";

/** The stand-ins as PGlite takes extensions: a tar.gz each with the files of the extension folder. */
export function standInExtensions() {
  const files = readdirSync(extensionsFolder);
  const names = files.filter((file) => file.endsWith(".control")).map((file) => file.replace(".control", ""));
  const entries = names.map((name) => {
    const bundlePath = pathToFileURL(
      pack(
        name,
        files.filter((file) => file.startsWith(`${name}.`) || file.startsWith(`${name}--`)),
      ),
    );
    return [name, { name, setup: async () => ({ bundlePath }) }] as const;
  });
  return Object.fromEntries(entries);
}

function pack(name: string, files: string[]): string {
  const entries = files.map((file) =>
    tarEntry(`share/postgresql/extension/${file}`, readFileSync(join(extensionsFolder, file))),
  );
  const bundle = gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
  const folder = cacheFolder("pglite");
  const path = join(
    folder,
    `${name}-${createHash("sha256").update(bundle).digest("hex").slice(0, 16)}.tar.gz`,
  );
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, bundle);
    renameSync(`${path}.${process.pid}`, path);
  }
  return path;
}

/** A file in the ustar format: a header of 512 bytes with octal numbers and a checksum, then the padded content. */
function tarEntry(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  header.write(path, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7) + octal(0, 7), 108);
  header.write(octal(content.length, 11) + octal(0, 11), 124);
  header.write("        0", 148); // The checksum is computed with spaces in its place; then the type, a plain file.
  header.write("ustar\x0000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)} `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
