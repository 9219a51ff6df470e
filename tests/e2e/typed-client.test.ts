import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { type Database, errors } from "../../types/index.ts";
import { newEmail, PASSWORD } from "../support/clients.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await useStack();
});
afterAll(() => stack?.close());

function typedClient() {
  return createClient<Database>(stack.url, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: class {} as never },
  });
}

test("a client app creates a brand, invites a colleague and works with typed rows", async () => {
  const owner = typedClient();
  await owner.auth.signUp({ email: newEmail(), password: PASSWORD });
  const { data: brand } = await owner
    .schema("core")
    .rpc("create_brand", { p_name: "Corner Shop", p_slug: "corner-shop", p_timezone: "Europe/Berlin" });
  expectTypeOf<NonNullable<typeof brand>["brand_slug"]>().toEqualTypeOf<string>();
  expect(brand?.timezone).toBe("Europe/Berlin");

  const email = newEmail();
  const { data: invitation } = await owner
    .schema("core")
    .rpc("invite_member", { p_brand: brand?.id as string, p_email: email, p_role: "operator" })
    .single();
  const colleague = typedClient();
  await colleague.auth.signUp({ email, password: PASSWORD });
  expect((await colleague.schema("core").from("brands").select()).data).toEqual([]);
  const { data: member } = await colleague
    .schema("core")
    .rpc("accept_invitation", { p_token: invitation?.token as string });
  expect(member?.role).toBe("operator");
  const { data: brands } = await colleague.schema("core").from("brands").select("brand_name");
  expect(brands).toEqual([{ brand_name: "Corner Shop" }]);

  const { error } = await colleague
    .schema("core")
    .rpc("create_api_key", { p_brand: brand?.id as string, p_name: "till", p_scopes: ["signals:write"] });
  expect(error).toMatchObject({
    code: errors.role_too_low.errcode,
    details: "role_too_low" satisfies keyof typeof errors,
    hint: errors.role_too_low.hint,
  });
});

test("a database error says what was wrong and how to mend it, and nothing of the inside", async () => {
  const client = typedClient();
  await client.auth.signUp({ email: newEmail(), password: PASSWORD });
  const { error, status } = await client
    .schema("core")
    .rpc("create_brand", { p_name: "Bad", p_slug: "Not a slug" });
  expect(status).toBe(400);
  expect(error?.details).toBe("invalid_argument");
  expect(error?.message).toContain("p_slug");
  expect(JSON.stringify(error)).not.toMatch(/private\.|plpgsql|PL\/pgSQL/);
});
