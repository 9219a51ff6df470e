/** A brand whose people have given belief vectors, without the signals that such come from. */
import type postgres from "postgres";

const ROWS = 5_000;

/** Plants a person for each row of `dimensions` numbers. All ids follow from the name alone, for what draws people by their ids. */
export async function plantVectors(
  sql: postgres.Sql,
  name: string,
  values: Float32Array,
  dimensions: number,
): Promise<string> {
  const [row] = await sql`
    insert into core.brands (id, brand_name, brand_slug) values (md5(${name})::uuid, ${name}, 'bench-' || md5(${name})) returning id`;
  const brand = row?.id as string;
  await sql`
    insert into actors.belief_vector_components (brand_id, position, component_name, label, mean_value, standard_deviation)
    select ${brand}, i, 'preference.category.c' || i, 'buys c' || i, 0, 1 from generate_series(1, ${dimensions}::integer) i`;
  const count = values.length / dimensions;
  for (let from = 0; from < count; from += ROWS) {
    const rows = Array.from({ length: Math.min(ROWS, count - from) }, (_, i) => {
      const row = values.subarray((from + i) * dimensions, (from + i + 1) * dimensions);
      // Nine digits name a float exactly: the rival gets the very same numbers.
      return `[${Array.from(row, (value) => value.toPrecision(9)).join(",")}]`;
    });
    await sql`
      with planted as materialized (
        select md5(${brand} || ' ' || ${from}::integer + p.i)::uuid as id, p.vector
        from unnest(${rows}::text[]) with ordinality p (vector, i)
      ),
      people as (
        insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
        select p.id, ${brand}, p.id::text, 'customer_id', '2026-01-01', '2026-01-01' from planted p
      )
      insert into actors.actor_belief_vectors (brand_id, actor_id, vector_name, vector_data, vector_dimensions, vector_type,
        generation_method, vector_quality)
      select ${brand}, p.id, 'belief', p.vector::extensions.vector, ${dimensions}, 'combined', 'auto', 0.8 from planted p`;
  }
  return brand;
}
