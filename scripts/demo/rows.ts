import type { Client, Session } from "./session.ts";

/** The Data API gives at most this many rows per request. */
const PAGE = 1000;

export interface RowQuery {
  schema: string;
  table: string;
  columns: string;
  /** Equality filters. */
  where?: Record<string, string | number | boolean>;
  /** Column that orders the rows, unique together with the filters; pages would overlap without it. */
  orderBy?: string;
}

/** All rows of a table that belong to the session's brand, page by page. */
export async function readRows<Row>(session: Session, query: RowQuery): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const { data, error } = await filtered(session.owner, session.brand, query)
      .order(query.orderBy ?? "id")
      .range(rows.length, rows.length + PAGE - 1);
    if (error) throw new Error(`Reading ${query.schema}.${query.table}: ${error.message}`);
    rows.push(...(data as Row[]));
    if (data.length < PAGE) return rows;
  }
}

export async function countRows(session: Session, query: Omit<RowQuery, "columns">): Promise<number> {
  const { count, error } = await filtered(
    session.owner,
    session.brand,
    { ...query, columns: "brand_id" },
    true,
  );
  if (error) throw new Error(`Counting ${query.schema}.${query.table}: ${error.message}`);
  return count ?? 0;
}

function filtered(
  client: Client,
  brand: string,
  { schema, table, columns, where }: RowQuery,
  countOnly = false,
) {
  return client
    .schema(schema)
    .from(table)
    .select(columns, countOnly ? { count: "exact", head: true } : {})
    .match({ brand_id: brand, ...where });
}
