import type { Cell } from "../tables.ts";
import { formatNumber } from "../tables.ts";
import { escapeHtml } from "./svg.ts";

/** What a report says. All of it is text except `svg`, which the chart module has drawn. */
export interface Report {
  title: string;
  lead: string;
  figures: { label: string; value: string; note: string }[];
  sections: Section[];
  madeAt: Date;
}

export interface Section {
  title: string;
  text: string[];
  svg?: string;
  cards?: { title: string; badge?: string; lines: string[] }[];
  table?: { head: string[]; rows: Cell[][] };
}

const STYLE = `
  :root { color-scheme: light; }
  * { box-sizing: border-box; }
  body { margin: 0; background: #f3f5f8; color: #1d2733; font: 16px/1.55 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
  main { max-width: 940px; margin: 0 auto; padding: 48px 20px 72px; }
  header h1 { font-size: 34px; line-height: 1.15; margin: 0 0 12px; letter-spacing: -0.02em; }
  header p { font-size: 18px; color: #46525f; margin: 0 0 28px; max-width: 760px; }
  .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px; margin-bottom: 30px; }
  .figure, section { background: #fff; border: 1px solid #e1e6ec; border-radius: 12px; }
  .figure { padding: 16px 18px; }
  .figure b { display: block; font-size: 28px; line-height: 1.2; letter-spacing: -0.01em; }
  .figure span { font-weight: 600; font-size: 14px; }
  .figure small { display: block; color: #6a7685; font-size: 13px; line-height: 1.4; margin-top: 4px; }
  section { padding: 26px 28px; margin-bottom: 22px; }
  section h2 { margin: 0 0 8px; font-size: 21px; letter-spacing: -0.01em; }
  section p { margin: 0 0 12px; color: #46525f; max-width: 760px; }
  svg { max-width: 100%; height: auto; display: block; margin-top: 14px; }
  .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 14px; margin-top: 14px; }
  .card { border: 1px solid #e1e6ec; border-radius: 10px; padding: 14px 16px; background: #fbfcfd; overflow-wrap: anywhere; }
  .card h3 { margin: 0 0 6px; font-size: 16px; }
  .card h3 em { font-style: normal; font-weight: 500; color: #2563a8; background: #e9f1fa; border-radius: 20px; padding: 1px 9px; font-size: 12.5px; margin-left: 6px; white-space: nowrap; }
  .card ul { margin: 0; padding-left: 18px; color: #46525f; font-size: 14.5px; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; margin-top: 14px; font-size: 14.5px; }
  th { text-align: left; color: #6a7685; font-weight: 600; border-bottom: 2px solid #e1e6ec; padding: 6px 10px; }
  td { border-bottom: 1px solid #edf0f4; padding: 6px 10px; vertical-align: top; overflow-wrap: anywhere; }
  .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  footer { color: #6a7685; font-size: 13px; margin-top: 26px; }
  @media print { body { background: #fff; } section { break-inside: avoid; } }
`;

/** One HTML file without scripts or anything to fetch: it can be mailed and opened anywhere. */
export function renderPage(report: Report): string {
  const figures = report.figures
    .map(
      ({ label, value, note }) =>
        `<div class="figure"><span>${escapeHtml(label)}</span><b>${escapeHtml(value)}</b><small>${escapeHtml(note)}</small></div>`,
    )
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(report.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(report.title)}</h1>
<p>${escapeHtml(report.lead)}</p>
</header>
<div class="figures">
${figures}
</div>
${report.sections.map(renderSection).join("\n")}
<footer>Made by Loopwise on ${escapeHtml(report.madeAt.toISOString().slice(0, 16).replace("T", " "))} UTC.</footer>
</main>
</body>
</html>
`;
}

function renderSection({ title, text, svg, cards, table }: Section): string {
  const parts = [
    `<h2>${escapeHtml(title)}</h2>`,
    ...text.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
  ];
  if (svg) parts.push(svg);
  if (cards?.length) parts.push(`<div class="cards">${cards.map(renderCard).join("\n")}</div>`);
  if (table) parts.push(renderTable(table.head, table.rows));
  return `<section>\n${parts.join("\n")}\n</section>`;
}

function renderCard({ title, badge, lines }: { title: string; badge?: string; lines: string[] }): string {
  const items = lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("");
  return `<div class="card"><h3>${escapeHtml(title)}${badge ? `<em>${escapeHtml(badge)}</em>` : ""}</h3><ul>${items}</ul></div>`;
}

function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const numeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const kind = (column: number) => (numeric[column] ? ' class="number"' : "");
  const cell = (value: Cell) =>
    typeof value === "number" ? formatNumber(value, Number.isInteger(value) ? 0 : 2) : (value ?? "");
  const headRow = head.map((title, column) => `<th${kind(column)}>${escapeHtml(title)}</th>`).join("");
  const bodyRows = rows.map(
    (row) =>
      `<tr>${head.map((_, column) => `<td${kind(column)}>${escapeHtml(cell(row[column]))}</td>`).join("")}</tr>`,
  );
  return `<div class="scroll"><table><thead><tr>${headRow}</tr></thead><tbody>${bodyRows.join("\n")}</tbody></table></div>`;
}
