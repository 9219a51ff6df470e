create type cohorts.reason as (
  component text, label text, value double precision, is_known boolean, cohort_mean double precision, rest_mean double precision,
  contribution double precision, rival_cohort_id uuid, words text);
comment on type cohorts.reason is
  'A row of cohorts.why. value and means: in the component''s own unit (shares, logarithms of rates, amounts and days, points on the clock); is_known: from evidence of the person''s own, else value is the brand''s mean; contribution: to the natural logarithm of the odds of the cohort against the rival, above 0 it speaks for the cohort (of a rule: the probability of the condition); words: all of it in a sentence. The row without a component is what no single one explains: how large and how wide the groups are.';

create function private.placement_reasons(p_run cohorts.clustering_runs, p_label integer, p_vector extensions.vector)
returns table (component text, label text, unit_mean double precision, unit double precision, x double precision, cohort_mean double precision,
  contribution double precision, rival integer)
language sql
stable
set search_path = ''
as $$
  with sphere as materialized (
    -- As private.group_densities; the run's sharpness is a power of the density.
    select c.label, c.mean, c.variance / p_run.sharpness as variance,
      ln(c.weight) - p_run.varying_dimensions * ln(c.variance) / 2 - (p_vector operator(extensions.<->) c.mean) ^ 2 / (2 * c.variance) as log_density
    from private.clustering_components c where c.run_id = p_run.id
  ),
  cohort as (
    -- A cohort of several spheres is as likely as all of them together; the nearest tells the features.
    select s.label, p_run.sharpness * (m.most + ln(sum(exp(greatest(s.log_density - m.most, -700))))) as log_density,
      (array_agg(s.mean order by s.log_density desc))[1] as mean, (array_agg(s.variance order by s.log_density desc))[1] as variance
    from sphere s
    join (select x.label, max(x.log_density) as most from sphere x group by x.label) m on m.label = s.label
    group by s.label, m.most
  ),
  pair as (
    select o.label as own, r.label as rival, o.log_density - r.log_density as log_odds, o.mean, o.variance, r.mean as rival_mean, r.variance as rival_variance
    from cohort o
    left join lateral (select c.* from cohort c where c.label <> p_label order by c.log_density desc, c.label limit 1) r on true
    where o.label = p_label
  ),
  part as (
    select f.component, f.label, f.mean as unit_mean, f.standard_deviation as unit, v.x, v.mean, p.rival, p.log_odds,
      (v.x - v.rival_mean) ^ 2 / (2 * p.rival_variance) - (v.x - v.mean) ^ 2 / (2 * p.variance) as contribution
    from pair p
    cross join jsonb_to_recordset(p_run.feature_scaling) as f (position integer, component text, label text, mean double precision, standard_deviation double precision)
    cross join lateral (select (p_vector::real[])[f.position]::double precision as x, (p.mean::real[])[f.position]::double precision as mean,
      (p.rival_mean::real[])[f.position]::double precision as rival_mean) v
    where f.standard_deviation > 0
  )
  select p.component, p.label, p.unit_mean, p.unit, p.x, p.mean, p.contribution, p.rival from part p
  union all
  select null, 'size and width of the groups', null, null, null, null, max(p.log_odds) - sum(p.contribution), max(p.rival) from part p having count(*) > 0
$$;
comment on function private.placement_reasons(cohorts.clustering_runs, integer, extensions.vector) is
  'Why the mixture of a run places a vector in a cohort (label) or does not: per component the difference of the squared distances to the nearest rival and to the cohort, each over twice its variance (times the sharpness of the run), and a row for what is left, so that all contributions add up to ln(posterior of the cohort / posterior of the rival). The rival is the likeliest other label, 0 being those who are like none; null contributions without one. x and cohort_mean in the scale of the run.';

create function private.rule_reasons(p_cohort cohorts.cohorts, p_actor uuid)
returns setof cohorts.reason
language plpgsql
stable
set search_path = ''
as $$
declare
  v_rule constant jsonb := p_cohort.discovery_parameters -> 'rule';
  v_posteriors constant private.posterior[] := array(select p from private.actors_posteriors(p_cohort.brand_id, array[p_actor], now()) p where not p.is_stated and p.context = '');
begin
  return query
  select g.name, w.words, null::double precision, null::boolean, null::double precision, null::double precision,
    coalesce(h.probability, 0), null::uuid,
    format('%s: %s; holds with a probability of %s%%', case g.name when 'all' then 'All of' when 'any' then 'Any of' else 'None of' end, w.words,
      round((100 * coalesce(h.probability, 0))::numeric))
  from jsonb_each(v_rule) g (name, list)
  cross join lateral jsonb_array_elements(g.list) with ordinality c (condition, place)
  cross join lateral (
    select coalesce(concat_ws(' ', coalesce(c.condition ->> 'attribute', c.condition ->> 'field', 'member of ' || (c.condition ->> 'cohort')), c.condition ->> 'category',
      nullif(c.condition ->> 'statistic', 'mean'), c.condition ->> 'operator', c.condition ->> 'value'), '') as plain) x
  cross join lateral (select case when x.plain = '' then c.condition::text else x.plain end as words) w
  left join lateral private.rule_probabilities(p_cohort.brand_id, c.condition, array[p_actor], v_posteriors, now()) h on true
  order by g.name, c.place;
end
$$;
comment on function private.rule_reasons(cohorts.cohorts, uuid) is
  'The conditions of the rule that made a cohort, each with the probability that it holds of a person by what is believed now (contribution): component is the group of the condition (all, any, none), label the condition.';

create function private.cohort_reasons(p_cohort cohorts.cohorts, p_actor uuid)
returns setof cohorts.reason
language plpgsql
stable
set search_path = ''
as $$
declare
  v_run cohorts.clustering_runs;
  v_vector extensions.vector;
begin
  if p_cohort.discovery_algorithm = 'rule' then
    return query select * from private.rule_reasons(p_cohort, p_actor);
    return;
  end if;
  select r.* into v_run from cohorts.clustering_runs r where r.brand_id = p_cohort.brand_id and r.id = p_cohort.last_run_id;
  select q.vector into v_vector from private.vectors_in_scale(v_run, array[p_actor]) q;

  return query
  select r.component, r.label, x.value, k.is_known, m.mean, m.rest, r.contribution, v_run.cohort_ids[r.rival],
    private.reason_words(r.component, r.label, x.value, k.is_known, m.mean, m.rest, r.contribution)
  from private.placement_reasons(v_run, array_position(v_run.cohort_ids, p_cohort.id), v_vector) r
  left join actors.actor_belief_vectors v
    on v.brand_id = v_run.brand_id and v.actor_id = p_actor and v.vector_name = 'belief' and v.is_current and r.component is not null
  cross join lateral (select r.x * r.unit + r.unit_mean as value) x
  cross join lateral (select v.source_attributes ? r.component as is_known) k
  left join lateral jsonb_to_record(p_cohort.cohort_signature #> array['effects', r.component]) as e (mean double precision, mean_of_rest double precision) on true
  cross join lateral (select coalesce(e.mean, r.cohort_mean * r.unit + r.unit_mean) as mean, e.mean_of_rest as rest) m
  where v_vector is not null
  order by r.component is null, abs(r.contribution) desc nulls last, r.component;
end
$$;
comment on function private.cohort_reasons(cohorts.cohorts, uuid) is
  'The rows of cohorts.why; none where no run places people in the cohort, or where nothing is known of the person.';

create function private.cohorts_why(p_actor uuid, p_cohort uuid, p_is_visible boolean)
returns setof cohorts.reason
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
begin
  select c.* into v_cohort from cohorts.cohorts c where c.id = p_cohort and p_is_visible;
  if not found then
    perform private.raise_error('not_found', 'cohort', p_cohort::text);
  end if;
  perform private.require_role(v_cohort.brand_id, 'support');
  if not exists (select from actors.actors a where a.brand_id = v_cohort.brand_id and a.id = p_actor) then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  end if;
  return query select * from private.cohort_reasons(v_cohort, p_actor);
  if not found then
    perform private.raise_error('actor_without_vector', p_actor::text)
    where exists (select from cohorts.clustering_runs r where r.id = v_cohort.last_run_id and v_cohort.id = any (r.cohort_ids));
    perform private.raise_error('cohort_not_placed', p_cohort::text);
  end if;
end
$$;
comment on function private.cohorts_why(uuid, uuid, boolean) is
  'Body of cohorts.why; p_is_visible: whether the policies let the caller read the cohort. Definer: reads the mixture of a run, which is private.';
grant execute on function private.cohorts_why(uuid, uuid, boolean) to authenticated, service_role;

create function cohorts.why(p_actor uuid, p_cohort uuid)
returns setof cohorts.reason
language sql
stable
set search_path = ''
begin atomic
  select * from private.cohorts_why(p_actor, p_cohort, exists (select from cohorts.cohorts c where c.id = p_cohort));
end;
comment on function cohorts.why(uuid, uuid) is
  'Why a person is in a cohort, or why not: one row per component of the belief vector, the weightiest first, then one for what no component explains. The contributions add up to the natural logarithm of the odds of this cohort against its nearest rival for this person, by the run that last saw the cohort and by what is believed of the person now; the rival is another cohort, or (rival_cohort_id null) being like none. Of a cohort made by a rule: one row per condition, with the group it stands in (all, any, none) as component and the probability that it holds as contribution. For members from support up. Errors: not_found, cohort_not_placed, actor_without_vector, role_too_low.';
grant execute on function cohorts.why(uuid, uuid) to authenticated, service_role;
