import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Report, renderPage } from "./page.ts";

export async function writeReport(path: string, report: Report): Promise<void> {
  await writeFile(path, renderPage(report));
  console.log(`\nReport: ${resolve(path)}`);
}
