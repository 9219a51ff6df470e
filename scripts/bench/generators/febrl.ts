/** FEBRL's files of synthetic people with planted duplicates. They are not ours to ship: read from the data folder. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { IdentityRecord } from "./multichannel.ts";

/** LOOPWISE_FEBRL: files, separated by commas; else dataset1 and dataset2 of LOOPWISE_DATA or ../shared/data. */
export function febrlFiles(): string[] {
  const root = join(import.meta.dirname, "../../..");
  const folders = [process.env.LOOPWISE_DATA, join(root, "../shared/data"), join(root, "../../shared/data")];
  const given = process.env.LOOPWISE_FEBRL?.split(",");
  const usual = folders.flatMap((folder) =>
    folder ? [join(folder, "febrl/dataset1.csv"), join(folder, "febrl/dataset2.csv")] : [],
  );
  const found = (given ?? usual).filter((file) => existsSync(file));
  return given ? found : found.slice(0, 2);
}

export function readFebrl(file: string): IdentityRecord[] {
  const [head = "", ...lines] = readFileSync(file, "utf8").trim().split(/\r?\n/);
  const columns = head.split(",").map((column) => column.trim());
  return lines.map((line) => {
    const cells = line.split(",").map((cell) => cell.trim());
    const value = (column: string) => cells[columns.indexOf(column)] || undefined;
    return {
      // rec-12-org and rec-12-dup-0 are one person.
      person: (value("rec_id") ?? "").split("-")[1] ?? "",
      given: value("given_name"),
      family: value("surname"),
      house: value("street_number"),
      street: value("address_1"),
      city: value("suburb"),
      postcode: value("postcode"),
      region: value("state"),
      birth: value("date_of_birth"),
      customer: value("soc_sec_id"),
    };
  });
}
