import { afterAll, beforeAll, expect, test } from "vitest";
import { checkTemplate, type TemplateContent } from "../../functions/stimuli/check.ts";
import type { Stack } from "../../scripts/stack/types.ts";
import {
  approvedStimulus,
  checkedTemplate,
  deployedStimulus,
  generatedStimulus,
  preview,
  redemption,
} from "../../types/api.ts";
import { codeOf } from "../support/answers.ts";
import { type Person, signUp } from "../support/clients.ts";
import { plantBrand, signUpAs } from "../support/cohorts.ts";
import { completion, type FakeOpenAi, failing, fakeOpenAi } from "../support/openai.ts";
import { useStack } from "../support/stack.ts";

let ai: FakeOpenAi;
let stack: Stack;
let manager: Person;
let till: Person;
let stranger: Person;
let brand: string;
let cohort: string;

beforeAll(async () => {
  ai = await fakeOpenAi();
  stack = await useStack({
    cron: false,
    functionEnv: { OPENAI_API_KEY: "sk-test_0123456789", OPENAI_BASE_URL: ai.url, OPENAI_MODEL: "a-model" },
  });
  brand = await plantBrand(stack, await signUp(stack), "stimuli");
  manager = await signUpAs(stack, brand, "manager");
  till = await signUpAs(stack, brand, "kiosk");
  stranger = await signUp(stack);
  await stack.engine.query("select stimuli.install_templates($1::uuid)", [brand]);
  await stack.engine.query(
    "insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) values ($1::uuid, 'stimuli.holdout_share', '0', 'number')",
    [brand],
  );
  const [row] = await stack.engine.query<{ id: string }>(
    `with made as (
       insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name) values ($1::uuid, 'mixed', 'test', 'Everybody') returning id)
     select id from made`,
    [brand],
  );
  cohort = row?.id as string;
  await stack.engine.query(
    `insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
     select brand_id, id, $2::uuid, 'test' from actors.actors where brand_id = $1::uuid limit 20`,
    [brand, cohort],
  );
});
afterAll(async () => {
  await stack?.close();
  await ai?.close();
});

async function post(
  person: Person,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { data } = await person.client.auth.getSession();
  return fetch(`${stack.url}/functions/v1/stimuli/${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${data.session?.access_token}`,
      apikey: stack.publishableKey,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify({ brand_id: brand, ...body }),
  });
}

test("every template that comes with Loopwise passes the check that it is installed as having passed", async () => {
  const templates = await stack.engine.query<TemplateContent & { template_key: string }>(
    "select * from private.default_templates",
  );
  expect(templates.length).toBeGreaterThan(5);
  for (const template of templates) expect(checkTemplate(template), template.template_key).toEqual([]);
});

test("a manager writes a template, has it checked, mends it, and only then it is a choice", async () => {
  const stimuli = manager.client.schema("stimuli");
  const { data, error } = await stimuli
    .from("stimulus_templates")
    .insert({
      brand_id: brand,
      template_name: "Own",
      template_type: "offer",
      template_structure: { subject: "Yours", body: "Hello {{first_name}}, your code: {{offer_code}}" },
      default_content: { offer_type: "discount", offer_percentage: 10, valid_days: 7, first_name: "there" },
      optional_fields: ["first_name"],
    })
    .select("id")
    .single();
  expect(error).toBeNull();
  const template_id = data?.id as string;
  const check = async () =>
    checkedTemplate.parse(await (await post(manager, "templates/check", { template_id })).json());
  expect((await check()).problems.map(({ field, problem }) => `${field}: ${problem}`)).toEqual([
    "body: offer_code is not declared",
  ]);
  expect(await codeOf(post(manager, "generate", { cohort_id: cohort, template_id }))).toBe(
    "409 no_usable_template",
  );
  const structure = {
    subject: "Yours",
    body: "Hello {{first_name}}, your code: {{offer_code}}",
    footer: "Out: {{unsubscribe_url}}",
  };
  await stimuli
    .from("stimulus_templates")
    .update({
      template_structure: structure,
      optional_fields: ["first_name", "offer_code", "unsubscribe_url"],
    })
    .eq("id", template_id);
  expect(await check()).toEqual({ passed: true, problems: [], version: 2 });
  expect(await codeOf(post(till, "templates/check", { template_id }))).toBe("403 role_too_low");
  expect(await codeOf(post(stranger, "templates/check", { template_id }))).toBe("403 not_a_member");

  const draft = generatedStimulus.parse(
    await (await post(manager, "generate", { cohort_id: cohort, template_id, use_ai: false })).json(),
  );
  expect(draft).toMatchObject({ status: "draft", written_by_ai: false, content: structure });
  const shown = preview.parse(await (await post(manager, "preview", { stimulus_id: draft.id })).json());
  expect(shown.stimuli).toMatchObject([
    {
      is_checked: true,
      rendered: { body: expect.stringMatching(/^Hello there, your code: [0-9A-F]{16}\n\nOut: https/) },
    },
  ]);

  const request = { stimulus_id: draft.id };
  expect(await codeOf(post(till, "approve", request))).toBe("403 role_too_low");
  expect(approvedStimulus.parse(await (await post(manager, "approve", request)).json()).status).toBe(
    "approved",
  );
  expect(deployedStimulus.parse(await (await post(manager, "deploy", request)).json())).toEqual({
    id: draft.id,
    deployed: 20,
    held_out: 0,
  });

  const [row] = await stack.engine.query<{ code: string }>(
    "select personalization_applied ->> 'offer_code' as code from stimuli.stimulus_deployments where stimulus_id = $1::uuid limit 1",
    [draft.id],
  );
  const order = { items: [{ product_id: "x", quantity: 2, unit_price: 9.99 }], order_number: "o-1" };
  const redeem = (person: Person, key: string, change = {}) =>
    post(person, "redeem", { code: row?.code, order, ...change }, { "idempotency-key": key });
  const first = redemption.parse(await (await redeem(till, "k1")).json());
  expect(first).toMatchObject({ discount: 2, order_total: 19.98, reversed_at: null });
  expect(redemption.parse(await (await redeem(till, "k1")).json()).id).toBe(first.id);
  expect(await codeOf(redeem(till, "k1", { order: { items: [{ quantity: 1, unit_price: 1 }] } }))).toBe(
    "422 idempotency_key_reused",
  );
  expect(await codeOf(redeem(till, "k2"))).toBe("409 offer_used_up");
  expect(await codeOf(redeem(stranger, "k3"))).toBe("403 not_a_member");
  expect(await codeOf(redeem(till, "k4", { code: "0000-0000-0000-0000" }))).toBe("404 not_found");
});

test("a text that was written by hand is checked when it is approved", async () => {
  const write = async (content: object) => {
    const { data } = await manager.client
      .schema("stimuli")
      .from("stimuli_base")
      .insert({
        brand_id: brand,
        stimulus_type: "message",
        stimulus_name: "By hand",
        content_data: content,
        target_cohort_id: cohort,
      })
      .select("id")
      .single();
    return data?.id as string;
  };
  const bad = await write({ body: "Hello {{first_name}}" });
  const told = approvedStimulus.parse(await (await post(manager, "approve", { stimulus_id: bad })).json());
  expect([told.status, told.problems.map((one) => one.field)]).toEqual(["draft", ["footer"]]);
  const { error } = await manager.client
    .schema("stimuli")
    .rpc("approve", { p_brand: brand, p_stimulus: bad });
  expect(error?.details).toBe("stimulus_not_checked");
  const good = await write({
    body: 'Hello {{first_name | default: "you"}}',
    footer: "Out: {{unsubscribe_url}}",
  });
  expect(
    approvedStimulus.parse(await (await post(manager, "approve", { stimulus_id: good })).json()).status,
  ).toBe("approved");
});

test("a provider writes the texts where it is configured, and the draft stands where it fails", async () => {
  const [template] = await stack.engine.query<{ id: string }>(
    "select id from stimuli.stimulus_templates where brand_id = $1::uuid and template_key = 'win_back'",
    [brand],
  );
  const request = { cohort_id: cohort, template_id: template?.id };
  const texts = {
    subject: "Are you well?",
    body: "Hello {{first_name}}, your {{brand_name}} misses you.",
    call_to_action: "Come back",
  };
  ai.replies.push(completion(texts));
  const written = generatedStimulus.parse(await (await post(manager, "generate", request)).json());
  expect(written).toMatchObject({
    written_by_ai: true,
    provider: "openai",
    model: "a-model",
    content: { ...texts, footer: expect.any(String) },
  });
  const [call] = await stack.engine.query<{ status: string }>(
    `select execution_status::text as status from ai.function_calls c join ai.functions f on f.id = c.function_id
     where f.function_name = 'stimuli.write' and c.related_entity_id = $1::uuid`,
    [written.id],
  );
  expect(call?.status).toBe("completed");
  expect(
    approvedStimulus.parse(await (await post(manager, "approve", { stimulus_id: written.id })).json()).status,
  ).toBe("approved");

  ai.replies.splice(0, ai.replies.length, failing(401, "no"));
  const kept = generatedStimulus.parse(await (await post(manager, "generate", request)).json());
  expect(kept).toMatchObject({
    written_by_ai: false,
    not_written_because: "ai_refused",
    content: { subject: "It has been a while" },
  });
});
