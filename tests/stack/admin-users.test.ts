import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { anonymous, newEmail, PASSWORD, serviceClient, signUp } from "../support/clients.ts";
import { useProject } from "../support/stack.ts";

let stack: Stack;
const admin = () => serviceClient(stack).auth.admin;

beforeAll(async () => {
  stack = await useProject({});
});
afterAll(() => stack?.close());

async function createUser(email = newEmail()) {
  const { data } = await admin().createUser({
    email,
    password: PASSWORD,
    email_confirm: true,
    app_metadata: { plan: "free" },
    user_metadata: { name: "Ada" },
  });
  if (!data.user) throw new Error("not created");
  return data.user;
}

test("a created user can sign in and carries both kinds of metadata", async () => {
  const { email } = await createUser();
  const { data, error } = await anonymous(stack).auth.signInWithPassword({
    email: email ?? "",
    password: PASSWORD,
  });
  expect(error).toBeNull();
  expect(data.user?.app_metadata).toMatchObject({ plan: "free", provider: "email" });
  expect(data.user?.user_metadata).toMatchObject({ name: "Ada" });
});

test("an address is given once", async () => {
  const { email } = await createUser();
  const { error } = await admin().createUser({ email: email?.toUpperCase() ?? "", password: PASSWORD });
  expect([error?.status, error?.code]).toEqual([422, "email_exists"]);
});

test("users are listed page by page, read, changed and deleted", async () => {
  const users = [await createUser(), await createUser()];
  const pages = await Promise.all([1, 2].map((page) => admin().listUsers({ page, perPage: 1 })));
  expect(pages.map(({ data }) => data.users.length)).toEqual([1, 1]);

  const id = users[0]?.id ?? "";
  const changed = await admin().updateUserById(id, {
    password: "another password",
    app_metadata: { plan: "paid" },
  });
  expect(changed.data.user?.app_metadata).toMatchObject({ plan: "paid", provider: "email" });
  const email = users[0]?.email ?? "";
  expect(
    (await anonymous(stack).auth.signInWithPassword({ email, password: PASSWORD })).error,
  ).not.toBeNull();
  expect(
    (await anonymous(stack).auth.signInWithPassword({ email, password: "another password" })).error,
  ).toBeNull();

  await admin().deleteUser(id);
  const gone = await admin().getUserById(id);
  expect([gone.error?.status, gone.error?.code]).toEqual([404, "user_not_found"]);
});

test("nobody but the service role may", async () => {
  const { client } = await signUp(stack);
  for (const { auth } of [anonymous(stack), client]) {
    expect((await auth.admin.listUsers()).error?.status).toBe(403);
    expect((await auth.admin.createUser({ email: newEmail(), password: PASSWORD })).error?.status).toBe(403);
  }
});

test("a body without sense is 400", async () => {
  for (const user of [{}, { email: "no address" }, { email: newEmail(), password: "short" }]) {
    expect((await admin().createUser(user)).error?.status).toBe(400);
  }
});
