import { describe, expect, test } from "vitest";
import { drawCalibration, drawFunnel, drawReward } from "../../scripts/demo/report/loop-charts.ts";
import { renderPage, type Report } from "../../scripts/demo/report/page.ts";
import { drawBelief, drawCohortMap } from "../../scripts/demo/report/people-charts.ts";
import { createRandom } from "../../scripts/demo/random.ts";

const NASTY = `<script>alert("x")</script> & 'friends' \u0007`;
const random = createRandom(5);

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n));
const charts = {
  map: drawCohortMap(
    Array.from({ length: 400 }, (_, i) => ({
      x: random.normal((i % 3) * 4, 1),
      y: random.normal((i % 2) * 4, 1),
      cohort: i % 3 === 0 ? NASTY : `Cohort ${i % 3}`,
    })),
  ),
  belief: drawBelief(
    Array.from({ length: 9 }, (_, i) => ({
      at: day(7 * i),
      value: 0.2 + i / 20,
      low: 0.1,
      high: 0.7,
      confidence: i / 9,
    })),
    NASTY,
    [
      { at: day(0), value: 0.3 },
      { at: day(60), value: 0.6 },
    ],
  ),
  reward: drawReward([1, 2, 3].map((cycle) => ({ cycle, oracle: 0.3, learnt: 0.1 * cycle, random: 0.1 }))),
  funnel: drawFunnel([
    { name: "signals sent", count: 12_345 },
    { name: NASTY, count: 0 },
  ]),
  calibration: drawCalibration([{ predicted: 0.2, actual: 0.25, count: 12 }]),
};

async function report(): Promise<Report> {
  return {
    title: NASTY,
    lead: NASTY,
    madeAt: day(0),
    figures: [{ label: NASTY, value: NASTY, note: NASTY }],
    sections: [
      {
        title: NASTY,
        text: [NASTY],
        svg: await charts.map,
        cards: [{ title: NASTY, badge: NASTY, lines: [NASTY] }],
        table: {
          head: [NASTY, "count"],
          rows: [
            [NASTY, 12_345],
            [null, 0.5],
          ],
        },
      },
    ],
  };
}

describe("The report", () => {
  test("shows text of people as text, never as markup", async () => {
    const html = renderPage(await report());
    expect(html.includes("<script")).toBe(false);
    expect(html.includes("\u0007")).toBe(false);
    expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(10);
  });

  test("needs nothing from outside", async () => {
    const html = renderPage({
      ...(await report()),
      sections: await Promise.all(
        Object.values(charts).map(async (svg) => ({ title: "Chart", text: [], svg: await svg })),
      ),
    });
    expect(html).not.toMatch(/\b(src|href)=/);
    expect(html).toContain("default-src 'none'");
  });

  test.each(Object.entries(charts))(
    "draws the chart %s with escaped labels and no missing number",
    async (_, chart) => {
      const svg = await chart;
      expect(svg).toMatch(/^<svg role="img" aria-label="[^"]+"/);
      expect(svg).not.toContain("<script");
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    },
  );

  test("gives a map one point per person and a funnel every count", async () => {
    const marks = /role-mark marks"[^>]*>(.*?)<\/g>/s.exec(await charts.map)?.[1] ?? "";
    expect(marks.match(/<path/g)).toHaveLength(400);
    expect((await charts.funnel).includes(">12,345<")).toBe(true);
  });

  test("aligns numbers and leaves gaps for missing values", async () => {
    const html = renderPage(await report());
    expect(html).toContain('<td class="number">12,345</td>');
    expect(html).toContain('<td class="number">0.50</td>');
    expect(html).toContain("<td></td>");
  });
});
