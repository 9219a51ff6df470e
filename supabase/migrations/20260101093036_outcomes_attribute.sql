create function private.attribution_patterns(p_run uuid)
returns private.journey_pattern[]
language sql
stable
set search_path = ''
as $$
  select array(select row(p.eligible, p.exposed, p.has_responded, count(*))::private.journey_pattern
    from private.attribution_people p where p.run_id = p_run
    group by p.eligible, p.exposed, p.has_responded order by p.eligible, p.exposed, p.has_responded)
$$;
comment on function private.attribution_patterns(uuid) is 'The people of a run by what they were eligible for and exposed to and whether they responded, in one order.';

create function private.attribution_notes(p_run uuid, p_foreign integer, p_unplaced numeric)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(n.note order by n.place), '[]')
  from (values
    (1, case when not exists (select from private.attribution_touches t where t.run_id = p_run) then 'nothing was sent: there is no effect to measure' end),
    (2, case when exists (select from private.attribution_touches t where t.run_id = p_run)
      and not exists (select from private.attribution_touches t where t.run_id = p_run and t.is_holdout)
      then 'nobody was held out: no effect can be told from who is sent what' end),
    (3, case when p_foreign > 0 then format('%s orders are in another currency and count without a value', p_foreign) end),
    (4, case when p_unplaced > 0 then format('%s was returned of orders outside the run', p_unplaced) end)
  ) n (place, note)
  where n.note is not null
$$;
comment on function private.attribution_notes(uuid, integer, numeric) is 'What the reader of a run should know, in words.';

create function private.outcomes_attribute(
  p_brand uuid, p_from timestamptz, p_to timestamptz, p_group text, p_models text[], p_window_days double precision, p_now timestamptz)
returns setof outcomes.attributions
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_known text[] := array['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'shapley', 'holdout'];
  v_run outcomes.attribution_runs;
  v_foreign integer;
  v_unplaced numeric;
  v_patterns private.journey_pattern[];
  v_fits private.intent_fit[] := array[]::private.intent_fit[];
  v_groups integer;
  -- Each group more triples the work: a setting does not go past ten.
  v_most integer := greatest(1, least(10, private.parameter(p_brand, 'outcomes.attribution_groups')::integer));
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_from', p_from);
  perform private.require_time('p_to', p_to);
  perform private.require_time('p_now', p_now);
  if p_from >= p_to then
    perform private.raise_error('invalid_argument', 'p_to', 'must be after p_from');
  elsif p_group is null or p_group not in ('channel', 'template', 'stimulus') then
    perform private.raise_error('invalid_argument', 'p_group', 'must be channel, template or stimulus');
  elsif not coalesce(cardinality(p_models) between 1 and 20 and p_models <@ v_known, false) then
    perform private.raise_error('invalid_argument', 'p_models', 'must name one or more of ' || array_to_string(v_known, ', '));
  elsif not coalesce(p_window_days > 0 and p_window_days <= 366, false) then
    perform private.raise_error('invalid_argument', 'p_window_days', 'must be above 0 and at most 366');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('outcomes.attribute:' || p_brand::text, 0));

  delete from outcomes.attribution_runs r
  where r.brand_id = p_brand and r.grouping = p_group and r.period_start = p_from and r.period_end = p_to and r.window_days = p_window_days;
  insert into outcomes.attribution_runs (brand_id, grouping, period_start, period_end, window_days, models, currency, ran_at)
  select p_brand, p_group, p_from, p_to, p_window_days, array(select distinct m from unnest(p_models) m order by m), b.currency, p_now
  from core.brands b where b.id = p_brand
  returning * into v_run;

  perform private.gather_touches(v_run);
  v_foreign := private.gather_conversions(v_run, p_now);
  v_unplaced := private.gather_refunds(v_run, p_now);
  select least(count(*), v_most) into v_groups from private.attribution_groups g where g.run_id = v_run.id;
  perform private.gather_people(v_run, v_groups);
  if 'holdout' = any (v_run.models)
    and exists (select from private.attribution_touches t where t.run_id = v_run.id and t.touched_at >= p_from) then
    v_patterns := private.attribution_patterns(v_run.id);
    v_fits := array(select f from private.fit_intent(v_patterns, v_groups) f);
  end if;

  perform private.write_credits(v_run, v_patterns, v_fits, v_groups, 40);
  -- Fewer draws where each of them has many sets of groups to go through.
  perform private.write_attributions(v_run, v_patterns, v_fits, v_groups, 40, case when v_groups <= 7 then 200 else 60 end);
  update outcomes.attribution_runs r
  set people = (select count(*) from private.attribution_people p where p.run_id = v_run.id),
    touches = (select count(*) from private.attribution_touches t where t.run_id = v_run.id and t.is_touch),
    conversions = c.n, conversion_value = c.value, refunded_value = c.refunded, notes = private.attribution_notes(v_run.id, v_foreign, v_unplaced)
  from (select count(*) as n, coalesce(sum(x.value), 0) as value, coalesce(sum(x.refunded), 0) as refunded
    from private.attribution_conversions x where x.run_id = v_run.id) c
  where r.id = v_run.id
  returning r.* into v_run;

  delete from private.attribution_people p where p.run_id = v_run.id;
  delete from private.attribution_touches t where t.run_id = v_run.id;
  delete from private.attribution_conversions c where c.run_id = v_run.id;
  delete from private.attribution_groups g where g.run_id = v_run.id;
  perform private.emit(p_brand, 'outcomes.attributed', null, null,
    jsonb_build_object('run', v_run.id, 'grouping', p_group, 'conversions', v_run.conversions));
  perform private.log_call('outcomes.attribute', p_brand,
    jsonb_build_object('from', p_from, 'to', p_to, 'group', p_group, 'models', v_run.models, 'window_days', p_window_days, 'now', p_now),
    jsonb_build_object('run', v_run.id, 'people', v_run.people, 'conversions', v_run.conversions), v_started);
  return query select a.* from outcomes.attributions a where a.brand_id = p_brand and a.run_id = v_run.id order by a.model, a.credit desc, a.group_key;
end
$$;
comment on function private.outcomes_attribute(uuid, timestamptz, timestamptz, text, text[], double precision, timestamptz) is
  'Body of outcomes.attribute. Definer: nobody writes results by hand.';
grant execute on function private.outcomes_attribute(uuid, timestamptz, timestamptz, text, text[], double precision, timestamptz) to authenticated, service_role;

create function outcomes.attribute(
  p_brand uuid, p_from timestamptz, p_to timestamptz, p_group text default 'channel',
  p_models text[] default array['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'shapley', 'holdout'],
  p_window_days double precision default 30, p_now timestamptz default now())
returns setof outcomes.attributions
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_attribute(p_brand, p_from, p_to, p_group, p_models, p_window_days, p_now);
end;
comment on function outcomes.attribute(uuid, timestamptz, timestamptz, text, text[], double precision, timestamptz) is
  'What brought the responses (purchases, conversions, signups) of [p_from, p_to): each of p_models divides every response between the deliveries to the person in the p_window_days (above 0, to 366) before it, by p_group: channel, template or stimulus. first, last, linear, time_decay (half in 7 days), position (40/20/40), markov (removal effect) and shapley (observed coalitions) are rules; holdout is causal: what each group brought beyond what the people held out at random do, with 90% intervals. Credits sum to the responses and their value, less returns until p_now. The same data give the same result; a second call for a period replaces the first. Rows of outcomes.attributions. For managers. Error: invalid_argument.';
grant execute on function outcomes.attribute(uuid, timestamptz, timestamptz, text, text[], double precision, timestamptz) to authenticated, service_role;
