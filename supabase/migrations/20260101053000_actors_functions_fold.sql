create function private.actors_number(p_brand uuid, p_key text)
returns double precision
language sql
stable
set search_path = ''
as $$
  select (private.parameter(p_brand, 'actors.' || p_key) #>> '{}')::double precision
$$;
comment on function private.actors_number(uuid, text) is 'The number of the parameter actors.<p_key> for the brand.';

create function private.half_life_days(p_brand uuid, p_attribute text)
returns double precision
language sql
stable
set search_path = ''
as $$
  select coalesce(private.actors_number(p_brand, 'half_life_days.' || split_part(p_attribute, '.', 1)),
    private.actors_number(p_brand, 'half_life_days.behavior'))
$$;
comment on function private.half_life_days(uuid, text) is
  'Days after which a piece of evidence weighs half: parameter actors.half_life_days.<kind>, the kind being the first word of the attribute.';

create function private.fading(p_days double precision, p_half_life_days double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  -- Beyond 200 half-lives nothing is left; power() would raise an underflow.
  select case when p_days <= 0 then 1 when p_days > 200 * p_half_life_days then 0
    else power(2::double precision, -p_days / p_half_life_days) end
$$;
comment on function private.fading(double precision, double precision) is 'g = 2^(-days / half-life): what is left of a weight after so many days, 0 to 1.';

create function private.days_between(p_from timestamptz, p_to timestamptz)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select extract(epoch from p_to - p_from)::double precision / 86400
$$;
comment on function private.days_between(timestamptz, timestamptz) is 'Days, with fractions, from one moment to another.';

-- A view and not a function: a function that pins its search path is never inlined, and this is read for every row.
create view private.evidence_pieces as
select e.*, case e.distribution
    when 'normal' then array[w.w, w.w * e.value, w.w * e.value * e.value]
    when 'gamma' then case when e.exposure is null then array[w.w, w.w * e.value, 1]
      else array[w.w * e.exposure, w.w * e.value, 0] end
    else array[w.w, w.w * e.value, 0] end as sums
from actors.evidence e
cross join lateral (select e.weight * e.match_probability as w) w
where e.retracted_at is null;
comment on view private.evidence_pieces is 'Evidence that counts, with what each piece adds to actor_beliefs.sums at its own time.';

create function private.fold(p_sums double precision[], p_at timestamptz[], p_half_life_days double precision)
returns double precision[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_0 double precision := p_sums[1][1];
  v_1 double precision := p_sums[1][2];
  v_2 double precision := p_sums[1][3];
  v_half_lives double precision;
  v_g double precision;
begin
  -- A loop: each step needs the one before, and the same steps in the same order give the same bits.
  for v_i in 2..cardinality(p_at) loop
    v_half_lives := (extract(epoch from p_at[v_i])::double precision - extract(epoch from p_at[v_i - 1])::double precision) / 86400 / p_half_life_days;
    -- Everything before is forgotten, or so small that the product would underflow.
    v_g := case when v_half_lives > 100 then 0 else power(2::double precision, -v_half_lives) end;
    v_0 := case when abs(v_0) < 1e-200 then 0 else v_0 * v_g end + p_sums[v_i][1];
    v_1 := case when abs(v_1) < 1e-200 then 0 else v_1 * v_g end + p_sums[v_i][2];
    v_2 := case when abs(v_2) < 1e-200 then 0 else v_2 * v_g end + p_sums[v_i][3];
  end loop;
  return array[v_0, v_1, v_2];
end
$$;
comment on function private.fold(double precision[], timestamptz[], double precision) is
  'Sums with exponential forgetting: s <- s 2^(-dt/H) + x. p_sums: n rows of three sums, p_at: their n times, ascending, p_half_life_days: H. Returns the three sums at the last time. Starting from a stored state gives bit for bit what starting from the first piece gives.';

create function private.fold_evidence(p_brand uuid, p_evidence_ids uuid[], p_now timestamptz default now())
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on how many pieces there are
as $$
declare
  v_count integer;
begin
  -- Every fold takes its actors in the same order, so two workers wait for each other and never deadlock.
  perform from actors.actors a
  where a.brand_id = p_brand
    and a.id in (select e.actor_id from actors.evidence e where e.brand_id = p_brand and e.id = any (p_evidence_ids))
  order by a.id
  for no key update;

  -- Windows instead of joins of one step with another: of those the planner knows no sizes.
  with half_lives as materialized (
    select k.kind, private.half_life_days(p_brand, k.kind) as days
    from (select distinct split_part(e.attribute, '.', 1) as kind from actors.evidence e where e.brand_id = p_brand and e.id = any (p_evidence_ids)) k
  ), added as materialized (
    select e.actor_id, e.attribute, e.context, e.is_stated, e.category, e.distribution, e.sums, e.occurred_at, e.source_id,
      (select h.days from half_lives h where h.kind = split_part(e.attribute, '.', 1)) as half_life_days,
      b.id as belief_id, b.sums as old_sums, b.as_of, b.half_life_days as old_half_life_days, b.first_value, b.first_occurred_at,
      b.evidence_count, b.sources, min(e.occurred_at) over by_key as earliest, row_number() over by_key as place
    from private.evidence_pieces e
    left join actors.actor_beliefs b
      on (b.brand_id, b.actor_id, b.attribute, b.context, b.is_stated, b.category)
       = (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated, e.category)
    where e.brand_id = p_brand and e.id = any (p_evidence_ids)
    window by_key as (partition by e.actor_id, e.attribute, e.context, e.is_stated, e.category)
  ), judged as materialized (
    -- A late piece, or another half-life, and the key is folded again from its first piece.
    select a.*, coalesce(a.earliest <= a.as_of or a.half_life_days <> a.old_half_life_days, false) as is_late from added a
  ), pieces as (
    select j.actor_id, j.attribute, j.context, j.is_stated, j.category, j.distribution, j.half_life_days, j.old_sums as sums,
      j.as_of as at, null::uuid as source_id, j.evidence_count as pieces, j.sources, j.first_value, j.first_occurred_at as first_at
    from judged j where j.place = 1 and j.belief_id is not null and not j.is_late
    union all
    select j.actor_id, j.attribute, j.context, j.is_stated, j.category, j.distribution, j.half_life_days, j.sums,
      j.occurred_at, j.source_id, 1, null, j.sums[2], j.occurred_at
    from judged j where not j.is_late
    union all
    select e.actor_id, e.attribute, e.context, e.is_stated, e.category, e.distribution, j.half_life_days, e.sums,
      e.occurred_at, e.source_id, 1, null, e.sums[2], e.occurred_at
    from judged j
    join private.evidence_pieces e
      on (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated, e.category)
       = (p_brand, j.actor_id, j.attribute, j.context, j.is_stated, j.category)
    where j.place = 1 and j.is_late
  ), folded as (
    select p.actor_id, p.attribute, p.context, p.is_stated, p.category, p.half_life_days, min(p.distribution) as distribution,
      private.fold(array_agg(p.sums order by p.at, p.source_id nulls first), array_agg(p.at order by p.at, p.source_id nulls first),
        p.half_life_days) as sums,
      max(p.at) as as_of, sum(p.pieces)::integer as evidence_count, min(p.first_at) as first_at,
      (array_agg(p.first_value order by p.at, p.source_id nulls first))[1] as first_value,
      (array_agg(p.source_id order by p.at desc, p.source_id desc) filter (where p.source_id is not null))[1:10]
        || coalesce(max(p.sources), '{}') as latest
    from pieces p
    group by p.actor_id, p.attribute, p.context, p.is_stated, p.category, p.half_life_days
  )
  insert into actors.actor_beliefs as b (brand_id, actor_id, attribute, context, is_stated, category, distribution,
    sums, as_of, first_value, first_occurred_at, has_exposure, half_life_days, evidence_count, sources, created_at)
  select p_brand, f.actor_id, f.attribute, f.context, f.is_stated, f.category, f.distribution, f.sums, f.as_of,
    f.first_value, f.first_at, f.distribution = 'gamma' and f.sums[3] = 0, f.half_life_days, f.evidence_count, f.latest[1:10], p_now
  from folded f
  on conflict (brand_id, actor_id, attribute, context, is_stated, category) do update
  set sums = excluded.sums, as_of = excluded.as_of, first_value = excluded.first_value,
    first_occurred_at = excluded.first_occurred_at, has_exposure = excluded.has_exposure,
    half_life_days = excluded.half_life_days, evidence_count = excluded.evidence_count,
    sources = excluded.sources, version = b.version + 1;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.fold_evidence(uuid, uuid[], timestamptz) is
  'Folds rows just added to actors.evidence into actors.actor_beliefs and returns how many beliefs changed. Call it in the transaction that adds them. Folding the same rows again changes no number: whatever is not later than the last piece makes its key be folded again from the whole ledger, so order of arrival never matters.';
