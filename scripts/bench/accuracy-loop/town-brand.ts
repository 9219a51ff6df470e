/** The links of the loop as the public functions of the engine, for a brand whose clock the bench turns. */
import type postgres from "postgres";
import type { WireSignal } from "../../demo/wire.ts";
import { batches } from "../../demo/send.ts";
import type { IdentifierRow } from "../../demo/town/recognise.ts";

/** Days in which an order can be the answer to an offer; short, since people also order without one. */
export const WINDOW_DAYS = 3;

export interface Choice {
  id: string;
  actor_id: string;
  stimulus_id: string;
  template_id: string;
  is_holdout: boolean;
  propensity: number;
}

export class TownBrand {
  readonly #sql: postgres.Sql;
  readonly id: string;

  private constructor(sql: postgres.Sql, id: string) {
    this.#sql = sql;
    this.id = id;
  }

  static async open(sql: postgres.Sql, name: string): Promise<TownBrand> {
    const [known] = await sql`select id from core.brands where brand_slug = ${name}`;
    if (known) return new TownBrand(sql, known.id as string);
    const [row] = await sql`
      insert into core.brands (id, brand_name, brand_slug) values (md5(${name})::uuid, ${name}, ${name}) returning id`;
    const brand = new TownBrand(sql, row?.id as string);
    await sql`select stimuli.install_templates(${brand.id})`;
    await sql`
      insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) values
        (${brand.id}, 'stimuli.attribution_window_days', to_jsonb(${WINDOW_DAYS}::integer), 'number'),
        (${brand.id}, 'stimuli.auto_approve', 'true', 'boolean')`;
    return brand;
  }

  /** Ids of the templates, in the order of their keys: the same in every run. */
  async templates(): Promise<string[]> {
    const rows = await this.#sql`
      select id from stimuli.stimulus_templates where brand_id = ${this.id} and is_active order by template_key`;
    return rows.map(({ id }) => id as string);
  }

  /** Signals in, people and beliefs moved. */
  async take(signals: readonly WireSignal[], now: Date): Promise<void> {
    for (const batch of batches(signals)) {
      const json = this.#sql.json(batch as unknown as postgres.JSONValue);
      await this.#sql`select count(*) from signals.ingest(${this.id}, ${json}, null, ${now})`;
    }
    for (let claimed = 1; claimed > 0; ) {
      const [row] = await this.#sql`select claimed from actors.process_signals(${this.id}, 1000, ${now})`;
      claimed = row?.claimed as number;
    }
  }

  /** Vectors of everybody, then new cohorts, or a place in those there are. */
  async group(now: Date, anew: boolean): Promise<void> {
    await this.#sql`analyze`;
    if (anew) {
      await this.#sql`select actors.refresh_vectors(${this.id}, ${now})`;
      await this.#sql`select cohorts.discover(${this.id}, 'auto', 42, ${now})`;
    } else {
      for (let placed = 1; placed > 0; ) {
        const [row] = await this.#sql`select cohorts.assign(${this.id}, 1000, ${now}) as placed`;
        placed = row?.placed as number;
      }
    }
  }

  async learn(now: Date): Promise<void> {
    await this.#sql`select outcomes.learn(${this.id}, ${now})`;
  }

  /** A round of offers to everybody; the one there is, where it was made before a break. */
  async choose(now: Date, seed: number): Promise<Choice[]> {
    const proposals = await this.#sql`select id from stimuli.propose(${this.id}, ${now}, ${seed})`;
    const ids = proposals.map(({ id }) => id as string);
    if (ids.length > 0)
      await this.#sql`select stimuli.deploy_round(${this.id}, ${ids}::uuid[], ${now}, ${seed})`;
    return this.#sql<Choice[]>`
      select d.id, d.actor_id, d.stimulus_id, d.template_id, d.is_holdout, d.propensity
      from stimuli.stimulus_deployments d
      where d.brand_id = ${this.id} and d.deployed_at = ${now} order by d.id`;
  }

  identifiers(): Promise<IdentifierRow[]> {
    return this.#sql<IdentifierRow[]>`
      select actor_id, identifier_type, identifier_value from actors.actor_identifiers where brand_id = ${this.id}`;
  }

  /** What is believed of each template in each cohort where it was tried. */
  async arms(now: Date): Promise<{ cohort_id: string; template_id: string; mean: number }[]> {
    return this.#sql`
      select a.cohort_id, a.template_id, a.alpha / (a.alpha + a.beta) as mean
      from private.arm_posteriors(${this.id}, ${now}) a where a.cohort_id is not null and a.pulls > 0`;
  }

  members(): Promise<{ actor_id: string; cohort_id: string }[]> {
    return this.#sql`
      select m.actor_id, m.cohort_id from cohorts.actor_cohort_membership m
      where m.brand_id = ${this.id} and m.is_active and m.membership_type = 'primary'`;
  }
}
