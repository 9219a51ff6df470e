import {
  describedCohort,
  runDetails,
  runList,
  runsQuery,
  startedRun,
  startRunRequest,
} from "../../types/api.ts";
import type { Ai } from "../_shared/ai/calls.ts";
import { auth, tokenOf } from "../_shared/auth.ts";
import { parseJson, readBody, shape } from "../_shared/body.ts";
import { allowedOrigins, type Environment } from "../_shared/clients.ts";
import { type App, createApp } from "../_shared/http.ts";
import { Problem } from "../_shared/problem.ts";
import { describe } from "./describe.ts";
import { toRun, toSteps } from "./runs.ts";
import type { CallerStore, RunRow, Store } from "./store.ts";

const MAX_BODY_BYTES = 4096;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Runs of the search for cohorts, and their names: everything as the caller, so that the database decides who may. */
export function createCohorts(store: Store, ai: Ai, env: Pick<Environment, "ALLOWED_ORIGINS">): App {
  const app = createApp({ name: "cohorts", allowedOrigins: allowedOrigins(env as Environment) });

  app.post("/runs", auth("user"), async (c) => {
    const caller = store.as(tokenOf(c.get("caller")));
    const request = shape(startRunRequest, parseJson(await readBody(c.req.raw, MAX_BODY_BYTES)));
    const { runId, joined } = await caller.requestRun(request);
    const run = await read(caller, runId);
    return c.json(startedRun.parse({ ...toRun(run, await caller.steps(runId)), joined }), joined ? 200 : 202);
  });

  app.get("/runs", auth("user"), async (c) => {
    const caller = store.as(tokenOf(c.get("caller")));
    const { brand_id, limit, cursor } = shape(runsQuery, c.req.query());
    const rows = await caller.runs({ brandId: brand_id, before: cursor, limit: limit + 1 });
    const page = rows.slice(0, limit);
    // At most one run of a brand is under way; of the others nobody wants to know how many steps they had.
    const steps = await Promise.all(
      page.map((run) => (run.status === "running" ? caller.steps(run.id) : [])),
    );
    return c.json(
      runList.parse({
        runs: page.map((run, place) => toRun(run, steps[place])),
        next_cursor: rows.length > limit ? page.at(-1)?.id : null,
      }),
    );
  });

  app.get("/runs/:id", auth("user"), async (c) => {
    const caller = store.as(tokenOf(c.get("caller")));
    const id = idOf(c.req.param("id"), "clustering run");
    const run = await read(caller, id);
    const steps = await caller.steps(id);
    return c.json(runDetails.parse({ ...toRun(run, steps), steps: toSteps(steps) }));
  });

  app.post("/runs/:id/cancel", auth("user"), async (c) => {
    const caller = store.as(tokenOf(c.get("caller")));
    const id = idOf(c.req.param("id"), "clustering run");
    await caller.cancelRun(id);
    const steps = await caller.steps(id);
    return c.json(runDetails.parse({ ...toRun(await read(caller, id), steps), steps: toSteps(steps) }));
  });

  app.post("/:id/describe", auth("user"), async (c) => {
    const caller = store.as(tokenOf(c.get("caller")));
    return c.json(describedCohort.parse(await describe(caller, ai, idOf(c.req.param("id"), "cohort"))));
  });

  return app;
}

/** What the caller may not read is not there. */
async function read(caller: CallerStore, id: string): Promise<RunRow> {
  return (await caller.run(id)) ?? notFound("clustering run", id);
}

function idOf(id: string, kind: string): string {
  return UUID.test(id) ? id : notFound(kind, id);
}

function notFound(kind: string, id: string): never {
  throw new Problem("not_found", { detail: `No ${kind} with id ${id}.` });
}
