import {
  approvedStimulus,
  checkedTemplate,
  checkTemplateRequest,
  deployedStimulus,
  generatedStimulus,
  generateRequest,
  preview,
  previewRequest,
  redeemRequest,
  redemption,
  stimulusRequest,
} from "../../types/api.ts";
import type { Ai } from "../_shared/ai/calls.ts";
import { auth, type Caller, tokenOf } from "../_shared/auth.ts";
import { parseJson, readBody, shape } from "../_shared/body.ts";
import type { App } from "../_shared/http.ts";
import { Problem } from "../_shared/problem.ts";
import { checkTemplate } from "./check.ts";
import { checkDrafts, checkStored, show } from "./content.ts";
import type { Store } from "./store.ts";
import { write } from "./write.ts";

/** A template has texts of up to 100,000 characters, and several of them. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface Content {
  store: Store;
  ai: Ai;
}

/** Templates, drafts and offers: everything as the caller, but for what a check came to. */
export function contentRoutes(app: App, { store, ai }: Content): void {
  const as = (caller: Caller) => store.as(tokenOf(caller));
  const bodyOf = async (request: Request) => parseJson(await readBody(request, MAX_BODY_BYTES));

  app.post("/templates/check", auth("user"), async (c) => {
    const caller = as(c.get("caller"));
    const request = shape(checkTemplateRequest, await bodyOf(c.req.raw));
    if ("template_id" in request) {
      return c.json(checkedTemplate.parse(await checkStored(caller, store, request)));
    }
    const locale = await caller.localeOf(request.brand_id);
    const problems = checkTemplate({ ...request.template, ...locale });
    return c.json(checkedTemplate.parse({ passed: problems.length === 0, problems, version: null }));
  });

  app.post("/preview", auth("user"), async (c) => {
    const caller = as(c.get("caller"));
    const request = shape(previewRequest, await bodyOf(c.req.raw));
    const facts = await caller.previewFacts(request.brand_id, request.stimulus_id, request.actor_id);
    return c.json(preview.parse(show(facts, request.channel)));
  });

  app.post("/generate", auth("user"), async (c) => {
    const caller = as(c.get("caller"));
    const request = shape(generateRequest, await bodyOf(c.req.raw));
    const draft = await caller.generate(request);
    const written = await write(caller, store, ai, draft, request.use_ai);
    return c.json(generatedStimulus.parse(written), 201);
  });

  app.post("/approve", auth("user"), async (c) => {
    const caller = as(c.get("caller"));
    const { brand_id, stimulus_id } = shape(stimulusRequest, await bodyOf(c.req.raw));
    const problems = await checkDrafts(caller, store, brand_id, stimulus_id);
    const status = problems.length ? "draft" : await caller.approve(brand_id, stimulus_id);
    return c.json(approvedStimulus.parse({ id: stimulus_id, status, problems }));
  });

  app.post("/deploy", auth("user"), async (c) => {
    const caller = as(c.get("caller"));
    const { brand_id, stimulus_id } = shape(stimulusRequest, await bodyOf(c.req.raw));
    const counts = await caller.deploy(brand_id, stimulus_id);
    return c.json(deployedStimulus.parse({ id: stimulus_id, ...counts }));
  });

  app.post("/redeem", auth("user"), async (c) => {
    const caller = as(c.get("caller"));
    const key = c.req.header("idempotency-key");
    if (!key) throw new Problem("invalid_body", { detail: "An Idempotency-Key header is required." });
    const request = shape(redeemRequest, await bodyOf(c.req.raw));
    return c.json(redemption.parse(await caller.redeem(request, key)), 201);
  });
}
