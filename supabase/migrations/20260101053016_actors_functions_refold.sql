create function private.folded_beliefs(p_brand uuid, p_actors uuid[], p_recorded_until timestamptz default null)
returns setof actors.actor_beliefs
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- a few people or all of them: the plan depends on p_actors
set enable_hashjoin = on -- whatever its caller forbids itself
set enable_mergejoin = on
as $$
  with pieces as materialized (
    select e.* from private.evidence_pieces e
    where p_recorded_until is null and e.brand_id = p_brand and e.actor_id = any (p_actors)
    union all
    select e.* from unnest(p_actors) a (id) cross join lateral private.evidence_as_of(p_brand, a.id, p_recorded_until) e
    where p_recorded_until is not null
  ), gathered as materialized (
    select p.actor_id, p.attribute, p.context, p.is_stated, min(p.distribution) as distribution, count(*)::integer as pieces, max(p.occurred_at) as as_of,
      array_agg(p.occurred_at order by p.occurred_at, p.source_kind, p.source_id, p.category) as at,
      array_agg(p.w order by p.occurred_at, p.source_kind, p.source_id, p.category) as weights,
      array_agg(p.value order by p.occurred_at, p.source_kind, p.source_id, p.category) as amounts,
      array_agg(p.exposure order by p.occurred_at, p.source_kind, p.source_id, p.category) as exposures,
      array_agg(p.category order by p.occurred_at, p.source_kind, p.source_id, p.category) as categories,
      array_agg(p.source_id order by p.occurred_at, p.source_kind, p.source_id, p.category) as sources
    from pieces p
    group by p.actor_id, p.attribute, p.context, p.is_stated
  ), settings as materialized (
    select k.attribute, k.distribution, private.tracking(p_brand, k.attribute, k.distribution) as tracking
    from (select distinct g.attribute, g.distribution from gathered g) k
  ), folded as materialized (
    select g.*, s.tracking, private.fold(g.distribution, s.tracking, null, null, null, null, null, g.at, g.sources, g.weights, g.amounts, g.exposures, g.categories) as f
    from gathered g
    join settings s using (attribute, distribution)
  )
  select null::uuid, p_brand, f.actor_id, f.attribute, f.context, f.is_stated, f.distribution, (f.f).categories, (f.f).state, f.tracking,
    f.as_of, f.pieces, (f.f).counts, (f.f).sources, 1, null::timestamptz, null::timestamptz
  from folded f
$$;
comment on function private.folded_beliefs(uuid, uuid[], timestamptz) is
  'What actors.actor_beliefs holds of these actors when their evidence is folded from its first piece (without what is retracted; where p_recorded_until is given, what counted about them then: private.evidence_as_of). The state is that of private.fold_evidence to the bit; id, version and the times of the row are not told.';

create function private.fold_evidence(p_brand uuid, p_evidence_ids uuid[], p_now timestamptz default now())
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on how many pieces there are
set enable_nestloop = off -- steps in memory whose sizes the planner cannot know: hash joins; what goes by an index is lateral
set jit = off -- the cost that forbids the loop would call for the compiler
as $$
declare
  v_actors uuid[];
  v_count integer;
begin
  -- Every fold takes its actors in the same order, so two workers wait for each other and never deadlock.
  v_actors := array(select distinct e.actor_id from actors.evidence e where e.id = any (p_evidence_ids));
  perform from actors.actors a where a.id = any (v_actors) order by a.id for no key update;

  with added as materialized (
    select e.actor_id, e.attribute, e.context, e.is_stated, e.distribution, e.occurred_at, e.w, e.value, e.exposure, e.category, e.source_kind, e.source_id
    from private.evidence_pieces e
    where e.id = any (p_evidence_ids)
  ), found as materialized (
    select a.actor_id, a.attribute, a.context, a.is_stated, min(a.distribution) as distribution, min(a.occurred_at) as earliest
    from added a group by a.actor_id, a.attribute, a.context, a.is_stated
  ), settings as materialized (
    select k.attribute, k.distribution, private.tracking(p_brand, k.attribute, k.distribution) as tracking
    from (select distinct f.attribute, f.distribution from found f) k
  ), keys as materialized (
    select k.*, s.tracking, b.state, b.categories, b.as_of, b.evidence_count, b.category_counts, b.sources,
      -- A late piece, or other settings, and the belief is folded again from its first piece.
      coalesce(k.earliest <= b.as_of or s.tracking <> b.tracking or k.distribution <> b.distribution, false) as is_late
    from found k
    join settings s using (attribute, distribution)
    left join lateral (
      select b.* from actors.actor_beliefs b
      where (b.brand_id, b.actor_id, b.attribute, b.context, b.is_stated) = (p_brand, k.actor_id, k.attribute, k.context, k.is_stated)
      offset 0
    ) b on true
  ), pieces as (
    select a.* from added a
    join keys k on not k.is_late and (k.actor_id, k.attribute, k.context, k.is_stated) = (a.actor_id, a.attribute, a.context, a.is_stated)
    union all
    select e.actor_id, e.attribute, e.context, e.is_stated, e.distribution, e.occurred_at, e.w, e.value, e.exposure, e.category, e.source_kind, e.source_id
    from keys k
    cross join lateral (
      select e.* from private.evidence_pieces e
      where (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated) = (p_brand, k.actor_id, k.attribute, k.context, k.is_stated)
      offset 0
    ) e
    where k.is_late
  ), gathered as materialized (
    select p.actor_id, p.attribute, p.context, p.is_stated, count(*)::integer as pieces, max(p.occurred_at) as as_of,
      array_agg(p.occurred_at order by p.occurred_at, p.source_kind, p.source_id, p.category) as at,
      array_agg(p.w order by p.occurred_at, p.source_kind, p.source_id, p.category) as weights,
      array_agg(p.value order by p.occurred_at, p.source_kind, p.source_id, p.category) as amounts,
      array_agg(p.exposure order by p.occurred_at, p.source_kind, p.source_id, p.category) as exposures,
      array_agg(p.category order by p.occurred_at, p.source_kind, p.source_id, p.category) as categories,
      array_agg(p.source_id order by p.occurred_at, p.source_kind, p.source_id, p.category) as sources
    from pieces p
    group by p.actor_id, p.attribute, p.context, p.is_stated
  ), folded as materialized (
    select g.*, k.distribution, k.tracking, case when k.is_late then 0 else coalesce(k.evidence_count, 0) end as before,
      private.fold(k.distribution, k.tracking, case when not k.is_late then k.state end, case when not k.is_late then k.categories end,
        case when not k.is_late then k.category_counts end, case when not k.is_late then k.sources end,
        case when not k.is_late then k.as_of end, g.at, g.sources, g.weights, g.amounts, g.exposures, g.categories) as f
    from gathered g
    join keys k using (actor_id, attribute, context, is_stated)
  ), queued as (
    insert into private.vectors_due as d (brand_id, actor_id, is_stale)
    select distinct p_brand, f.actor_id, true from found f order by f.actor_id
    on conflict (brand_id, actor_id) do update set is_stale = true, changed_by = excluded.changed_by
  )
  insert into actors.actor_beliefs as b (brand_id, actor_id, attribute, context, is_stated, distribution, categories, state, tracking, as_of,
    evidence_count, category_counts, sources, created_at)
  select p_brand, f.actor_id, f.attribute, f.context, f.is_stated, f.distribution, (f.f).categories, (f.f).state, f.tracking, f.as_of,
    f.before + f.pieces, (f.f).counts, (f.f).sources, p_now
  from folded f
  on conflict (brand_id, actor_id, attribute, context, is_stated) do update
  set distribution = excluded.distribution, categories = excluded.categories, state = excluded.state, tracking = excluded.tracking,
    as_of = excluded.as_of, evidence_count = excluded.evidence_count, category_counts = excluded.category_counts, sources = excluded.sources, version = b.version + 1;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.fold_evidence(uuid, uuid[], timestamptz) is
  'Folds rows just added to actors.evidence into actors.actor_beliefs and returns how many beliefs changed. Call it in the transaction that adds them. Folding the same rows again changes no number: whatever is not later than the last piece makes its belief be folded again from the whole ledger, so order of arrival never matters.';

create function private.refold_actors(p_brand uuid, p_actors uuid[], p_now timestamptz default now(), p_anew boolean default true)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- a few people or all of them: the plan depends on p_actors
as $$
declare
  v_tables constant text[] := array['actor_demographics', 'actor_identity_beliefs', 'actor_behavioral_scores', 'actor_communication_profiles',
    'actor_psychological_triggers', 'actor_preferences', 'actor_friction_points', 'actor_contradictions', 'actor_drivers'];
  v_table record;
  v_count integer;
begin
  perform from actors.actors a where a.id = any (p_actors) order by a.id for no key update;
  insert into private.vectors_due as d (brand_id, actor_id, is_stale)
  select p_brand, a.id, true from actors.actors a where a.brand_id = p_brand and a.id = any (p_actors) order by a.id
  on conflict (brand_id, actor_id) do update set is_stale = true, changed_by = excluded.changed_by;

  insert into actors.actor_beliefs as b (brand_id, actor_id, attribute, context, is_stated, distribution, categories, state, tracking, as_of,
    evidence_count, category_counts, sources, created_at)
  select f.brand_id, f.actor_id, f.attribute, f.context, f.is_stated, f.distribution, f.categories, f.state, f.tracking, f.as_of,
    f.evidence_count, f.category_counts, f.sources, p_now
  from private.folded_beliefs(p_brand, p_actors) f
  on conflict (brand_id, actor_id, attribute, context, is_stated) do update
  set distribution = excluded.distribution, categories = excluded.categories, state = excluded.state, tracking = excluded.tracking,
    as_of = excluded.as_of, evidence_count = excluded.evidence_count, category_counts = excluded.category_counts, sources = excluded.sources, version = b.version + 1
  where (b.state, b.categories, b.tracking, b.as_of, b.evidence_count, b.sources)
    is distinct from (excluded.state, excluded.categories, excluded.tracking, excluded.as_of, excluded.evidence_count, excluded.sources);
  get diagnostics v_count = row_count;

  delete from actors.actor_beliefs b
  where b.brand_id = p_brand and b.actor_id = any (p_actors)
    and not exists (
      select from private.evidence_pieces e
      where (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated) = (b.brand_id, b.actor_id, b.attribute, b.context, b.is_stated));

  -- The belief tables follow what is left, row by row: what is written again keeps its id, what is not stands on nothing any more.
  -- Loops over the tables, each named once.
  for v_table in select t.name from unnest(v_tables) t (name) loop
    execute format('update actors.%I t set evidence_count = 0 where t.brand_id = $1 and t.actor_id = any ($2) and t.is_current', v_table.name) using p_brand, p_actors;
  end loop;
  perform private.actors_write_beliefs(p_brand, p_actors, p_now);
  perform private.actors_write_intentions(p_brand, p_actors, p_now);
  for v_table in select t.name from unnest(v_tables) t (name) loop
    execute format('delete from actors.%I t where t.brand_id = $1 and t.actor_id = any ($2) and t.is_current and t.evidence_count = 0', v_table.name) using p_brand, p_actors;
  end loop;
  if p_anew then
    -- What was open once stays until it is refuted; what the evidence that went had opened does not.
    delete from actors.actor_friction_points f
    where f.brand_id = p_brand and f.actor_id = any (p_actors) and f.is_current and f.friction_severity < private.actors_number(p_brand, 'friction_severity');
    delete from actors.actor_contradictions k
    where k.brand_id = p_brand and k.actor_id = any (p_actors) and k.is_current and k.log_bayes_factor < private.actors_number(p_brand, 'contradiction_log_bayes_factor');
  end if;
  perform private.actors_log_contradictions(p_brand, p_actors, p_now);
  return v_count;
end
$$;
comment on function private.refold_actors(uuid, uuid[], timestamptz, boolean) is
  'Makes all beliefs of the actors again from their evidence, after evidence was moved or retracted: beliefs without evidence go, the current rows of the belief tables are written again at p_now in place (ids stay, earlier versions too), and those that would not be written any more go. p_anew: so do friction points and contradictions that are not strong enough to be opened today; false where no evidence went. Rhythms follow with actors.refresh_insights. Returns how many beliefs came out otherwise than they were stored.';
