create function private.step_grades(p_brand uuid)
returns table (learning_id uuid, arm_id uuid, windows integer, outside integer, agrees boolean, gain double precision, dispersion double precision,
  people double precision, responses double precision, expected double precision)
language sql
stable
set search_path = ''
set enable_nestloop = off -- all steps in memory are of unknown number: hash joins, never a quadratic one
as $$
  with settings as materialized (
    select private.parameter(p_brand, 'stimuli.half_life_days')::double precision as half_life,
      private.parameter(p_brand, 'outcomes.validation_windows')::integer as windows
  ),
  reward as materialized (
    select r.learning_id, r.arm_id, r.rewarded_at, r.pulls * r.share as n, r.responses * r.share as x,
      l.validation_status in ('pending', 'needs_more_data') as is_open
    from outcomes.arm_rewards r
    join outcomes.outcome_learning l on l.brand_id = p_brand and l.id = r.learning_id and l.is_active
    where r.brand_id = p_brand
  ),
  step as materialized (
    select distinct on (r.learning_id) r.* from reward r where r.is_open order by r.learning_id, r.n desc, r.arm_id
  ),
  other as materialized (
    -- Of the same arm, with the place before (negative) or after the step.
    select s.learning_id, o.n, o.x, 2 ^ -least(1000, greatest(0, extract(epoch from s.rewarded_at - o.rewarded_at) / 86400 / c.half_life))::double precision as g,
      case when o.rewarded_at > s.rewarded_at then row_number() over (partition by s.learning_id, o.rewarded_at > s.rewarded_at order by o.rewarded_at, o.learning_id)
        else -row_number() over (partition by s.learning_id, o.rewarded_at > s.rewarded_at order by o.rewarded_at desc, o.learning_id) end as place
    from step s
    cross join settings c
    join reward o on o.arm_id = s.arm_id and o.learning_id <> s.learning_id
    where o.rewarded_at <> s.rewarded_at
  ),
  near as materialized (
    select o.*, sum(o.x) over w / sum(o.n) over w as p
    from other o cross join settings c where o.place between -6 and c.windows
    window w as (partition by o.learning_id, o.place > 0)
  ),
  sums as materialized (
    -- What scatters more than chance between windows counts as less.
    select n.learning_id, greatest(1, sum((n.x - n.n * n.p) ^ 2 / nullif(n.n * n.p * (1 - n.p), 0)) / nullif(count(*) - count(distinct n.place > 0), 0)) as phi,
      count(*) filter (where n.place > 0) as windows, sum(n.n) filter (where n.place > 0) as n_later, sum(n.x) filter (where n.place > 0) as x_later,
      coalesce(sum(n.n * n.g) filter (where n.place < 0), 0) as n_former, coalesce(sum(n.x * n.g) filter (where n.place < 0), 0) as x_former
    from near n group by n.learning_id
  ),
  scaled as materialized (
    select s.learning_id, s.arm_id, t.phi, t.windows, t.n_later, t.x_later, t.n_former, s.x / s.n as rate, 0.5 + s.x / t.phi as a, 0.5 + (s.n - s.x) / t.phi as b,
      0.5 + t.x_former / t.phi as a_former, 0.5 + (t.n_former - t.x_former) / t.phi as b_former, t.n_later / t.phi as n_w, t.x_later / t.phi as x_w
    from step s join (select x.learning_id, coalesce(x.phi, 1) as phi, x.windows, x.n_later, x.x_later, x.n_former, x.x_former from sums x) t using (learning_id)
    where t.windows > 0
  ),
  judged as (
    select k.learning_id, count(*) filter (where round(n.x / k.phi) not between i.lower and i.upper) as outside
    from scaled k
    join near n on n.learning_id = k.learning_id and n.place > 0
    cross join lateral private.beta_binomial_interval(greatest(1, round(n.n / k.phi))::integer, k.a, k.b) i
    group by k.learning_id
  )
  select k.learning_id, k.arm_id, k.windows::integer, j.outside::integer, k.n_former > 0 and round(k.x_w) between i.lower and i.upper,
    private.ln_beta_binomial(k.x_w, k.n_w, k.a + k.a_former - 0.5, k.b + k.b_former - 0.5) - private.ln_beta_binomial(k.x_w, k.n_w, k.a_former, k.b_former),
    k.phi, k.n_later, k.x_later, k.rate
  from scaled k
  join judged j using (learning_id)
  cross join lateral private.beta_binomial_interval(greatest(1, round(k.n_w))::integer, k.a_former, k.b_former) i
$$;
comment on function private.step_grades(uuid) is
  'How the steps of learning that are not graded for good foretold the next windows (at most outcomes.validation_windows) of their arm: windows; outside: those outside the 99% predictive interval of what the step alone saw; agrees: the later windows together lie inside that of what the arm had been taught before the step (false where that is nothing); gain: log score of the later windows with the step and what was before less that without the step. Counts are divided by the dispersion of the other windows about the means of those before and those after (chi-squared per degree of freedom, at least 1), so that a scatter of the weeks is not taken for a wrong step.';

create function private.outcomes_validate_learning(p_brand uuid, p_now timestamptz)
returns table (validated integer, invalidated integer, rolled_back integer, waiting integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_margin constant double precision := private.parameter(p_brand, 'outcomes.rollback_margin')::double precision;
  v_windows constant integer := private.parameter(p_brand, 'outcomes.validation_windows')::integer;
  v_wrong uuid[];
  v_step uuid;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  perform private.lock_brand_identity(p_brand);
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));

  with verdict as materialized (
    select g.*, g.windows >= 2 and g.agrees and (g.outside >= 2 or g.gain < -v_margin) as is_wrong from private.step_grades(p_brand) g
  ),
  graded as (
    update outcomes.outcome_learning l
    set validation_status = case when v.is_wrong or v.outside >= 2 then 'invalidated' when v.windows < v_windows then 'needs_more_data'
        when v.outside = 0 then 'validated' else 'partially_validated' end::outcomes.validation_status,
      validation_confidence = v.people / (v.people + private.parameter(p_brand, 'outcomes.prior_strength')::double precision),
      validation_results = jsonb_build_object('windows', v.windows, 'outside', v.outside, 'agrees_without', v.agrees, 'gain', v.gain, 'dispersion', v.dispersion,
        'predicted', v.expected, 'observed', v.responses / v.people, 'people', v.people, 'graded_at', p_now,
        'cause', case when v.is_wrong then 'step' when v.outside >= 2 then 'change' end)
    from verdict v where l.brand_id = p_brand and l.id = v.learning_id
    returning l.id, l.learning_log_id, l.validation_status, l.validation_results, l.validation_confidence, v.is_wrong, v.arm_id, v.gain,
      -- What a manager learnt again is not undone a second time: nothing goes to and fro.
      exists (select from outcomes.outcome_learning u where u.brand_id = p_brand and coalesce(u.revises, u.id) = coalesce(l.revises, l.id) and u.undone_at is not null) as is_kept
  ),
  logged as (
    update ai.learning_logs g set validation_status = d.validation_status::text::ai.learning_validation, validation_results = d.validation_results,
      validation_confidence = d.validation_confidence
    from graded d where g.brand_id = p_brand and g.id = d.learning_log_id
  )
  select count(*) filter (where d.validation_status in ('validated', 'partially_validated')), count(*) filter (where d.validation_status = 'invalidated'),
    count(*) filter (where d.validation_status = 'needs_more_data'), array_agg(d.id order by d.gain) filter (where d.is_wrong and not d.is_kept)
  into validated, invalidated, waiting, v_wrong from graded d;

  rolled_back := 0;
  if private.parameter(p_brand, 'outcomes.auto_rollback')::boolean then
    -- A loop: each is taken back by itself, the worst first.
    foreach v_step in array coalesce(v_wrong, '{}') loop
      perform private.undo_step(p_brand, v_step, 'later windows were foretold better without it', 'validation', p_now);
      rolled_back := rolled_back + 1;
    end loop;
  elsif v_wrong is not null then
    perform private.emit(p_brand, 'outcomes.learning_doubted', null, null, jsonb_build_object('steps', v_wrong));
  end if;
  perform private.log_call('outcomes.validate_learning', p_brand, jsonb_build_object('now', p_now),
    jsonb_build_object('validated', validated, 'invalidated', invalidated, 'rolled_back', rolled_back, 'waiting', waiting), v_started);
  return next;
end
$$;
comment on function private.outcomes_validate_learning(uuid, timestamptz) is 'Body of outcomes.validate_learning. Definer: grades and takes back what clients may not write.';
grant execute on function private.outcomes_validate_learning(uuid, timestamptz) to authenticated, service_role;

create function outcomes.validate_learning(p_brand uuid, p_now timestamptz default now())
returns table (validated integer, invalidated integer, rolled_back integer, waiting integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_validate_learning(p_brand, p_now);
end;
comment on function outcomes.validate_learning(uuid, timestamptz) is
  'Grades the steps of learning by what came in the next windows of the same arm. After outcomes.validation_windows: validated (all inside the 99% predictive interval of the step), partially_validated (one outside); at once: invalidated (two outside, or foretold worse with the step than without by outcomes.rollback_margin). An invalidated step that the windows before and after it agree without was wrong (cause step) and is undone where outcomes.auto_rollback says so, else told by the event outcomes.learning_doubted; one that was right until the people changed (cause change) is only marked. A step that was learnt again by hand is not undone any more. Returns how many steps were graded how. For managers. Error: role_too_low.';
grant execute on function outcomes.validate_learning(uuid, timestamptz) to authenticated, service_role;

create view outcomes.learning_precision with (security_invoker = true) as
select l.brand_id, l.learning_algorithm,
  count(*) filter (where l.validation_status in ('validated', 'partially_validated')) as right_steps,
  count(*) filter (where l.validation_status = 'invalidated' and l.validation_results ->> 'cause' = 'step') as wrong_steps,
  (1 + count(*) filter (where l.validation_status in ('validated', 'partially_validated')))::double precision
    / (2 + count(*) filter (where l.validation_status in ('validated', 'partially_validated') or l.validation_results ->> 'cause' = 'step')) as precision
from outcomes.outcome_learning l
where l.validation_status in ('validated', 'partially_validated', 'invalidated')
group by l.brand_id, l.learning_algorithm;
comment on view outcomes.learning_precision is
  'Track record of each algorithm: steps of learning that later windows bore out, those that were wrong, and precision, the mean of Beta(1 + right, 1 + wrong). Steps overtaken by a change of the people count for neither.';
grant select on outcomes.learning_precision to authenticated, service_role;
