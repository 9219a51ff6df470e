import { drawFunnel } from "../report/loop-charts.ts";
import { drawCohortMap } from "../report/people-charts.ts";
import type { Report } from "../report/page.ts";
import { formatNumber, formatPercent } from "../tables.ts";
import type { OrdersResult } from "./run.ts";

/** The same for people who were not at the terminal. */
export async function ordersReport(result: OrdersResult): Promise<Report> {
  const { file, intake, stored, cohorts, offers } = result;
  const left = file.fates
    .filter(([fate]) => fate.startsWith("left out"))
    .reduce((sum, [, count]) => sum + count, 0);
  return {
    title: `What the orders in ${result.fileName} tell`,
    lead:
      `${formatNumber(file.lineCount)} order lines became ${formatNumber(stored.actors)} people with beliefs, ` +
      `${cohorts.length} groups that emerged by themselves, and an offer for each of them that waits for your approval.`,
    madeAt: new Date(),
    figures: [
      {
        label: "Lines read",
        value: formatNumber(file.lineCount),
        note: `${formatPercent(1 - left / file.lineCount, 1)} of them used; every other one is accounted for below`,
      },
      {
        label: "Orders and refunds",
        value: formatNumber(file.orders + file.refunds),
        note: `${formatNumber(file.refunds)} refunds, linked to the orders they undo`,
      },
      {
        label: "People",
        value: formatNumber(stored.actors),
        note: `${formatNumber(stored.evidence)} pieces of evidence about them`,
      },
      {
        label: "New in this run",
        value: formatNumber(intake.accepted),
        note:
          intake.accepted === 0
            ? "the file was taken in before: nothing was counted twice"
            : "signals taken in for the first time",
      },
    ],
    sections: [
      {
        title: "The cohorts",
        text: [
          "Each point is a person; people who buy alike lie close together. The colours are the groups found. Nobody defined them: they come from what people bought, how often and for how much.",
        ],
        svg: await drawCohortMap(result.map),
        cards: cohorts.map((cohort) => ({
          title: cohort.name,
          badge: `${formatNumber(cohort.members)} people`,
          lines: cohort.traits,
        })),
      },
      {
        title: "Proposed offers",
        text: [
          "One for each cohort. None is sent before somebody approves it. The reason is what the system wrote down when it decided.",
        ],
        cards: offers.map((offer) => ({
          title: offer.name,
          badge: offer.type,
          lines: [offer.body, ...offer.reasons.map((reason) => `Why: ${reason}`)],
        })),
      },
      {
        title: "What is believed about single people",
        text: [
          "A belief is a value with a confidence between 0% (nothing known) and 100%. It grows with evidence and fades with time.",
        ],
        cards: result.shoppers.map((shopper) => ({
          title: shopper.name,
          badge: `${shopper.signals} signals`,
          lines: shopper.beliefs.map(
            (belief) => `${belief.text}: ${belief.value} (${formatPercent(belief.confidence)} sure)`,
          ),
        })),
      },
      {
        title: "From lines to learning",
        text: [
          "How many of each the loop has made so far. The lower stages fill once offers are sent and answered.",
        ],
        svg: await drawFunnel(result.funnel),
      },
      {
        title: "What became of every line",
        text: [`The counts add up to all ${formatNumber(file.lineCount)} lines of the file.`],
        table: { head: ["fate", "lines"], rows: file.fates },
      },
      {
        title: "Product categories",
        text: [
          "Found in the descriptions: words for which customers differ more than chance would let them. Dispersion 1 would mean that everybody buys alike.",
        ],
        table: {
          head: ["category", "share of purchases in %", "dispersion"],
          rows: file.categories.map((row) => [row.name, row.share * 100, row.dispersion]),
        },
      },
    ],
  };
}
