create type private.logged_choice as (
  cohort_id uuid, template_id uuid, is_holdout boolean, propensity double precision, reward double precision, unit text, fold integer
);
comment on type private.logged_choice is 'What one person was assigned with which probability, and what came of it; unit: what was drawn as one.';

create function private.logged_choices(p_brand uuid, p_from timestamptz, p_to timestamptz, p_reward text, p_now timestamptz)
returns setof private.logged_choice
language sql
stable
set search_path = ''
set enable_nestloop = off -- many deployments of which the statistics may know nothing: hash joins, never a quadratic one
as $$
  with logged as materialized (
    select d.id, d.cohort_id, d.template_id, d.is_holdout, d.propensity, d.actor_id, d.deployed_at
    from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.deployed_at >= p_from and d.deployed_at < p_to and d.window_ends_at <= p_now
      and d.cohort_id is not null and d.template_id is not null and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown', 'held_out')
  ),
  reward as materialized (
    select o.deployment_id, bool_or(o.outcome_type in ('purchase', 'conversion', 'signup')) as has_responded,
      sum(o.outcome_value) filter (where o.outcome_unit = 'currency') as revenue
    from outcomes.outcomes o
    where o.brand_id = p_brand and o.deployment_id is not null and o.outcome_timestamp >= p_from
    group by o.deployment_id
  ),
  -- One template for a whole cohort at one moment was one draw; several were drawn person by person.
  draw as materialized (
    select l.cohort_id, l.deployed_at, count(distinct l.template_id) = 1 as is_one from logged l group by l.cohort_id, l.deployed_at
  )
  select l.cohort_id, l.template_id, l.is_holdout, l.propensity,
    case p_reward when 'revenue' then coalesce(r.revenue, 0) else case when r.has_responded then 1 else 0 end end,
    case when w.is_one then l.cohort_id::text || l.deployed_at::text else l.id::text end,
    (hashtextextended(l.actor_id::text, 0) & 1)::integer
  from logged l
  left join reward r on r.deployment_id = l.id
  join draw w on w.cohort_id = l.cohort_id and w.deployed_at = l.deployed_at
$$;
comment on function private.logged_choices(uuid, timestamptz, timestamptz, text, timestamptz) is
  'The assignments of a period whose window is over at p_now, with their rewards: 1 for a response (or the revenue of the window). fold: half of the people, by chance.';

create function private.policy_choices(p_brand uuid, p_choices private.logged_choice[], p_policy text, p_template uuid, p_now timestamptz)
returns table (cohort_id uuid, template_id uuid, probability double precision)
language sql
stable
set search_path = ''
as $$
  with candidate as materialized (
    select c.cohort_id, t.template_id
    from (select distinct x.cohort_id from unnest(p_choices) x) c
    cross join (select distinct x.template_id from unnest(p_choices) x) t
  ),
  arm as materialized (
    select c.cohort_id, c.template_id, f.alpha, f.beta, row_number() over (partition by c.cohort_id order by c.template_id) as k
    from candidate c
    left join stimuli.arms a on a.brand_id = p_brand and a.cohort_id = c.cohort_id and a.template_id = c.template_id
    cross join lateral private.faded_arm(p_brand, a, p_now) f
  ),
  cohort as materialized (
    select a.cohort_id, private.best_arm_probabilities(array_agg(a.alpha order by a.k), array_agg(a.beta order by a.k)) as chances
    from arm a where p_policy = 'thompson' group by a.cohort_id
  )
  select a.cohort_id, a.template_id, case p_policy
    when 'template' then case when a.template_id = p_template then 1 else 0 end
    when 'uniform' then 1 / (count(*) over w)::double precision
    when 'greedy' then case when row_number() over (partition by a.cohort_id order by a.alpha / (a.alpha + a.beta) desc, a.template_id) = 1 then 1 else 0 end
    else h.chances[a.k] end
  from arm a left join cohort h on h.cohort_id = a.cohort_id
  window w as (partition by a.cohort_id)
$$;
comment on function private.policy_choices(uuid, private.logged_choice[], text, uuid, timestamptz) is
  'With which probability a policy gives each template to a cohort, among the templates that were tried in the log: template (always p_template), uniform, greedy (the arm with the best mean as of p_now), thompson (as often as each arm is the best).';

create function private.outcomes_policy_value(
  p_brand uuid, p_policy text, p_from timestamptz, p_to timestamptz, p_template uuid, p_reward text, p_now timestamptz)
returns table (
  method text, value double precision, standard_error double precision, lower double precision, upper double precision,
  choices bigint, effective_choices double precision, largest_weight double precision, warning text
)
language plpgsql
stable
security definer
set search_path = ''
set enable_nestloop = off -- as above
as $$
declare
  v_choices private.logged_choice[];
  v_strength double precision := private.parameter(p_brand, 'outcomes.prior_strength')::double precision;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_from', p_from);
  perform private.require_time('p_to', p_to);
  perform private.require_time('p_now', p_now);
  if p_policy is null or p_policy not in ('template', 'uniform', 'greedy', 'thompson') then
    perform private.raise_error('invalid_argument', 'p_policy', 'must be template, uniform, greedy or thompson');
  elsif p_reward is null or p_reward not in ('response', 'revenue') then
    perform private.raise_error('invalid_argument', 'p_reward', 'must be response or revenue');
  elsif p_policy = 'template' and not exists (select from stimuli.stimulus_templates t where t.brand_id = p_brand and t.id = p_template) then
    perform private.raise_error('not_found', 'template', coalesce(p_template::text, 'null'));
  end if;
  v_choices := array(select c from private.logged_choices(p_brand, p_from, p_to, p_reward, p_now) c);

  return query
  with logged as materialized (
    select c.* from unnest(v_choices) c
  ),
  wanted as materialized (
    select * from private.policy_choices(p_brand, v_choices, p_policy, p_template, p_now)
  ),
  -- What each template brings in each cohort, from the other half of the people, drawn to what it brings everywhere.
  seen as materialized (
    select l.cohort_id, l.template_id, l.fold, sum(l.reward) as total, count(*) as n from logged l where not l.is_holdout
    group by l.cohort_id, l.template_id, l.fold
  ),
  everywhere as materialized (
    select s.template_id, s.fold, sum(s.total) as total, sum(s.n) as n from seen s group by s.template_id, s.fold
  ),
  tried as materialized (
    select w.cohort_id, w.template_id, f.fold, w.probability, coalesce(s.total, 0) as own_sum, coalesce(s.n, 0)::double precision as own_n,
      coalesce(e.total, 0) as all_sum, coalesce(e.n, 0)::double precision as all_n
    from wanted w cross join (values (0), (1)) f (fold)
    left join seen s on s.cohort_id = w.cohort_id and s.template_id = w.template_id and s.fold = 1 - f.fold
    left join everywhere e on e.template_id = w.template_id and e.fold = 1 - f.fold
  ),
  overall as materialized (select coalesce(avg(l.reward) filter (where not l.is_holdout), 0) as mean from logged l),
  model as materialized (
    select t.cohort_id, t.template_id, t.fold, t.probability,
      (t.own_sum + v_strength * (t.all_sum + v_strength * o.mean) / (t.all_n + v_strength)) / (t.own_n + v_strength) as expected
    from tried t cross join overall o
  ),
  policy as materialized (
    select m.cohort_id, m.fold, sum(m.probability * m.expected) as expected from model m group by m.cohort_id, m.fold
  ),
  weighed as materialized (
    select l.unit, l.reward, l.is_holdout, p.expected as policy_expected, m.expected,
      case when l.is_holdout then 0 else m.probability / l.propensity end as weight
    from logged l
    join model m on m.cohort_id = l.cohort_id and m.template_id = l.template_id and m.fold = l.fold
    join policy p on p.cohort_id = l.cohort_id and p.fold = l.fold
  ),
  total as materialized (
    select count(*) as n, count(distinct w.unit) as units, sum(w.weight) as weights, sum(w.weight ^ 2) as squares, max(w.weight) as most,
      avg(w.weight * w.reward) as ips, sum(w.weight * w.reward) / nullif(sum(w.weight), 0) as snips,
      avg(w.policy_expected + w.weight * (w.reward - w.expected)) as dr, avg(w.reward) filter (where not w.is_holdout) as logged,
      count(*) filter (where not w.is_holdout) as treated
    from weighed w
  ),
  -- How far each draw moves each value: persons drawn together move it together.
  pull as materialized (
    select sum(w.weight * w.reward - t.ips) as ips, sum(w.weight * (w.reward - t.snips)) * t.n / nullif(t.weights, 0) as snips,
      sum(w.policy_expected + w.weight * (w.reward - w.expected) - t.dr) as dr,
      coalesce(sum(w.reward - t.logged) filter (where not w.is_holdout), 0) * t.n / nullif(t.treated, 0) as logged
    from weighed w cross join total t group by w.unit, t.n, t.weights, t.treated
  ),
  error as materialized (
    select sqrt(sum(p.ips ^ 2)) as ips, sqrt(sum(p.snips ^ 2)) as snips, sqrt(sum(p.dr ^ 2)) as dr, sqrt(sum(p.logged ^ 2)) as logged from pull p
  ),
  untried as materialized (
    select coalesce(sum(c.n * u.probability) / nullif(sum(c.n), 0), 0) as share
    from (select l.cohort_id, count(*) as n from logged l group by l.cohort_id) c
    left join (
      select w.cohort_id, sum(w.probability) as probability from wanted w
      where not exists (select from logged l where l.cohort_id = w.cohort_id and l.template_id = w.template_id and not l.is_holdout)
      group by w.cohort_id) u on u.cohort_id = c.cohort_id
  )
  select v.method, v.value, v.error, v.value - 1.959963984540054 * v.error, v.value + 1.959963984540054 * v.error, t.n,
    case when v.method = 'logged' then t.treated else t.weights ^ 2 / nullif(t.squares, 0) end, case when v.method = 'logged' then null else t.most end,
    case when v.method = 'logged' then null
      when u.share > 0.01 then format('%s%% of what the policy would choose was never tried: only the doubly robust value guesses it', round((100 * u.share)::numeric))
      when t.weights ^ 2 / nullif(t.squares, 0) < greatest(50, t.treated / 100.0) or t.most > t.weights / 20
        then 'few choices of the log carry the value: extreme weights'
      when t.units < 30 then 'fewer than 30 independent draws: the error is itself uncertain' end
  from total t cross join error e cross join untried u
  cross join lateral (values
    ('logged', t.logged, e.logged * sqrt(t.units / nullif(t.units - 1.0, 0))::double precision / t.n),
    ('ips', t.ips, e.ips * sqrt(t.units / nullif(t.units - 1.0, 0))::double precision / t.n),
    ('snips', t.snips, e.snips * sqrt(t.units / nullif(t.units - 1.0, 0))::double precision / t.n),
    ('doubly_robust', t.dr, e.dr * sqrt(t.units / nullif(t.units - 1.0, 0))::double precision / t.n)
  ) v (method, value, error)
  where t.n > 0;
end
$$;
comment on function private.outcomes_policy_value(uuid, text, timestamptz, timestamptz, uuid, text, timestamptz) is
  'Body of outcomes.policy_value. Definer: private helpers read the log for it.';
grant execute on function private.outcomes_policy_value(uuid, text, timestamptz, timestamptz, uuid, text, timestamptz) to authenticated, service_role;

create function outcomes.policy_value(
  p_brand uuid, p_policy text, p_from timestamptz, p_to timestamptz, p_template uuid default null, p_reward text default 'response',
  p_now timestamptz default now())
returns table (
  method text, value double precision, standard_error double precision, lower double precision, upper double precision,
  choices bigint, effective_choices double precision, largest_weight double precision, warning text
)
language sql
stable
set search_path = ''
begin atomic
  select * from private.outcomes_policy_value(p_brand, p_policy, p_from, p_to, p_template, p_reward, p_now);
end;
comment on function outcomes.policy_value(uuid, text, timestamptz, timestamptz, uuid, text, timestamptz) is
  'What another policy would have brought per person in [p_from, p_to), from the probabilities with which the choices were logged: p_policy is template (always p_template), uniform, greedy (the best arm) or thompson (as the arms stand at p_now); p_reward: response (share of people) or revenue (of the window). A row per method: logged (what really came), ips (mean of weight x reward), snips (the same over the sum of the weights) and doubly_robust (cohort x template means of the other half of the people, corrected by the weights: the one to read), each with its standard error and 95% interval. weight = probability under the policy / logged probability. effective_choices: (sum of weights)^2 / sum of squares. warning: why not to trust it. Windows that are not over at p_now do not count; no rows where none is. For managers. Errors: invalid_argument, not_found.';
grant execute on function outcomes.policy_value(uuid, text, timestamptz, timestamptz, uuid, text, timestamptz) to authenticated, service_role;
