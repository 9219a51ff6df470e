import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { Engine } from "../../scripts/stack/types.ts";

/** A table as the catalog describes it, and who may use it as private.grant_access declared. */
export interface TableAccess {
  name: string;
  schema: string;
  table: string;
  kind: string;
  primaryKey: string[];
  brandColumn: "brand_id" | "id" | null;
  readRole: string | null;
  writeRole: string | null;
  insertColumns: string[] | null;
  updateColumns: string[] | null;
  canDelete: boolean;
}

export type Row = Record<string, unknown>;

interface Column {
  name: string;
  type: string;
  required: boolean;
  labels: string[] | null;
  /** The first value of an `in (…)` check. */
  allowed: string | null;
  is_list: boolean;
}

interface Reference {
  target: string;
  columns: string[];
  target_columns: string[];
  required: boolean;
}

export async function exposedTables(engine: Engine): Promise<TableAccess[]> {
  return engine.query<TableAccess>(`
    select a.table_name as name, split_part(a.table_name, '.', 1) as schema, split_part(a.table_name, '.', 2) as table,
      a.access_kind as kind, a.read_role::text as "readRole", a.write_role::text as "writeRole",
      a.insert_columns as "insertColumns", a.update_columns as "updateColumns", a.can_delete as "canDelete",
      (select array_agg(c.attname::text) from pg_index i join pg_attribute c on c.attrelid = i.indrelid and c.attnum = any (i.indkey[0:i.indnkeyatts - 1])
       where i.indrelid = a.table_name::regclass and i.indisprimary) as "primaryKey",
      case when a.table_name = 'core.brands' then 'id'
        when exists (select from pg_attribute c where c.attrelid = a.table_name::regclass and c.attname = 'brand_id' and not c.attisdropped)
        then 'brand_id' end as "brandColumn"
    from private.table_access a
    where a.table_name not like 'private.%'
    order by 1`);
}

let windows = 0;
/** What a column needs that its type does not tell; checks of the schema explain each. */
const special: Record<string, (brand: string) => unknown> = {
  "core.brands.brand_slug": () => `slug-${randomBytes(6).toString("hex")}`,
  "core.users.email": () => `${randomBytes(6).toString("hex")}@example.com`,
  "core.brand_settings.setting_key": () => `key_${randomBytes(6).toString("hex")}`,
  // @supabase/lite refuses a bare string for a jsonb column, which PostgREST takes.
  "core.brand_settings.setting_type": () => "object",
  "core.system_parameters.parameter_key": () => `key_${randomBytes(6).toString("hex")}`,
  "core.system_parameters.parameter_type": () => "object",
  "actors.actor_beliefs.distribution": () => "beta",
  "actors.actor_beliefs.category_counts": () => [1],
  "actors.actor_beliefs.state": () => [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1],
  "actors.actor_beliefs.tracking": () => [60, 0, 2, 0.5, 0.3, 15, 16],
  "actors.actor_drivers.safety": () => 1,
  ...Object.fromEntries(
    ["connection", "status", "growth", "freedom", "purpose"].map((d) => [
      `actors.actor_drivers.${d}`,
      () => 0,
    ]),
  ),
  "actors.evidence.attribute": () => "test.attribute",
  "stimuli.stimulus_templates.template_type": () => "message",
  "stimuli.experiment_metrics.numerator": () => ["purchase"],
  // A template is its own first version.
  "stimuli.template_versions.version": () => randomInt(2, 1_000_000),
  "stimuli.channel_connectors.connector": () => "in_app",
  // A cap is given once for each window.
  "stimuli.frequency_caps.window_kind": () => "rolling",
  "stimuli.frequency_caps.window_hours": () => (windows += 1),
  "cohorts.clustering_runs.status": () => "completed",
  // A smaller one is hidden from support staff.
  "cohorts.cohorts.member_count": () => 10,
  // A rule for a metric needs its period too.
  "ops.alert_rules.watches": () => "stock",
  "ops.alert_rules.threshold": () => 1,
  "outcomes.attribution_runs.currency": () => "EUR",
  // A period is looked at once.
  "outcomes.attribution_runs.window_days": () => 1 + randomInt(0, 1e9) / 1e7,
  "public.oasis_events.type": () => "test.happened",
  "public.vtid_ledger.vtid": () => `VTID-${randomInt(10_000, 10_000_000)}`,
};

/** Makes rows of any table that satisfy its constraints, with the rows they refer to, for tests of access. */
export class RowFactory {
  private readonly engine: Engine;
  private readonly made = new Map<string, Promise<Row>>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A row of `table` in `brand`, the same at every call. */
  row(table: string, brand: string): Promise<Row> {
    const key = `${table} ${brand}`;
    const known =
      this.made.get(key) ?? (table === "core.brands" ? this.brand(brand) : this.insert(table, brand));
    this.made.set(key, known);
    return known;
  }

  /** After it was deleted: the next call makes another. */
  forget(table: string, brand: string): void {
    this.made.delete(`${table} ${brand}`);
  }

  /** A row in a new brand, so that whatever is unique in a brand is free. */
  async newRow(table: string): Promise<Row> {
    const brand = await this.newBrand();
    return table === "core.brands" ? this.brand(brand) : this.insert(table, brand);
  }

  async newBrand(): Promise<string> {
    const [row] = await this.engine.query<{ id: string }>(
      "insert into core.brands (brand_name, brand_slug) values ('Test', 'test-' || gen_random_uuid()) returning id",
    );
    return row?.id as string;
  }

  /** Values for every column that has to be given, with new rows for all it refers to. */
  async values(table: string, brand: string): Promise<Row> {
    const values: Row = {};
    for (const column of await this.columns(table)) {
      const make = special[`${table}.${column.name}`];
      if (!column.required && !make && column.name !== "brand_id") continue;
      values[column.name] = make ? make(brand) : column.name === "brand_id" ? brand : sampleValue(column);
    }
    for (const reference of await this.references(table)) {
      if (!reference.required || reference.target === "core.brands") continue;
      const parent = await this.insert(reference.target, brand);
      reference.columns.forEach((column, index) => {
        values[column] = parent[reference.target_columns[index] as string];
      });
    }
    return values;
  }

  private async brand(id: string): Promise<Row> {
    const [row] = await this.engine.query<Row>("select * from core.brands where id = $1::uuid", [id]);
    return row as Row;
  }

  private async insert(table: string, brand: string): Promise<Row> {
    const values = await this.values(table, brand);
    const names = Object.keys(values);
    const [row] = await this.engine.query<Row>(
      `insert into ${table} (${names.join(", ")}) select ${names.join(", ")} from jsonb_populate_record(null::${table}, $1::text::jsonb) returning *`,
      [JSON.stringify(values)],
    );
    return row as Row;
  }

  private columns(table: string): Promise<Column[]> {
    return this.engine.query<Column>(
      `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
         a.attnotnull and not a.atthasdef and a.attidentity = '' as required,
         (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid) as labels,
         (select substring(pg_get_constraintdef(k.oid) from '= ANY \\(ARRAY\\[''([^'']*)''') from pg_constraint k
          where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum]
            and pg_get_constraintdef(k.oid) ~ '= ANY \\(ARRAY\\[' limit 1) as allowed,
         exists (select from pg_constraint k where k.conrelid = a.attrelid and k.contype = 'c' and a.attnum = any (k.conkey)
           and pg_get_constraintdef(k.oid) ~ format('jsonb_typeof\\(%s\\) = ''array''', a.attname)) as is_list
       from pg_attribute a where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped`,
      [table],
    );
  }

  private references(table: string): Promise<Reference[]> {
    return this.engine.query<Reference>(
      `select format('%s.%s', n.nspname, t.relname) as target,
         (select array_agg(c.attname::text order by o) from unnest(k.conkey) with ordinality u (num, o)
          join pg_attribute c on c.attrelid = k.conrelid and c.attnum = u.num) as columns,
         (select array_agg(c.attname::text order by o) from unnest(k.confkey) with ordinality u (num, o)
          join pg_attribute c on c.attrelid = k.confrelid and c.attnum = u.num) as target_columns,
         (select bool_and(c.attnotnull) from pg_attribute c where c.attrelid = k.conrelid and c.attnum = any (k.conkey)) as required
       from pg_constraint k join pg_class t on t.oid = k.confrelid join pg_namespace n on n.oid = t.relnamespace
       where k.conrelid = $1::text::regclass and k.contype = 'f' and k.conparentid = 0`,
      [table],
    );
  }
}

function sampleValue(column: Column): unknown {
  const { name, type, labels, allowed } = column;
  if (allowed !== null) return allowed;
  if (labels !== null) return labels[0];
  const later = /(_end|_ends_at|_until|expires_at|_deadline)$/.test(name);
  const vector = /vector(?:\((\d+)\))?$/.exec(type);
  if (vector) return `[${"0.5,".repeat(Number(vector[1] ?? 32) - 1)}0.5]`;
  if (type.endsWith("[]")) return [sampleValue({ ...column, type: type.slice(0, -2) })];
  if (type === "uuid") return randomUUID();
  if (type === "jsonb") return column.is_list ? [] : {};
  if (type === "bytea") return `\\x${randomBytes(32).toString("hex")}`;
  if (type === "boolean") return false;
  if (type === "date") return later ? "2036-02-02" : "2026-01-01";
  if (type.startsWith("timestamp")) return later ? "2036-02-02T00:00:00Z" : "2026-01-01T00:00:00Z";
  if (type === "inet") return "192.0.2.1";
  if (/^(smallint|integer|bigint)/.test(type)) return 1;
  if (/^(numeric|double precision|real)/.test(type)) return 0.5;
  return `x${randomBytes(4).toString("hex")}`;
}
