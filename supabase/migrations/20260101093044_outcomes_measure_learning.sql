create function private.prediction_scores(p_brand uuid, p_since timestamptz, out people double precision, out calibration_error double precision, out skill double precision)
language sql
stable
set search_path = ''
as $$
  with prediction as materialized (
    select r.alpha_before / (r.alpha_before + r.beta_before) as p, r.pulls * r.share as n, r.responses * r.share as x
    from outcomes.arm_rewards r
    join outcomes.outcome_learning l on l.brand_id = p_brand and l.id = r.learning_id and l.is_active
    where r.brand_id = p_brand and r.rewarded_at > p_since
  ),
  bin as (
    select sum(b.n) as n, abs(sum(b.n * b.p) - sum(b.x)) as missed
    from (select p.*, ntile(10) over (order by p.p) as bin from prediction p) b group by b.bin
  ),
  whole as (
    select sum(p.n) as n, sum(p.x) / sum(p.n) as base, sum(p.x * (1 - p.p) ^ 2 + (p.n - p.x) * p.p ^ 2) / sum(p.n) as brier from prediction p
  )
  select w.n, (select sum(b.missed) from bin b) / w.n, 1 - w.brier / nullif(w.base * (1 - w.base), 0) from whole w
$$;
comment on function private.prediction_scores(uuid, timestamptz) is
  'How well the arms foretold the responses of windows closed since p_since: people, calibration_error (ECE over ten bins of equal number of windows) and skill (1 - Brier score / that of always saying the mean rate).';

create function private.arm_drift(p_brand uuid, p_recent_since timestamptz, out arms integer, out drifted integer)
language sql
stable
set search_path = ''
set enable_nestloop = off -- all arms in memory are of unknown number
as $$
  with rate as materialized (
    select r.arm_id, sum(r.pulls * r.share) filter (where r.rewarded_at > p_recent_since) as n_recent,
      sum(r.responses * r.share) filter (where r.rewarded_at > p_recent_since) as x_recent,
      sum(r.pulls * r.share) filter (where r.rewarded_at <= p_recent_since) as n_long, sum(r.responses * r.share) filter (where r.rewarded_at <= p_recent_since) as x_long
    from outcomes.arm_rewards r
    join outcomes.outcome_learning l on l.brand_id = p_brand and l.id = r.learning_id and l.is_active
    where r.brand_id = p_brand group by r.arm_id
  )
  select count(*)::integer, (count(*) filter (where round(t.x_recent) not between i.lower and i.upper))::integer
  from rate t
  cross join lateral private.beta_binomial_interval(round(t.n_recent)::integer, 0.5 + t.x_long, 0.5 + t.n_long - t.x_long) i
  where t.n_recent >= 20 and t.n_long >= 20
$$;
comment on function private.arm_drift(uuid, timestamptz) is
  'Arms with 20 people or more both before and after p_recent_since, and how many of them respond since then outside the 99% predictive interval of before.';

create function private.outcomes_measure_learning(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_scores record;
  v_drift record;
  v_calls record;
  v_right bigint;
  v_wrong bigint;
  v_backlog integer;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  select * into v_scores from private.prediction_scores(p_brand, p_now - interval '90 days');
  -- Of fewer people neither says anything; the error that chance alone makes of 500 lies below the bound.
  perform private.note_measure(p_brand, 'response_calibration_error', case when v_scores.people >= 500 then v_scores.calibration_error end, null, 0.05,
    coalesce(round(v_scores.people), 0)::integer, '{"days": 90}', p_now);
  perform private.note_measure(p_brand, 'response_skill', case when v_scores.people >= 500 then v_scores.skill end, -0.01, null,
    coalesce(round(v_scores.people), 0)::integer, '{"days": 90}', p_now);
  select * into v_drift from private.arm_drift(p_brand, p_now - interval '28 days');
  perform private.note_measure(p_brand, 'drifted_arms', case when v_drift.arms > 0 then v_drift.drifted::double precision / v_drift.arms end, null, 0.1,
    v_drift.arms, '{"days": 28}', p_now);
  select sum(p.right_steps), sum(p.wrong_steps) into v_right, v_wrong from outcomes.learning_precision p where p.brand_id = p_brand;
  perform private.note_measure(p_brand, 'learning_precision', (1 + v_right)::double precision / (2 + v_right + v_wrong), 0.5, null,
    coalesce(v_right + v_wrong, 0)::integer, jsonb_build_object('right', v_right, 'wrong', v_wrong), p_now);

  select count(*) into v_backlog from stimuli.stimulus_deployments d
  where d.brand_id = p_brand and d.learned_at is null
    and d.window_ends_at + ((select private.parameter(p_brand, 'outcomes.late_days')::double precision) + 1) * interval '1 day' <= p_now;
  perform private.note_measure(p_brand, 'windows_not_closed', v_backlog, null, 0, v_backlog, '{"overdue_by_days": 1}', p_now);
  select count(*) as n, avg((c.execution_status in ('failed', 'timeout'))::integer) as failed,
    extract(epoch from p_now - max(c.call_timestamp) filter (where f.function_name = 'outcomes.learn' and c.execution_status = 'completed')) / 3600 as hours
  into v_calls
  from ai.function_calls c join ai.functions f on f.id = c.function_id and f.function_name like 'outcomes.%'
  where c.brand_id = p_brand and c.call_timestamp > p_now - interval '7 days' and c.execution_status in ('completed', 'failed', 'timeout');
  perform private.note_measure(p_brand, 'failed_calls', v_calls.failed, null, 0.05, v_calls.n::integer, '{"days": 7}', p_now);
  perform private.note_measure(p_brand, 'hours_since_learning', greatest(0, v_calls.hours), null, 26, v_calls.n::integer, '{}', p_now);
  perform private.log_call('outcomes.measure_learning', p_brand, jsonb_build_object('now', p_now), jsonb_build_object('measures', 7), v_started);
  return 7;
end
$$;
comment on function private.outcomes_measure_learning(uuid, timestamptz) is 'Body of outcomes.measure_learning. Definer: clients write no measures.';
grant execute on function private.outcomes_measure_learning(uuid, timestamptz) to authenticated, service_role;

create function outcomes.measure_learning(p_brand uuid, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.outcomes_measure_learning(p_brand, p_now);
end;
comment on function outcomes.measure_learning(uuid, timestamptz) is
  'Writes to ai.ai_system_measures how the learning of a brand does: response_calibration_error and response_skill of what its arms foretold in 90 days (500 people or more), drifted_arms (share whose last 28 days differ from before), learning_precision (share of steps that were borne out), windows_not_closed (overdue by more than a day), failed_calls (share in 7 days), hours_since_learning (while calls are kept). Each with its bounds. Returns how many. For managers. Error: role_too_low.';
grant execute on function outcomes.measure_learning(uuid, timestamptz) to authenticated, service_role;
