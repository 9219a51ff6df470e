import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { serviceClient } from "../support/clients.ts";
import { type SmtpServer, startSmtp } from "../support/smtp.ts";
import { useStack } from "../support/stack.ts";

/** A message from the queue through the Edge Function to a mail server, and what people and providers answer. */
let stack: Stack;
let mail: SmtpServer;
let brand: string;
const SECRET = "the-secret-of-the-job";

beforeAll(async () => {
  mail = await startSmtp();
  stack = await useStack({ cron: false, functionEnv: { STIMULI_DELIVER_SECRET: SECRET } });
  const [row] = await stack.engine.query<{ id: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Shop', 'delivery') returning id",
  );
  brand = row?.id as string;
  await stack.engine.query(
    `select core.connect_integration($1::uuid, 'mail', 'email', $2::text::jsonb),
       stimuli.connect_channel($1::uuid, 'email', 'smtp', 'mail'), stimuli.connect_channel($1::uuid, 'in_app', 'in_app'),
       core.set_setting($1::uuid, 'stimuli.quiet_hours_end', '"21:00"'), core.set_setting($1::uuid, 'stimuli.consent_default_marketing', 'true')`,
    [
      brand,
      JSON.stringify({ host: "127.0.0.1", port: mail.port, from: "shop@example.com", allow_plaintext: true }),
    ],
  );
  await stack.engine.query(
    "select vault.create_secret($1, 'project_url'), vault.create_secret($2, 'stimuli/deliver')",
    [stack.url, SECRET],
  );
  for (const [name, channel] of [
    ["ada", "email"],
    ["ben", "in_app"],
  ]) {
    await stack.engine.query(
      `with person as (
         insert into actors.actors (brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
         values ($1::uuid, $2, $2, 'customer_id', now(), now()) returning id
       ), known as (
         insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
         select $1::uuid, id, 'email', $2 || '@example.com', 1, now(), now() from person
       ), stimulus as (
         insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data, status)
         values ($1::uuid, 'message', $2, '{"subject": "Hello {{ first_name }}", "body": "Something new"}', 'active') returning id
       )
       insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel, deployment_method,
         delivered_content, personalization_applied, window_ends_at)
       select $1::uuid, s.id, p.id, false, 1, $3::text::stimuli.channel, 'batch', '{}', jsonb_build_object('first_name', $2::text), now() + interval '1 day'
       from stimulus s, person p`,
      [brand, name, channel],
    );
  }
});
afterAll(async () => {
  await stack?.close();
  await mail?.close();
});

const statuses = async () =>
  (
    await stack.engine.query<{ state: string }>(
      `select string_agg(concat_ws(' ', a.name, d.delivery_status, d.response_status, d.delivered_content ->> 'subject'), ', ' order by a.name) as state
       from stimuli.stimulus_deployments d join actors.actors a on a.id = d.actor_id where d.brand_id = $1::uuid`,
      [brand],
    )
  )[0]?.state;

test("the job of the database sets the worker going, which sends and reports", async () => {
  await stack.engine.query("select private.job_stimuli_deliver()");
  await expect
    .poll(statuses, { timeout: 45_000, interval: 200 })
    .toBe("ada sent none Hello ada, ben delivered none Hello ben");
  expect(mail.mails).toHaveLength(1);
  expect(mail.mails[0]?.to).toContain("ada@example.com");
});

test("the link in the mail ends it, once and for all", async () => {
  const link = /List-Unsubscribe: <([^>]+)>/.exec(mail.mails[0]?.source ?? "")?.[1] as string;
  expect((await fetch(link)).status).toBe(200);
  expect(await statuses()).toContain("ada sent none");
  for (let time = 0; time < 2; time += 1) {
    const answer = await fetch(link, {
      method: "POST",
      body: "List-Unsubscribe=One-Click",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(answer.status).toBe(200);
  }
  expect(await statuses()).toContain("ada delivered unsubscribed");
  const { data } = await serviceClient(stack)
    .schema("stimuli")
    .from("consents")
    .select("is_granted, source")
    .eq("brand_id", brand);
  expect(data).toEqual([{ is_granted: false, source: "one_click" }]);
  expect((await fetch(`${link.slice(0, -2)}AA`, { method: "POST" })).status).toBe(404);
});
