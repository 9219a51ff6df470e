/** Fills {{name}} in the texts of a source. */
export function render(
  source: Record<string, unknown>,
  values: Record<string, unknown>,
): Record<string, unknown> {
  const fill = (_: string, name: string) => String(values[name] ?? "");
  return Object.fromEntries(
    Object.entries(source).map(([key, value]) => [
      key,
      typeof value === "string" ? value.replace(/\{\{ *(\w+) *\}\}/g, fill) : value,
    ]),
  );
}
