import { z } from "zod";
import type { describedCohort } from "../../types/api.ts";
import type { Ai } from "../_shared/ai/calls.ts";
import type { JsonRequest } from "../_shared/ai/provider.ts";
import type { CallerStore, Naming } from "./store.ts";

/** Answer of cohorts.naming_facts. Its texts may come from strangers: categories are named by whoever sends orders. */
export interface NamingFacts {
  brand_id: string;
  asked_by: string | null;
  name: string;
  description: string | null;
  people: number;
  characteristics: { label: string; direction: string; words: string; effect_size: number }[];
  other_names: string[];
}

const INSTRUCTIONS = `You name groups of the customers of a business for the person who runs it.
The data describe one group that was found by measurement: the name and description it has now, how many people it has, what its people do more (direction high) or less (low) than the others, in words and as a standardised difference (effect_size; 0.2 is small, 0.8 large), and the names of the other groups.
Answer with
name: two to six everyday words that tell this group from the others, at most 60 characters, not one of other_names;
description: two or three plain sentences, at most 500 characters, on what sets these people apart and what to watch.
Say only what the data say. No statistics, no jargon, no guesses about age, health, origin or belief, no links, no markup.`;

/** Asks for a better name and stores it; offline the name that the run gave it is the answer, and stays. */
export async function describe(
  caller: CallerStore,
  ai: Ai,
  cohortId: string,
): Promise<z.input<typeof describedCohort>> {
  const facts = await caller.namingFacts(cohortId);
  const { value } = await ai.completeJson(question(facts), {
    function: "cohorts.describe",
    brandId: facts.brand_id,
    entity: { type: "cohort", id: cohortId },
    userId: facts.asked_by ?? undefined,
  });
  const { name: provider, model } = ai.provider;
  const isOffline = provider === "offline";
  const named = isOffline ? { ...value, stored: false } : await caller.rename(cohortId, value);
  return { cohort_id: cohortId, ...named, provider, model };
}

function question(facts: NamingFacts): JsonRequest<Naming> {
  const { brand_id: _, asked_by: __, ...data } = facts;
  const taken = new Set(facts.other_names.map((name) => name.toLowerCase()));
  const schema = z.strictObject({
    name: plainText(3, 60).refine((name) => !taken.has(name.toLowerCase()), "is the name of another cohort"),
    description: plainText(10, 500),
  });
  const template = () => ({ name: facts.name, description: facts.description ?? "" });
  return { name: "cohort_naming", schema, instructions: INSTRUCTIONS, data, template };
}

/** One line of words: nothing that a page could take for markup or a link. */
function plainText(min: number, max: number) {
  return z
    .string()
    .trim()
    .min(min)
    .max(max)
    .refine((text) => !/[\p{C}<>]|https?:|www\./iu.test(text), "must be plain text");
}
