import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { anonymous, type Person, serviceClient, signUp } from "../support/clients.ts";
import { useProject } from "../support/stack.ts";

let stack: Stack;
let owner: Person;
let stranger: Person;

beforeAll(async () => {
  stack = await useProject({
    migration: `
      insert into storage.buckets (id, name) values ('files', 'files');
      create policy own_files on storage.objects to authenticated
        using (bucket_id = 'files' and owner_id = (select auth.uid())::text)
        with check (bucket_id = 'files' and owner_id = (select auth.uid())::text);`,
  });
  [owner, stranger] = await Promise.all([signUp(stack), signUp(stack)]);
});
afterAll(() => stack?.close());

const filesOf = ({ client }: Person) => client.storage.from("files");

test("a file comes back as it was sent, as Blob or bytes, to its owner only", async () => {
  const blob = new Blob(["written as a blob"], { type: "text/plain" });
  expect((await filesOf(owner).upload("notes/blob.txt", blob)).error).toBeNull();
  const bytes = new Uint8Array([0, 255, 10]);
  await filesOf(owner).upload("notes/bytes", bytes, { contentType: "application/x-bytes" });

  const back = await filesOf(owner).download("notes/blob.txt");
  expect(await back.data?.text()).toBe("written as a blob");
  const raw = (await filesOf(owner).download("notes/bytes")).data;
  expect(new Uint8Array((await raw?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(bytes);
  expect(raw?.type).toBe("application/x-bytes");

  expect((await filesOf(stranger).download("notes/blob.txt")).error).not.toBeNull();
  expect((await anonymous(stack).storage.from("files").download("notes/blob.txt")).error).not.toBeNull();
});

test("a list shows one level: files by name, folders once", async () => {
  for (const path of ["list/a.txt", "list/deep/b.txt", "list/deep/c.txt"]) {
    await filesOf(owner).upload(path, new Uint8Array([1]));
  }
  const { data } = await filesOf(owner).list("list");
  expect(data?.map(({ name, id }) => [name, id === null])).toEqual([
    ["a.txt", false],
    ["deep", true],
  ]);
  expect((await filesOf(stranger).list("list")).data).toEqual([]);
});

test("signed URLs open a file without a key, and a missing file spoils only its own", async () => {
  await filesOf(owner).upload("signed.txt", new Blob(["open"]));
  const { data } = await filesOf(owner).createSignedUrls(["signed.txt", "missing.txt"], 60);
  expect(data?.map(({ error }) => error === null)).toEqual([true, false]);
  expect(await (await fetch(data?.[0]?.signedUrl ?? "")).text()).toBe("open");
  const { data: one } = await filesOf(owner).createSignedUrl("signed.txt", 60);
  expect((await fetch((one?.signedUrl ?? "").replace("signed.txt", "notes/blob.txt"))).status).toBe(403);

  const upload = await filesOf(owner).createSignedUploadUrl("uploaded.txt");
  const token = upload.data?.token ?? "";
  const sent = await anonymous(stack)
    .storage.from("files")
    .uploadToSignedUrl("uploaded.txt", token, new Blob(["sent"]));
  expect(sent.error).toBeNull();
  expect(await (await filesOf(owner).download("uploaded.txt")).data?.text()).toBe("sent");
});

test("no name leads out of the bucket", async () => {
  const service = serviceClient(stack).storage.from("files");
  for (const name of ["../out", "a/../../out", "..%2f..%2fout", "a\0b"]) {
    expect((await service.upload(name, new Uint8Array([1]))).error, name).not.toBeNull();
  }
  for (const path of ["files/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2fetc/passwd"]) {
    const response = await fetch(`${stack.url}/storage/v1/object/${path}`, {
      headers: { apikey: stack.secretKey },
    });
    expect(response.status, path).toBe(400);
  }
});

test("a removed file is gone", async () => {
  await filesOf(owner).upload("gone.txt", new Uint8Array([1]));
  expect((await filesOf(stranger).remove(["gone.txt"])).data).toEqual([]);
  expect((await filesOf(owner).remove(["gone.txt"])).data).toHaveLength(1);
  expect((await filesOf(owner).download("gone.txt")).error).not.toBeNull();
});
