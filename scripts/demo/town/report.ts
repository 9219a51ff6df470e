import { drawCalibration, drawFunnel, drawReward } from "../report/loop-charts.ts";
import { drawBelief, drawCohortMap } from "../report/people-charts.ts";
import type { Report } from "../report/page.ts";
import { formatNumber, formatPercent } from "../tables.ts";
import type { TownResult } from "./demo.ts";
import { scoreRows } from "./print.ts";

/** What Loopwise found in the town, for somebody who runs a shop. */
export async function townReport({ run, scores, cohorts, map, funnel }: TownResult): Promise<Report> {
  const { reward, identity, attribution } = scores;
  const { watch } = run;
  return {
    title: "What Loopwise learnt about a town",
    lead:
      `A simulated town of ${run.town.length} people lives for ${run.lastWeek + 1} weeks: it buys, browses, writes and answers offers. ` +
      "Loopwise sees only the signals. What people really like was hidden from it and is used here to score what it found.",
    madeAt: new Date(),
    figures: [
      {
        label: "Response to offers",
        value: formatPercent(reward.learnt),
        note: `of the best possible in the last three weeks; a random choice would reach ${formatPercent(reward.random)}`,
      },
      {
        label: "People recognised",
        value: `F1 ${formatNumber(identity.f1, 2)}`,
        note: `${identity.actors} actors for ${identity.peopleSeen} people who write from several addresses and numbers`,
      },
      {
        label: "Groups found",
        value: String(cohorts.length),
        note: `agreement with the 4 hidden groups ${formatNumber(scores.cohorts.agreementOfBuyers, 2)} among people who ever bought (1 is the same, 0 is chance)`,
      },
      {
        label: "Purchases caused",
        value: formatNumber(attribution.believed),
        note: `estimated from the people held out; truly ${formatNumber(attribution.caused)}, of ${formatNumber(attribution.purchases)} that followed an offer`,
      },
    ],
    sections: [
      {
        title: "Offers get better by themselves",
        text: [
          "Every week each person gets one offer. At first the system tries what it does not know; what people answer, compared with those who were deliberately left out, decides what it tries next.",
          "Green is what somebody who knows everything could reach, grey what blind choice brings.",
        ],
        svg: await drawReward(run.rewards),
      },
      {
        title: "Groups that nobody defined",
        text: [
          "Each point is a person; people who behave alike lie close together. The colours are the groups found, named after what sets them apart.",
        ],
        svg: await drawCohortMap(map),
        cards: cohorts.map((cohort) => ({
          title: cohort.name,
          badge: `${formatNumber(cohort.members)} people`,
          lines: cohort.traits,
        })),
      },
      {
        title: `One belief: how much ${watch.person.name} likes ${watch.category}`,
        text: [
          `${watch.person.name} changes taste half way. The blue line is what the system believes about the share of ${watch.category} in the purchases, the band is where it is 90% sure the truth lies, the dashed line is the truth.`,
          "Below, its confidence. Old evidence fades, so that a change of taste is followed.",
        ],
        svg: await drawBelief(watch.points, `share of ${watch.category}`, watch.truth),
      },
      {
        title: "The whole loop",
        text: [
          "From what came in to what was learnt. A tenth of the people is held out of every offer: the difference between them and the others is what the offer caused.",
        ],
        svg: await drawFunnel(funnel),
      },
      {
        title: "Can the beliefs be trusted?",
        text: [
          "Believed shares of each category in people's purchases against their true shares; larger points stand for more beliefs. On the dashed line a believed 30% is 30%.",
        ],
        svg: await drawCalibration(scores.beliefs.bins),
      },
      {
        title: "All scores",
        text: ["Everything the system found, measured against the hidden truth."],
        table: { head: ["what", "score", "meaning"], rows: scoreRows(scores) },
      },
    ],
  };
}
