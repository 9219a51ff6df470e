create function private.stimuli_plan_experiment(
  p_brand uuid, p_baseline double precision, p_minimal_effect double precision, p_deviation double precision, p_shares double precision[],
  p_power double precision, p_alpha double precision, p_method text, p_people_per_day double precision, p_window_days double precision,
  p_days integer, p_now timestamptz
)
returns table (people integer, fixed_people integer, inflation double precision, people_per_day double precision, days integer, detectable_effect double precision)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_alpha double precision;
  v_share double precision;
  v_fixed double precision;
  v_needed double precision;
  v_drift double precision;
  v_low double precision := 1e-6;
  v_high double precision := 100;
begin
  perform private.require_role(p_brand, 'support');
  perform private.require_time('p_now', p_now);
  perform private.raise_error('invalid_argument', x.argument, x.problem)
  from (values
    ('p_baseline', 'must be positive, and below 1 for a share', p_baseline > 0 and p_baseline < 'infinity' and (p_deviation is not null or p_baseline < 1)),
    ('p_minimal_effect', 'must be a relative change between 0 and 10 that leaves a share below 1',
      p_minimal_effect > 0 and p_minimal_effect <= 10 and (p_deviation is not null or p_baseline * (1 + p_minimal_effect) < 1)),
    ('p_baseline_deviation', 'must be positive', p_deviation is null or p_deviation > 0 and p_deviation < 'infinity'),
    ('p_shares', 'must be two to twenty positive shares that sum to 1, the control first', cardinality(p_shares) between 2 and 20 and array_ndims(p_shares) = 1
      and (select bool_and(s > 0) and abs(sum(s) - 1) < 1e-6 from unnest(p_shares) s)),
    ('p_power', 'must be between 0.5 and 0.99', p_power between 0.5 and 0.99),
    ('p_alpha', 'must be between 0.0001 and 0.2', p_alpha between 0.0001 and 0.2),
    ('p_method', 'must be group_sequential or always_valid', p_method in ('group_sequential', 'always_valid')),
    ('p_people_per_day', 'must be positive', p_people_per_day is null or p_people_per_day > 0 and p_people_per_day < 'infinity'),
    ('p_window_days', 'must be between 0 and 366', p_window_days > 0 and p_window_days <= 366),
    ('p_days', 'must leave time after the outcome window', p_days is null or p_days > p_window_days and p_days < 10000)
  ) x (argument, problem, is_good)
  where x.is_good is not true limit 1;

  v_alpha := p_alpha / (cardinality(p_shares) - 1);
  v_share := (select min(s) from unnest(p_shares[2:]) s);
  people_per_day := coalesce(p_people_per_day, (
    select nullif(count(distinct s.actor_id), 0) / 28.0 from signals.signals_base s
    where s.brand_id = p_brand and s.occurred_at >= p_now - interval '28 days' and s.occurred_at < p_now and s.actor_id is not null));
  v_fixed := private.needed_people(p_baseline, p_deviation, p_minimal_effect, p_shares[1], v_share,
    private.normal_quantile(1 - v_alpha / 2) + private.normal_quantile(p_power));
  v_drift := private.needed_drift(p_power, v_alpha, greatest(2, least(coalesce(ceil(v_fixed / people_per_day), 14), 365)), p_method);
  v_needed := private.needed_people(p_baseline, p_deviation, p_minimal_effect, p_shares[1], v_share, v_drift);
  if v_needed > 2000000000 then
    perform private.raise_error('invalid_argument', 'p_minimal_effect', 'is too small for any number of people');
  end if;
  people := ceil(v_needed);
  fixed_people := ceil(v_fixed);
  inflation := v_needed / v_fixed;
  days := ceil(v_needed / people_per_day + p_window_days);
  if p_days is not null and people_per_day is not null then
    -- Halving the logarithm of the effect: more people find smaller ones.
    for v_i in 1 .. 60 loop
      detectable_effect := sqrt(v_low * v_high);
      if private.needed_people(p_baseline, p_deviation, detectable_effect, p_shares[1], v_share, v_drift) > people_per_day * (p_days - p_window_days) then
        v_low := detectable_effect;
      else
        v_high := detectable_effect;
      end if;
    end loop;
  end if;
  return next;
end
$$;
comment on function private.stimuli_plan_experiment(uuid, double precision, double precision, double precision, double precision[], double precision, double precision, text, double precision, double precision, integer, timestamptz) is
  'Body of stimuli.plan_experiment. Definer: counts the people of the brand after checking the caller''s role in it.';
grant execute on function private.stimuli_plan_experiment(uuid, double precision, double precision, double precision, double precision[], double precision, double precision, text, double precision, double precision, integer, timestamptz) to authenticated, service_role;

create function stimuli.plan_experiment(
  p_brand uuid, p_baseline double precision, p_minimal_effect double precision, p_baseline_deviation double precision default null,
  p_shares double precision[] default array[0.5, 0.5], p_power double precision default 0.9, p_alpha double precision default 0.05,
  p_method text default 'group_sequential', p_people_per_day double precision default null, p_window_days double precision default 7,
  p_days integer default null, p_now timestamptz default now()
)
returns table (people integer, fixed_people integer, inflation double precision, people_per_day double precision, days integer, detectable_effect double precision)
language sql
stable
set search_path = ''
begin atomic
  select * from private.stimuli_plan_experiment(p_brand, p_baseline, p_minimal_effect, p_baseline_deviation, p_shares, p_power, p_alpha,
    p_method, p_people_per_day, p_window_days, p_days, p_now);
end;
comment on function stimuli.plan_experiment(uuid, double precision, double precision, double precision, double precision[], double precision, double precision, text, double precision, double precision, integer, timestamptz) is
  'What an experiment costs before it begins. p_baseline: expected metric of the control per person (a share, or a mean with p_baseline_deviation between people); p_minimal_effect: relative change not to be missed; p_shares: of the people, the control first; p_people_per_day: null takes the people seen in the last 28 days by 28. Returns people over all variants, fixed_people that one single look at the end would need, inflation (people by fixed_people: the price of looking at any time), days at that traffic with the outcome window, and for p_days the relative effect that can be found in so many. alpha is divided by the number of variants beside the control. Formulas: private.needed_people, private.needed_drift. For support and up. Errors: role_too_low, invalid_argument.';
grant execute on function stimuli.plan_experiment(uuid, double precision, double precision, double precision, double precision[], double precision, double precision, text, double precision, double precision, integer, timestamptz) to authenticated, service_role;
