import { z } from "zod";
import type { generatedStimulus } from "../../types/api.ts";
import type { Ai } from "../_shared/ai/calls.ts";
import { type JsonRequest, ProviderError } from "../_shared/ai/provider.ts";
import { checkTemplate } from "./check.ts";
import type { CallerStore, Stimulus, Store, WritingFacts } from "./store.ts";

interface Texts {
  subject: string;
  body: string;
  call_to_action: string;
}

const INSTRUCTIONS = `You write the texts of one message of a business to a group of its customers.
The data have the business (brand), its language, what the message is for (purpose), the texts that it has now, the fields that are filled in for each reader, what they are filled with for this group (values), and what the group is like (characteristics).
Answer in the language of the data with
subject: at most 100 characters;
body: two to five plain sentences, at most 800 characters;
call_to_action: one to three words, at most 20 characters.
Say what the texts of now say, in words that speak to this group. Write fields as {{name}}, only those of the data, and each that the texts of now use.
Promise nothing that the texts of now do not: no other number, price, date or gift. No links, no markup, nothing about age, health, origin or belief.`;

/** The draft, with the texts that the provider wrote where there is one; without one, or where it fails, as it is. */
export async function write(
  caller: CallerStore,
  store: Store,
  ai: Ai,
  draft: Stimulus,
  isAsked: boolean,
): Promise<z.input<typeof generatedStimulus>> {
  const { name: provider, model } = ai.provider;
  const kept = (reason: string) => ({
    ...told(draft),
    written_by_ai: false,
    not_written_because: reason,
    provider,
    model,
  });
  if (!isAsked) return kept("it was not asked for");
  if (provider === "offline") return kept("no AI provider is configured");
  const facts = await caller.writingFacts(draft.brand_id, draft.id);
  // What has a form of its own for HTML or a channel would say two things.
  if (Object.keys(facts.texts).some((key) => key === "html" || key === "channels")) {
    return kept("the template has texts that only its author can write");
  }
  try {
    const { value } = await ai.completeJson(question(facts), {
      function: "stimuli.write",
      brandId: facts.brand_id,
      entity: { type: "stimulus", id: draft.id },
      userId: facts.asked_by ?? undefined,
    });
    const rewritten = await store.rewrite(draft, { ...facts.texts, ...value }, { provider, model });
    return { ...told(rewritten), written_by_ai: true, not_written_because: null, provider, model };
  } catch (error) {
    if (error instanceof ProviderError) return kept(error.code);
    throw error;
  }
}

function told(stimulus: Stimulus) {
  const { id, stimulus_name, status, template_id, content_data, expected_outcomes } = stimulus;
  const { propensity } = stimulus.generation_parameters as { propensity?: number };
  return {
    id,
    name: stimulus_name,
    status,
    template_id,
    content: content_data as Record<string, unknown>,
    expected_outcomes: expected_outcomes as Record<string, unknown>,
    propensity: propensity ?? null,
  };
}

function question(facts: WritingFacts): JsonRequest<Texts> {
  const { brand_id: _, asked_by: __, ...data } = facts;
  const old = JSON.stringify(facts.texts);
  const schema = z
    .strictObject({ subject: line(100), body: plain(800), call_to_action: line(20) })
    .superRefine((texts, context) => {
      for (const message of faults(facts, texts, old)) context.addIssue({ code: "custom", message });
    });
  const text = (key: string) => (typeof facts.texts[key] === "string" ? (facts.texts[key] as string) : "");
  const template = () => ({
    subject: text("subject"),
    body: text("body"),
    call_to_action: text("call_to_action"),
  });
  return { name: "stimulus_texts", schema, instructions: INSTRUCTIONS, data, template };
}

/** Whoever wrote the data that the provider read, its texts promise no more than those before, and pass the same check. */
function faults(facts: WritingFacts, texts: Texts, old: string): string[] {
  const written = `${texts.subject} ${texts.body} ${texts.call_to_action}`;
  const numbers = new Set(old.match(/\d+/g));
  if ((written.match(/\d+/g) ?? []).some((number) => !numbers.has(number)))
    return ["has a number of its own"];
  const names = written.match(/\{\{.*?\}\}/g) ?? [];
  if (written.includes("{%") || names.some((name) => !/^\{\{\s*\w+\s*\}\}$/.test(name)))
    return ["has Liquid other than fields"];
  return checkTemplate({
    template_structure: { ...facts.texts, ...texts },
    default_content: facts.values,
    required_fields: [],
    optional_fields: facts.fields,
    template_category: facts.category ?? "other",
    language: facts.language,
    currency: facts.currency,
  }).map(({ problem }) => problem);
}

/** Nothing that a reader could take for markup or a link. */
function plain(most: number) {
  return z
    .string()
    .trim()
    .min(2)
    .max(most)
    .refine(
      (text) =>
        !/[<>]|https?:|www\.|\S@\S|[\p{Cc}\u202A-\u202E\u2066-\u2069]/iu.test(text.replaceAll("\n", " ")),
      "must be plain text",
    );
}

function line(most: number) {
  return plain(most).refine((text) => !text.includes("\n"), "must be one line");
}
