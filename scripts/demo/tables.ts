/** Plain text for the console. */

export type Cell = string | number | null | undefined;

export interface TableOptions {
  /** Columns (from 0) whose cells stand at the right edge; by default those that hold only numbers. */
  right?: number[];
  indent?: string;
}

const LONGEST_CELL = 150;

export function formatNumber(value: number, digits = 0): string {
  return Number.isFinite(value)
    ? value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : "–";
}

export function formatPercent(share: number, digits = 0): string {
  return Number.isFinite(share) ? `${formatNumber(share * 100, digits)}%` : "–";
}

/** Names and texts come from data: control characters must not reach the terminal. */
export function printable(value: Cell): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "number" ? formatNumber(value, Number.isInteger(value) ? 0 : 2) : value;
  const clean = text.replace(/\p{Cc}+/gu, " ");
  return clean.length > LONGEST_CELL ? `${clean.slice(0, LONGEST_CELL - 1)}…` : clean;
}

export function formatTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string {
  const cells = rows.map((row) => head.map((_, column) => printable(row[column])));
  const numeric = (column: number) => rows.length > 0 && rows.every((row) => typeof row[column] === "number");
  const right = new Set(options.right ?? head.map((_, column) => column).filter(numeric));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    (
      (options.indent ?? "  ") +
      widths
        .map((width, column) =>
          right.has(column) ? (row[column] ?? "").padStart(width) : (row[column] ?? "").padEnd(width),
        )
        .join("  ")
    ).trimEnd();
  const rule = widths.map((width) => "─".repeat(width));
  return [line(head), line(rule), ...cells.map(line)].join("\n");
}

export function heading(title: string): string {
  return `\n${title}\n${"═".repeat(title.length)}`;
}
