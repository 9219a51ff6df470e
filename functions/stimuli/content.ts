import type { z } from "zod";
import type { checkedTemplate, preview } from "../../types/api.ts";
import { checkTemplate, type TemplateProblem } from "./check.ts";
import { OF_PERSON, readFields } from "./fields.ts";
import { type Channel, RenderFault, render } from "./render.ts";
import type { CallerStore, PreviewFacts, Store } from "./store.ts";

type Shown = PreviewFacts["stimuli"][number];

/** Checks a stored template as last edited; if it passes, that version comes into use. */
export async function checkStored(
  caller: CallerStore,
  store: Store,
  { brand_id, template_id }: { brand_id: string; template_id: string },
): Promise<z.input<typeof checkedTemplate>> {
  // As the caller: the database says whether it may have the template checked.
  const template = await caller.templateToCheck(brand_id, template_id);
  const problems = checkTemplate(template);
  await store.saveTemplateCheck(brand_id, template, problems);
  return { passed: problems.length === 0, problems, version: template.version };
}

/** Checks what of a stimulus, or of the variants of a campaign, was not checked yet: texts that were written by hand. */
export async function checkDrafts(caller: CallerStore, store: Store, brandId: string, stimulusId: string) {
  const facts = await caller.previewFacts(brandId, stimulusId);
  const waiting = facts.stimuli.filter((one) => one.status === "draft" && !one.is_checked);
  const problems: (TemplateProblem & { stimulus_id: string })[] = [];
  for (const one of waiting) {
    const found = checkByHand(one, facts);
    problems.push(...found.map((problem) => ({ ...problem, stimulus_id: one.id })));
    if (found.length === 0) await store.saveContentCheck(brandId, one.id, one.content);
  }
  return problems;
}

/** Without a template there are no defaults: it has to be fit for people of whom nothing is known. */
function checkByHand(one: Shown, { language, currency }: PreviewFacts): TemplateProblem[] {
  const samples = Object.fromEntries(OF_PERSON.map((name) => [name, readFields([name]).get(name)?.sample]));
  const problems = checkTemplate({
    template_structure: one.content,
    default_content: { ...samples, ...one.values },
    required_fields: [],
    optional_fields: one.fields,
    template_category: one.category,
    language,
    currency,
  });
  const fault = problems.length
    ? undefined
    : tryRender(one, withSamples(one, ["unsubscribe_url", "offer_code"]), "email", { language, currency })
        .fault;
  if (!fault) return problems;
  const mend = 'Say what stands there for people of whom it is not known: {{first_name | default: "there"}}.';
  return [{ field: fault.field, line: fault.line ?? 1, problem: fault.message, mend }];
}

/** What each stimulus comes to: for the person that the facts are of, with samples for what only sending knows. */
export function show(facts: PreviewFacts, channel: Channel): z.input<typeof preview> {
  const stimuli = facts.stimuli.map((one) => {
    const isOfSomebody = Object.keys(one.personal).length > 0;
    const missing = isOfSomebody ? ["unsubscribe_url", "offer_code"] : [...readFields(one.fields).keys()];
    const { rendered, fault } = tryRender(one, withSamples(one, missing), channel, facts);
    const { id, name, type, status, is_checked } = one;
    const problem = fault ? `${fault.field}: ${fault.message}` : null;
    return { id, name, type, status, is_checked, rendered: rendered ?? null, problem };
  });
  return { channel, stimuli };
}

function withSamples({ fields, values, personal }: Shown, names: string[]): Record<string, unknown> {
  const declared = readFields(fields);
  const samples = names.map((name) => [name, declared.get(name)?.sample]);
  return { ...Object.fromEntries(samples), ...values, ...personal };
}

function tryRender(
  { content, fields }: Shown,
  values: Record<string, unknown>,
  channel: Channel,
  { language, currency }: { language: string; currency: string },
): { rendered?: Record<string, unknown>; fault?: RenderFault } {
  try {
    return { rendered: render(content, values, { channel, fields, language, currency }) };
  } catch (error) {
    if (error instanceof RenderFault) return { fault: error };
    throw error;
  }
}
