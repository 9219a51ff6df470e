/** Where a town stands: a seed takes minutes, so that one which was broken off goes on after its last whole week. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ThompsonState } from "./town-rivals.ts";

export interface TownPlan {
  people: number;
  /** Weeks in which the town is only observed. */
  warmUp: number;
  cycles: number;
  seed: number;
}

/** Expected answers per person who was sent something, of one cycle. */
export interface CycleScore {
  learnt: number;
  oracle: number;
  random: number;
  /** Of the one template that is best for everybody. */
  rule: number;
  /** Of Thompson sampling over all people alike. */
  thompson: number;
}

export interface TownScore {
  cycles: CycleScore[];
  /** Learnt response rates of templates in cohorts against the true ones of their people. */
  correlation: number;
  pairs: number;
}

/** What somebody was sent in the last cycle; `person` is the number. */
export interface Sent {
  deployment: string;
  stimulus: string;
  person: number;
  rate: number;
}

export interface TownState {
  weeksLived: number;
  sent: Sent[];
  cycles: CycleScore[];
  thompson: ThompsonState;
  score?: TownScore;
}

const ROOT = join(import.meta.dirname, "../../..");
const MIGRATIONS = join(ROOT, "supabase/migrations");

export class TownStore {
  readonly #folder: string;

  /** Another schema or another plan is another town. */
  constructor(plan: TownPlan) {
    const hash = createHash("sha256").update(JSON.stringify(plan));
    for (const file of readdirSync(MIGRATIONS).sort()) hash.update(readFileSync(join(MIGRATIONS, file)));
    this.#folder = join(ROOT, ".cache/towns", `${plan.seed}-${hash.digest("hex").slice(0, 16)}`);
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Where the database of the town is kept until it has lived to the end. */
  get dataDir(): string {
    return join(this.#folder, "data");
  }

  read(): TownState | undefined {
    const file = join(this.#folder, "state.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as TownState) : undefined;
  }

  write(state: TownState): void {
    const file = join(this.#folder, "state.json");
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  }

  forgetData(): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
