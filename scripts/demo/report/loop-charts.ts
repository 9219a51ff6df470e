import { drawChart, INK, MUTED, PALETTE, WIDTH } from "./svg.ts";

export interface CycleReward {
  cycle: number;
  oracle: number;
  learnt: number;
  random: number;
}

/** Expected response of the offers chosen in each cycle, beside the best and the blind choice. */
export function drawReward(cycles: readonly CycleReward[]): Promise<string> {
  const names = { oracle: "best possible (knows the truth)", learnt: "Loopwise", random: "random choice" };
  const values = cycles.flatMap((row) =>
    (["oracle", "learnt", "random"] as const).map((key) => ({
      cycle: row.cycle,
      rate: row[key],
      who: names[key],
    })),
  );
  return drawChart("Response to offers in each cycle against the best possible and a random choice", {
    width: WIDTH,
    height: 300,
    data: { values },
    mark: { type: "line", strokeWidth: 3, point: { size: 60, filled: true } },
    encoding: {
      x: { field: "cycle", type: "ordinal", axis: { title: "week", labelAngle: 0, grid: false } },
      y: {
        field: "rate",
        type: "quantitative",
        axis: { title: "people who answer an offer", format: "%" },
        scale: { zero: true },
      },
      color: {
        field: "who",
        type: "nominal",
        scale: {
          domain: Object.values(names),
          range: [PALETTE[2] as string, PALETTE[0] as string, "#a3acb8"],
        },
        legend: { orient: "top", symbolType: "stroke" },
      },
    },
  });
}

export interface Stage {
  name: string;
  count: number;
}

/** The stages of the loop with their counts; the scale is logarithmic, since thousands of signals make a handful of cohorts. */
export function drawFunnel(stages: readonly Stage[], title = "how many (logarithmic)"): Promise<string> {
  const values = stages.map((stage) => ({
    ...stage,
    label: stage.count.toLocaleString("en-GB"),
    length: Math.log10(stage.count + 1),
  }));
  const y = {
    field: "name",
    type: "nominal" as const,
    sort: null,
    axis: { title: null, labelColor: INK, labelFontSize: 13, domain: false, labelLimit: 420 },
  };
  const x = {
    field: "length",
    type: "quantitative" as const,
    axis: { title, labels: false, grid: false, domain: false, titleColor: MUTED },
  };
  return drawChart(`Funnel: ${values.map((stage) => `${stage.name} ${stage.label}`).join(", ")}`, {
    width: WIDTH - 220,
    height: { step: 30 },
    data: { values },
    encoding: { x, y },
    layer: [
      { mark: { type: "bar", color: PALETTE[0], opacity: 0.85, cornerRadiusEnd: 3, height: 20 } },
      {
        mark: { type: "text", align: "left", dx: 7, color: INK, fontSize: 13, fontWeight: 600 },
        encoding: { text: { field: "label", type: "nominal" } },
      },
    ],
  });
}

export interface Bin {
  predicted: number;
  actual: number;
  count: number;
}

/** What was believed against what was true: points on the diagonal mean that a stated 30% is 30%. */
export function drawCalibration(bins: readonly Bin[]): Promise<string> {
  const limit = Math.max(0.1, ...bins.flatMap((bin) => [bin.predicted, bin.actual])) * 1.08;
  const axis = (title: string) => ({ title, format: "%" });
  const scale = { domain: [0, limit], nice: false };
  return drawChart("Calibration: believed shares against true shares", {
    width: 420,
    height: 340,
    layer: [
      {
        data: {
          values: [
            { predicted: 0, actual: 0 },
            { predicted: limit, actual: limit },
          ],
        },
        mark: { type: "line", strokeDash: [5, 4], color: "#a3acb8" },
        encoding: {
          x: { field: "predicted", type: "quantitative" },
          y: { field: "actual", type: "quantitative" },
        },
      },
      {
        data: { values: [...bins] },
        mark: { type: "circle", color: PALETTE[0], opacity: 0.85 },
        encoding: {
          x: { field: "predicted", type: "quantitative", scale, axis: axis("believed") },
          y: { field: "actual", type: "quantitative", scale, axis: axis("true") },
          size: { field: "count", type: "quantitative", legend: null, scale: { range: [60, 700] } },
        },
      },
    ],
  });
}
