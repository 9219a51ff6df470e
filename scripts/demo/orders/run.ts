import type { IngestVerdict } from "../../../types/api.ts";
import { basename } from "node:path";
import { readCohorts, readMap } from "../cohorts.ts";
import { readFunnel } from "../funnel.ts";
import { discoverCohorts, processBacklog, propose } from "../loop.ts";
import { readOffers } from "../offers.ts";
import { startProgress } from "../progress.ts";
import { countRows } from "../rows.ts";
import { sendSignals } from "../send.ts";
import { call, openSession } from "../session.ts";
import { writeReport } from "../report/write.ts";
import { printOrders } from "./print.ts";
import { type OrdersFile, readOrders } from "./read.ts";
import { ordersReport } from "./report.ts";
import { readShoppers, type Shopper } from "./shoppers.ts";

export interface OrdersResult {
  fileName: string;
  file: OrdersFile;
  intake: { accepted: number; duplicates: Map<string, number>; rejected: Map<string, number> };
  /** What the database holds at the end; the same after a second run. */
  stored: { signals: number; actors: number; evidence: number };
  cohorts: Awaited<ReturnType<typeof readCohorts>>;
  map: Awaited<ReturnType<typeof readMap>>;
  offers: Awaited<ReturnType<typeof readOffers>>;
  funnel: Awaited<ReturnType<typeof readFunnel>>;
  shoppers: Shopper[];
}

/** Real orders through the loop as far as it goes without sending anything: people, beliefs, cohorts, proposed offers. */
export async function runOrders(path: string, reportPath: string): Promise<void> {
  const fileName = basename(path);
  const slug =
    fileName
      .toLowerCase()
      .replace(/\.csv(\.gz)?$/, "")
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 50) || "file";
  const reading = startProgress("Lines read", 0);
  const file = await readOrders(path, reading.advance);
  reading.stop();

  const session = await openSession({
    brandName: `Orders of ${fileName}`.slice(0, 200),
    brandSlug: `orders-${slug}`,
    currency: "GBP",
    dataDir: `.data/orders-${slug}`,
  });
  try {
    const verdicts = await sendSignals(session, file.signals, "Orders sent");
    const now = endOf(file);
    const { claimed } = await processBacklog(session, now);
    const runs = await countRows(session, {
      schema: "cohorts",
      table: "clustering_runs",
      where: { status: "completed" },
    });
    // A second run of the same file brings nothing new, and so decides nothing new.
    if (claimed > 0 || runs === 0) {
      await discoverCohorts(session, now);
      await call(session.owner, "stimuli", "install_templates", { p_brand: session.brand });
      await propose(session, now, 1);
    }
    const cohorts = await readCohorts(session);
    const result: OrdersResult = {
      fileName,
      file,
      intake: countVerdicts(verdicts),
      stored: {
        signals: await countRows(session, { schema: "signals", table: "signals_base" }),
        actors: await countRows(session, { schema: "actors", table: "actors" }),
        evidence: await countRows(session, { schema: "actors", table: "evidence" }),
      },
      cohorts,
      map: await readMap(session, cohorts),
      offers: await readOffers(session, new Map(cohorts.map((cohort) => [cohort.id, cohort.name]))),
      funnel: await readFunnel(session, file.signals.length),
      shoppers: await readShoppers(session, 3),
    };
    printOrders(result);
    await writeReport(reportPath, await ordersReport(result));
  } finally {
    await session.close();
  }
}

/** Beliefs fade with time: the past is judged from the end of the file, not from today. */
function endOf(file: OrdersFile): Date {
  const last = file.signals.at(-1)?.occurred_at;
  return last ? new Date(Date.parse(last) + 1000) : new Date();
}

function countVerdicts(verdicts: readonly IngestVerdict[]): OrdersResult["intake"] {
  const intake = { accepted: 0, duplicates: new Map<string, number>(), rejected: new Map<string, number>() };
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const verdict of verdicts) {
    if (verdict.verdict === "accepted") intake.accepted += 1;
    else if (verdict.verdict === "duplicate")
      add(intake.duplicates, verdict.duplicate_kind ?? "unknown kind");
    else add(intake.rejected, `${verdict.error_code} ${verdict.field ?? ""}: ${verdict.reason ?? ""}`);
  }
  return intake;
}
