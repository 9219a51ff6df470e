-- Whether the cohorts of a brand are still those of its people.
create function private.mixture_fit(p_run uuid, p_vectors extensions.vector[], p_are_its_own boolean, out mean double precision, out deviation double precision)
language sql
stable
set search_path = ''
as $$
  with component as materialized (
    select c.mean, c.variance, ln(c.weight) - r.varying_dimensions * ln(2 * pi() * c.variance) / 2 as constant,
      -- From the mean of n points one of them is n / (n - 1) times as far when it is left out of that mean.
      case when p_are_its_own then 1 + 1 / greatest(c.weight * cardinality(p_vectors) - 1, 1) else 1 end as left_out
    from private.clustering_components c join cohorts.clustering_runs r on r.id = c.run_id where c.run_id = p_run
  ),
  near as materialized (
    select p.i, c.constant - (c.left_out * (p.v operator(extensions.<->) c.mean)) ^ 2 / (2 * c.variance) as log_density
    from unnest(p_vectors) with ordinality p (v, i) cross join component c
  ),
  person as (
    -- The logarithm of the sum over the components, taken out of reach of underflow.
    select n.i, m.most + ln(sum(exp(greatest(n.log_density - m.most, -700)))) as log_density
    from near n
    join (select x.i, max(x.log_density) as most from near x group by x.i) m on m.i = n.i
    group by n.i, m.most
  )
  select avg(p.log_density::numeric), stddev_pop(p.log_density::numeric) from person p
$$;
comment on function private.mixture_fit(uuid, extensions.vector[], boolean) is
  'How well vectors fit the mixture of a run: mean and standard deviation of the logarithm of the density it gives them (nats). p_are_its_own: the mixture was made of these vectors and fits them too well; each is then judged by the others (leave one out).';

create function private.keep_sample(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.clustering_samples (run_id, actor_id, label, confidence)
  select p.run_id, p.actor_id, p.label, case when p.label > 0 then p.posteriors[p.label] else 1 - (select sum(x) from unnest(p.posteriors) x) end
  from private.clustering_points p where p.run_id = p_run.id and p.sample_place is not null;
  update cohorts.clustering_runs r
  set fit_mean = f.mean, fit_deviation = f.deviation
  from private.mixture_fit(p_run.id, private.clustering_sample_points(p_run.id), true) f
  where r.id = p_run.id
$$;
comment on function private.keep_sample(cohorts.clustering_runs) is
  'Keeps of a run what later days are compared with: how it placed its sample, and how well other people like those are expected to fit its mixture.';

create function private.moved_share(p_run uuid, p_points private.clustering_points[])
returns double precision
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number
as $$
  -- Two looks at somebody who stays differ by the doubt of both. What was seen when the mixture was made seems surer than it
  -- was: the larger doubt counts for both. Two standard errors are granted to chance.
  select greatest(0, avg(x.other) - 2 * greatest(avg(x.doubt_then), avg(x.doubt)) - 2 * stddev_samp(x.other) / sqrt(count(*)))
  from (
    select 1 - l.posteriors[s.label] as other, 1 - s.confidence as doubt_then, 1 - (select max(p) from unnest(l.posteriors) p) as doubt
    from private.mixture_posteriors(p_run, p_points) l
    join private.clustering_samples s on s.run_id = p_run and s.actor_id = l.actor_id and s.label > 0
  ) x
$$;
comment on function private.moved_share(uuid, private.clustering_points[]) is
  'Share of the points whose person the run placed in another cohort than it belongs to today, beyond what the doubt of both placements and chance explain; 0..1, null when it placed none of them.';

create function private.clustering_due(p_brand uuid, p_now timestamptz)
returns table (trigger_kind cohorts.run_trigger, reason text)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the size of a brand decides the plan
set jit = off
as $$
declare
  v_sample_size constant integer := 1000;
  v_run constant cohorts.clustering_runs := private.last_clustering(p_brand);
  v_points private.clustering_points[];
  v_people integer;
  v_sample uuid[];
  v_gone double precision;
  v_new integer;
  v_moved double precision;
  v_fit record;
  v_drift double precision;
begin
  if private.clustering_began_lately(p_brand, p_now) then
    return;
  end if;
  -- The sample is drawn as the run drew its own: mostly the same people.
  with present as materialized (
    select v.actor_id, v.vector_dimensions
    from actors.actor_belief_vectors v
    join actors.actors a on a.brand_id = v.brand_id and a.id = v.actor_id and a.is_active and a.merged_into is null
    where v.brand_id = p_brand and v.vector_name = 'belief' and v.is_current
  )
  select (select count(*) from present), array(
      select p.actor_id from present p where p.vector_dimensions = v_run.input_vector_dimensions
      order by uuid_hash_extended(p.actor_id, v_run.seed), p.actor_id limit v_sample_size),
    (select avg((p.actor_id is null)::integer) from private.clustering_samples s left join present p using (actor_id) where s.run_id = v_run.id)
  into v_people, v_sample, v_gone;
  if v_people < greatest((private.parameter(p_brand, 'cohorts.min_actors'))::integer, 2) then
    return;
  elsif v_run.id is null then
    return query select 'change'::cohorts.run_trigger, format('%s people have beliefs, and no cohorts were found yet', v_people);
    return;
  end if;

  v_gone := round(coalesce(v_gone, 0) * v_run.input_actor_count);
  v_new := greatest(v_people - v_run.input_actor_count + v_gone, 0);
  v_points := array(select p from private.vectors_in_scale(v_run, v_sample) p);
  v_moved := coalesce(private.moved_share(v_run.id, v_points), 0);
  if (v_new + v_gone) / v_people + v_moved >= (private.parameter(p_brand, 'cohorts.rerun_change'))::double precision then
    return query select 'change'::cohorts.run_trigger,
      format('of %s people %s are new since the last run, %s have gone, and about %s have moved', v_people, v_new, v_gone, round(v_moved * v_people));
    return;
  end if;

  select f.* into v_fit from private.mixture_fit(v_run.id, array(select p.vector from unnest(v_points) p), false) f;
  v_drift := (v_run.fit_mean - v_fit.mean) / nullif(v_run.fit_deviation, 0);
  -- Two standard errors of the difference of two such means are granted to chance.
  if v_drift >= (private.parameter(p_brand, 'cohorts.rerun_drift'))::double precision
      + 2 * sqrt(1 + (v_fit.deviation / v_run.fit_deviation) ^ 2) / sqrt(cardinality(v_points)) then
    return query select 'drift'::cohorts.run_trigger,
      format('people fit the cohorts of the last run worse than then, by %s standard deviations', round(v_drift::numeric, 2));
  end if;
end
$$;
comment on function private.clustering_due(uuid, timestamptz) is
  'Whether a brand needs a search for cohorts before the night, and why; no row: it does not. change: the share of people who are new, gone or moved since the last run (estimated from its sample) has reached the parameter cohorts.rerun_change, or there are no cohorts yet; drift: the mean fit of a sample of 1,000 people to the mixture of the last run has fallen by the parameter cohorts.rerun_drift, in standard deviations of the fit of a person, beyond two standard errors. Never within cohorts.min_hours_between_runs of the last run.';

create function private.clustering_began_lately(p_brand uuid, p_now timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from cohorts.clustering_runs r
    where r.brand_id = p_brand
      and (r.status = 'running' or r.started_at > p_now - (private.parameter(p_brand, 'cohorts.min_hours_between_runs'))::double precision * interval '1 hour'))
$$;
comment on function private.clustering_began_lately(uuid, timestamptz) is
  'Whether a run of the brand is under way or began less than cohorts.min_hours_between_runs before p_now: time for another only if a manager says so.';
