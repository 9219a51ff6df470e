/** A brand with people who consented, whose messages wait in the queue. */
import type postgres from "postgres";

export interface Recipients {
  people: number;
  /** Messages to each of them; each is a stimulus of its own. */
  stimuli: number;
  /** Which channel the k-th message to the n-th person goes by; both count from 0. */
  channel: "email" | "alternating";
  deployedAt: string;
  zones?: string[];
}

/** By e-mail, whose provider knows no keys, and by push through a webhook that does. */
export async function newBrand(
  sql: postgres.Sql,
  { people, stimuli, channel, deployedAt, zones }: Recipients,
): Promise<string> {
  const [made] = await sql`
    insert into core.brands (brand_name, brand_slug, timezone) values ('Sender', 'sender-' || gen_random_uuid(), 'Europe/Berlin') returning id`;
  const brand = made?.id as string;
  await sql`select count(*) from core.connect_integration(${brand}, 'provider', 'other', '{}')`;
  await sql`select count(*) from stimuli.connect_channel(${brand}, 'email', 'smtp', 'provider')`;
  await sql`select count(*) from stimuli.connect_channel(${brand}, 'push', 'webhook', 'provider')`;
  await sql`
    insert into actors.actors (brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
    select ${brand}, i, 'p' || i, 'customer_id', '2026-01-01', '2026-01-01' from generate_series(1, ${people}::integer) i`;
  await sql`
    insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
    select a.brand_id, a.id, 'email', a.primary_identifier || '@example.com', 1, '2026-01-01', '2026-01-01' from actors.actors a where a.brand_id = ${brand}`;
  await sql`
    insert into stimuli.consents (brand_id, actor_id, channel, purpose, is_granted, source)
    select a.brand_id, a.id, c, 'marketing', true, 'form' from actors.actors a, unnest('{email,push}'::stimuli.channel[]) c where a.brand_id = ${brand}`;
  await sql`
    insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data, status, expires_at)
    select ${brand}, 'campaign', 'Stimulus ' || i, '{"subject": "Hello {{first_name}}", "body": "Something new"}', 'draft', '2099-01-01'
    from generate_series(1, ${stimuli}::integer) i`;
  await sql`
    insert into stimuli.campaigns (brand_id, stimulus_id, campaign_type, campaign_goal)
    select s.brand_id, s.id, 'email', 'engagement' from stimuli.stimuli_base s where s.brand_id = ${brand}`;
  await sql`update stimuli.stimuli_base set status = 'active' where brand_id = ${brand}`;
  await sql`
    insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel, deployment_method,
      delivered_content, personalization_applied, deployed_at, window_ends_at)
    select ${brand}, s.id, a.id, false, 0.9, case when ${channel} = 'email' or (a.n + s.n) % 2 = 0 then 'email' else 'push' end::stimuli.channel,
      'batch', '{}', '{"first_name": "Ada"}', ${deployedAt}, ${deployedAt}::timestamptz + interval '60 days'
    from (select s.id, row_number() over (order by s.id) as n from stimuli.stimuli_base s where s.brand_id = ${brand}) s
    cross join (select a.id, row_number() over (order by a.id) as n from actors.actors a where a.brand_id = ${brand}) a`;
  if (zones) {
    await sql`
      insert into stimuli.contact_preferences (brand_id, actor_id, time_zone)
      select a.brand_id, a.id, (${zones}::text[])[1 + row_number() over (order by a.id) % ${zones.length}::integer]
      from actors.actors a where a.brand_id = ${brand}`;
  }
  await sql`analyze`;
  return brand;
}

/** For runs that are not about the hour of the day. */
export async function neverQuiet(sql: postgres.Sql, brand: string): Promise<void> {
  await sql`select count(*) from core.set_setting(${brand}, 'stimuli.quiet_hours_end', '"21:00"')`;
}
