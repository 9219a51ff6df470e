import { formatNumber, formatPercent, formatTable, heading } from "../tables.ts";
import type { TownResult } from "./demo.ts";

/** What was found, beside the truth. */
export function printTown({ run, scores, cohorts, funnel }: TownResult): void {
  console.log(heading("The loop in numbers"));
  console.log(
    formatTable(
      ["stage", "count"],
      funnel.map((stage) => [stage.name, stage.count]),
    ),
  );

  console.log(heading("Copies and faults in what was sent"));
  console.log(
    formatTable(
      ["kind", "sent", "judged rightly"],
      scores.kinds.map((row) => [row.kind, row.sent, row.found]),
    ),
  );

  console.log(heading("Cohorts that emerged"));
  for (const cohort of cohorts) {
    console.log(`\n  ${cohort.name}: ${cohort.members} people`);
    for (const trait of cohort.traits) console.log(`    · ${trait}`);
  }

  console.log(heading("Response to offers, week by week"));
  console.log(
    formatTable(
      ["cycle", "best possible", "Loopwise", "random"],
      run.rewards.map((row) => [
        String(row.cycle),
        formatPercent(row.oracle, 1),
        formatPercent(row.learnt, 1),
        formatPercent(row.random, 1),
      ]),
      { right: [0, 1, 2, 3] },
    ),
  );

  console.log(heading("Found against the truth"));
  console.log(formatTable(["what", "score", "meaning"], scoreRows(scores)));
}

/** The scores in words, for console and report alike. */
export function scoreRows(scores: TownResult["scores"]): [string, string, string][] {
  const { duplicates, faults, identity, beliefs, reward, attribution, knowledge } = scores;
  const three = (score: { precision: number; recall: number; f1: number }) =>
    `precision ${formatNumber(score.precision, 3)}, recall ${formatNumber(score.recall, 3)}`;
  return [
    ["duplicates", `F1 ${formatNumber(duplicates.f1, 3)}`, three(duplicates)],
    ["broken signals", `F1 ${formatNumber(faults.f1, 3)}`, three(faults)],
    [
      "identity",
      `F1 ${formatNumber(identity.f1, 3)}`,
      `pairs of identifiers: ${three(identity)}; ${identity.actors} actors for ${identity.peopleSeen} people`,
    ],
    [
      "tastes",
      `error ${formatPercent(beliefs.error, 1)}`,
      `mean, over ${formatNumber(beliefs.count)} shares; the town's average for everybody would err by ${formatPercent(beliefs.errorOfAverage, 1)}`,
    ],
    [
      "tastes, calibration",
      `error ${formatPercent(beliefs.calibration, 1)}`,
      `mean gap of believed and true shares; correlation ${formatNumber(beliefs.correlation, 2)}; ${formatPercent(beliefs.coverage)} of the 90% intervals hold the truth`,
    ],
    [
      "cohorts",
      `ARI ${formatNumber(scores.cohorts.agreementOfBuyers, 3)}`,
      `of ${scores.cohorts.count} cohorts with the 4 hidden groups, people who ever bought (1 same, 0 chance); everybody ${formatNumber(scores.cohorts.agreement, 3)}`,
    ],
    [
      "reward",
      formatPercent(reward.learnt),
      `of the best possible response in the last three weeks; random choice ${formatPercent(reward.random)}`,
    ],
    [
      "attribution",
      formatNumber(attribution.believed, 0),
      `purchases taken for caused by offers, of ${formatNumber(attribution.purchases)} after one; truly caused ${formatNumber(attribution.caused)}`,
    ],
    [
      "response rates",
      `r ${formatNumber(knowledge.correlation, 2)}`,
      `correlation of ${knowledge.pairs} learnt rates of template and cohort with the true ones`,
    ],
  ];
}
