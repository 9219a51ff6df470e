import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { App } from "@supabase/lite";

type StorageAdapter = NonNullable<App["_storageAdapter"]>;

/** What is kept beside the bytes of an object. */
interface Description {
  bucket: string;
  key: string;
  mimetype: string;
  cacheControl: string;
  eTag: string;
}

/**
 * Keeps the objects of Storage as files of one folder: <hash> and <hash>.json. Buckets and keys are chosen by clients,
 * so they never become part of a path: no name leads out of the folder, is too long, or is both a file and a folder.
 */
export class FolderStorage implements StorageAdapter {
  readonly driver = null;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async uploadObject(
    bucket: string,
    key: string,
    _version: string | undefined,
    body: ReadableStream | Uint8Array,
    mimetype: string,
    cacheControl: string,
  ) {
    const bytes = body instanceof Uint8Array ? body : new Uint8Array(await new Response(body).arrayBuffer());
    const eTag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#file(bucket, key), bytes);
    await this.#describe({ bucket, key, mimetype, cacheControl, eTag });
    return this.headObject(bucket, key);
  }

  async getObject(bucket: string, key: string, _version?: string, headers?: { ifNoneMatch?: string }) {
    const metadata = await this.headObject(bucket, key);
    if (headers?.ifNoneMatch === metadata.eTag) return { httpStatusCode: 304, metadata };
    const body = new Blob([await readFile(this.#file(bucket, key))]);
    return { httpStatusCode: 200, metadata, body };
  }

  async headObject(bucket: string, key: string) {
    const file = this.#file(bucket, key);
    const { size, mtime } = await stat(file);
    const { mimetype, cacheControl, eTag } = await description(file);
    return { mimetype, cacheControl, eTag, size, contentLength: size, lastModified: mtime };
  }

  async copyObject(
    bucket: string,
    key: string,
    _version: string | undefined,
    toBucket: string,
    toKey: string,
  ) {
    const file = this.#file(bucket, key);
    await copyFile(file, this.#file(toBucket, toKey));
    await this.#describe({ ...(await description(file)), bucket: toBucket, key: toKey });
    const { eTag, lastModified } = await this.headObject(toBucket, toKey);
    return { httpStatusCode: 200, eTag, lastModified };
  }

  async deleteObject(bucket: string, key: string) {
    const file = this.#file(bucket, key);
    await rm(file, { force: true });
    await rm(`${file}.json`, { force: true });
  }

  async deleteObjects(bucket: string, keys: string[]) {
    for (const key of keys) await this.deleteObject(bucket, key);
  }

  async privateAssetUrl(bucket: string, key: string) {
    return `file://${this.#file(bucket, key)}`;
  }

  #file(bucket: string, key: string): string {
    return join(
      this.#folder,
      createHash("sha256")
        .update(JSON.stringify([bucket, key]))
        .digest("hex"),
    );
  }

  #describe(object: Description): Promise<void> {
    return writeFile(`${this.#file(object.bucket, object.key)}.json`, JSON.stringify(object));
  }
}

async function description(file: string): Promise<Description> {
  return JSON.parse(await readFile(`${file}.json`, "utf8"));
}
