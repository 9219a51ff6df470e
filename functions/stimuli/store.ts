import type { z } from "zod";
import type { generateRequest, redeemRequest } from "../../types/api.ts";
import type { Database, Json } from "../../types/database.ts";
import { type Client, callerClient, type Environment, serviceClient } from "../_shared/clients.ts";
import { answer, Problem } from "../_shared/problem.ts";
import type { TemplateContent, TemplateProblem } from "./check.ts";

type Tables = Database["stimuli"]["Tables"];
export type Stimulus = Tables["stimuli_base"]["Row"];
export type Redemption = Tables["offer_redemptions"]["Row"];

/** Answer of stimuli.template_to_check. */
export interface TemplateToCheck extends TemplateContent {
  version_id: string;
  version: number;
  asked_by: string | null;
}

/** Answer of stimuli.preview_facts. */
export interface PreviewFacts {
  currency: string;
  language: string;
  stimuli: {
    id: string;
    name: string;
    type: string;
    status: string;
    content: Record<string, unknown>;
    is_checked: boolean;
    category: string;
    fields: unknown[];
    values: Record<string, unknown>;
    personal: Record<string, unknown>;
  }[];
}

/** Answer of stimuli.writing_facts. Its labels and values may come from strangers. */
export interface WritingFacts {
  brand_id: string;
  asked_by: string | null;
  language: string;
  currency: string;
  brand: string;
  category: string | null;
  purpose: string;
  texts: Record<string, unknown>;
  fields: unknown[];
  values: Record<string, unknown>;
  cohort: string | null;
  characteristics: { label: string | null; direction: string | null }[];
}

/** What the function wants of the database, as one caller. */
export interface CallerStore {
  templateToCheck(brandId: string, templateId: string): Promise<TemplateToCheck>;
  localeOf(brandId: string): Promise<{ language: string; currency: string }>;
  previewFacts(brandId: string, stimulusId: string, actorId?: string | null): Promise<PreviewFacts>;
  generate(request: z.infer<typeof generateRequest>): Promise<Stimulus>;
  writingFacts(brandId: string, stimulusId: string): Promise<WritingFacts>;
  approve(brandId: string, stimulusId: string): Promise<string>;
  deploy(brandId: string, stimulusId: string): Promise<{ deployed: number; held_out: number }>;
  redeem(request: z.infer<typeof redeemRequest>, idempotencyKey: string): Promise<Redemption>;
}

export interface Store {
  as(token: string): CallerStore;
  saveTemplateCheck(brandId: string, template: TemplateToCheck, problems: TemplateProblem[]): Promise<void>;
  saveContentCheck(brandId: string, stimulusId: string, content: Record<string, unknown>): Promise<void>;
  /** Gives a draft other texts, if it still has the ones of `draft`. */
  rewrite(
    draft: Stimulus,
    content: Record<string, unknown>,
    by: { provider: string; model: string },
  ): Promise<Stimulus>;
}

export function createStore(env: Environment): Store {
  // Service role: what counts as checked is closed to clients, who would pass what was never checked.
  const service = serviceClient(env).schema("stimuli");
  return {
    as: (token) => callerStore(callerClient(env, token)),
    async saveTemplateCheck(brandId, { version_id, asked_by }, problems) {
      const args = { p_brand: brandId, p_version: version_id, p_problems: problems as unknown as Json };
      answer(await service.rpc("save_template_check", { ...args, p_user: asked_by ?? undefined }));
    },
    async saveContentCheck(brandId, stimulusId, content) {
      const args = { p_brand: brandId, p_stimulus: stimulusId, p_content: content as Json };
      answer(await service.rpc("save_content_check", args));
    },
    async rewrite(draft, content, { provider, model }) {
      const args = { p_brand: draft.brand_id, p_stimulus: draft.id, p_was: draft.content_data };
      return answer(
        await service.rpc("rewrite", {
          ...args,
          p_content: content as Json,
          p_provider: provider,
          p_model: model,
        }),
      );
    },
  };
}

function callerStore(client: Client): CallerStore {
  const stimuli = client.schema("stimuli");
  return {
    async templateToCheck(brandId, templateId) {
      const args = { p_brand: brandId, p_template: templateId };
      return answer(await stimuli.rpc("template_to_check", args)) as unknown as TemplateToCheck;
    },
    async localeOf(brandId) {
      const rows = client.schema("core").from("brands").select("language, currency").eq("id", brandId);
      const found = answer(await rows)[0];
      if (!found) throw new Problem("not_found", { detail: `No brand with id ${brandId}.` });
      return found;
    },
    async previewFacts(brandId, stimulusId, actorId) {
      const args = { p_brand: brandId, p_stimulus: stimulusId, p_actor: actorId ?? undefined };
      return answer(await stimuli.rpc("preview_facts", args)) as unknown as PreviewFacts;
    },
    async generate({ brand_id, cohort_id, actor_id, template_id, seed }) {
      const target = { p_cohort: cohort_id ?? undefined, p_actor: actor_id ?? undefined };
      const args = { p_brand: brand_id, ...target, p_template: template_id ?? undefined, p_seed: seed };
      return answer(await stimuli.rpc("generate", args));
    },
    async writingFacts(brandId, stimulusId) {
      const args = { p_brand: brandId, p_stimulus: stimulusId };
      return answer(await stimuli.rpc("writing_facts", args)) as unknown as WritingFacts;
    },
    async approve(brandId, stimulusId) {
      return answer(await stimuli.rpc("approve", { p_brand: brandId, p_stimulus: stimulusId })).status;
    },
    async deploy(brandId, stimulusId) {
      const rows = answer(await stimuli.rpc("deploy", { p_brand: brandId, p_stimulus: stimulusId }));
      return rows[0] ?? { deployed: 0, held_out: 0 };
    },
    async redeem({ brand_id, code, deployment_id, order }, idempotencyKey) {
      const of = { p_code: code ?? undefined, p_deployment: deployment_id ?? undefined };
      const args = { p_brand: brand_id, p_order: order as Json, p_idempotency_key: idempotencyKey };
      return answer(await stimuli.rpc("redeem", { ...args, ...of }));
    },
  };
}
