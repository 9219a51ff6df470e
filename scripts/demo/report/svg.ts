import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** Colours that stay apart for most kinds of colour blindness (after Okabe and Ito), darkened for a white page. */
export const PALETTE = [
  "#2563a8",
  "#d9730d",
  "#15825c",
  "#b0418e",
  "#8a6d00",
  "#4a9ccf",
  "#b3352b",
  "#5b5f97",
  "#6b6b6b",
];
/** Pixels; what the page is made for. */
export const WIDTH = 760;
export const INK = "#1d2733";
export const MUTED = "#6a7685";

const FONT = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

const CONFIG: TopLevelSpec["config"] = {
  background: "transparent",
  font: FONT,
  view: { stroke: null },
  // One description for the whole chart; a label on each of a thousand points would only make the file large.
  mark: { aria: false },
  axis: {
    labelColor: MUTED,
    titleColor: INK,
    titleFontWeight: 500,
    titlePadding: 10,
    labelFontSize: 12,
    titleFontSize: 13,
    gridColor: "#e6eaef",
    domainColor: "#c5ccd6",
    ticks: false,
    labelPadding: 6,
  },
  legend: {
    labelColor: INK,
    labelFontSize: 12.5,
    title: null,
    symbolStrokeWidth: 3,
    labelLimit: 320,
    rowPadding: 5,
  },
  range: { category: PALETTE },
};

/** Draws a Vega-Lite chart as an SVG element, without a browser. `description` is what a screen reader says. */
export async function drawChart(description: string, spec: TopLevelSpec): Promise<string> {
  const { spec: vegaSpec } = compile({
    ...spec,
    description,
    config: { ...CONFIG, ...spec.config },
  } as TopLevelSpec);
  const view = new View(parse(vegaSpec), { renderer: "none" });
  try {
    const svg = await view.toSVG();
    return svg
      .replace(/\p{Cc}/gu, " ")
      .replace("<svg ", `<svg role="img" aria-label="${escapeHtml(description)}" `);
  } finally {
    view.finalize();
  }
}

/** Text of people and data never becomes markup. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text
    .replace(/[\p{Cc}\p{Cs}]/gu, " ")
    .replace(/[&<>"']/g, (character) => entities[character] as string);
}
