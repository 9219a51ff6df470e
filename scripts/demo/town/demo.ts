import { type Cohort, readCohorts, readMap } from "../cohorts.ts";
import { readFunnel } from "../funnel.ts";
import type { Stage } from "../report/loop-charts.ts";
import type { MapPoint } from "../report/people-charts.ts";
import { writeReport } from "../report/write.ts";
import { openSession } from "../session.ts";
import { printTown } from "./print.ts";
import { townReport } from "./report.ts";
import { runTown, type TownRun } from "./run.ts";
import { scoreTown, type TownScores } from "./score.ts";

export interface TownResult {
  run: TownRun;
  scores: TownScores;
  cohorts: Cohort[];
  map: MapPoint[];
  funnel: Stage[];
}

/** The whole loop on a town whose truth is known. */
export async function demonstrateTown(reportPath: string): Promise<void> {
  const session = await openSession({ brandName: "Corner Shop", brandSlug: "corner-shop", currency: "GBP" });
  try {
    const run = await runTown(session);
    const cohorts = await readCohorts(session);
    const result: TownResult = {
      run,
      scores: await scoreTown(session, run),
      cohorts,
      map: await readMap(session, cohorts),
      funnel: await readFunnel(session, run.sent.length),
    };
    printTown(result);
    await writeReport(reportPath, await townReport(result));
  } finally {
    await session.close();
  }
}
