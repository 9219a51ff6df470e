import { drawChart, PALETTE, WIDTH } from "./svg.ts";

export interface MapPoint {
  x: number;
  y: number;
  cohort: string;
}

/** Everybody as a point, people alike close together, coloured by cohort. */
export function drawCohortMap(points: readonly MapPoint[]): Promise<string> {
  const cohorts = [...new Set(points.map((point) => point.cohort))].sort();
  const color = { field: "cohort", type: "nominal" as const, scale: { domain: cohorts, range: PALETTE } };
  const hidden = { axis: { labels: false, grid: false, domain: false, title: null }, scale: { zero: false } };
  return drawChart(`Map of ${points.length} people in ${cohorts.length} cohorts`, {
    width: WIDTH,
    height: 420,
    data: { values: [...points] },
    mark: { type: "circle", opacity: 0.62, size: points.length > 1500 ? 16 : 30 },
    encoding: {
      x: { field: "x", type: "quantitative", ...hidden },
      y: { field: "y", type: "quantitative", ...hidden },
      color: {
        ...color,
        legend: { orient: "bottom", columns: 2, labelLimit: 360, symbolSize: 120, symbolOpacity: 1 },
      },
    },
  });
}

export interface BeliefPoint {
  at: Date;
  /** Mean of the belief, 0 to 1. */
  value: number;
  /** 90% interval. */
  low: number;
  high: number;
  /** 0 to 1. */
  confidence: number;
}

/** One belief about one person: its mean with its 90% interval, and below it how sure the system is. */
export function drawBelief(
  points: readonly BeliefPoint[],
  label: string,
  truth?: { at: Date; value: number }[],
): Promise<string> {
  const x = {
    field: "at",
    type: "temporal" as const,
    axis: { title: null, grid: false, format: "%e %b", tickCount: 8 },
  };
  const values = points.map((point) => ({ ...point, at: point.at.getTime(), series: "belief" }));
  const truthValues = (truth ?? []).map((point) => ({
    ...point,
    at: point.at.getTime(),
    series: "hidden truth",
  }));
  const stroke = {
    field: "series",
    type: "nominal" as const,
    scale: {
      domain: truth ? ["belief", "hidden truth"] : ["belief"],
      range: [PALETTE[0] as string, PALETTE[1] as string],
    },
    legend: { orient: "top" as const },
  };
  return drawChart(`Belief ${label} of one person over time`, {
    vconcat: [
      {
        width: WIDTH,
        height: 230,
        encoding: { x },
        layer: [
          {
            data: { values },
            mark: { type: "area", color: PALETTE[0], opacity: 0.16, interpolate: "step-after" },
            encoding: {
              y: {
                field: "low",
                type: "quantitative",
                axis: { title: label, format: "%" },
                scale: { zero: true },
              },
              y2: { field: "high" },
            },
          },
          {
            data: { values },
            mark: { type: "line", strokeWidth: 2.5, interpolate: "step-after" },
            encoding: { y: { field: "value", type: "quantitative" }, color: stroke },
          },
          {
            data: { values: truthValues },
            mark: { type: "line", strokeWidth: 2, strokeDash: [6, 4], interpolate: "step-after" },
            encoding: { y: { field: "value", type: "quantitative" }, color: stroke },
          },
        ],
      },
      {
        width: WIDTH,
        height: 90,
        data: { values },
        mark: {
          type: "area",
          color: PALETTE[2],
          opacity: 0.5,
          line: { color: PALETTE[2] },
          interpolate: "step-after",
        },
        encoding: {
          x,
          y: {
            field: "confidence",
            type: "quantitative",
            axis: { title: "confidence", format: "%", tickCount: 3 },
            scale: { domain: [0, 1] },
          },
        },
      },
    ],
  });
}
