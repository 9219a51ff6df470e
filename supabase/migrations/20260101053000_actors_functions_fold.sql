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
select e.*, e.weight * e.match_probability as w
from actors.evidence e
where e.retracted_at is null;
comment on view private.evidence_pieces is 'Evidence that counts (not retracted), with what each piece weighs: w = weight x match probability.';

create function private.tracking(p_brand uuid, p_attribute text, p_distribution actors.distribution)
returns double precision[]
language sql
stable
set search_path = ''
as $$
  select array[
    private.half_life_days(p_brand, p_attribute),
    coalesce(private.actors_number(p_brand, 'change_hazard.' || split_part(p_attribute, '.', 1)), private.actors_number(p_brand, 'change_hazard.behavior')),
    private.actors_number(p_brand, 'prior_strength.' || p_distribution),
    case when p_distribution = 'gamma' then private.actors_number(p_brand, 'prior_rate.per_day')
      when p_attribute ~ '^friction|refund' then private.actors_number(p_brand, 'prior_share.friction') else 0.5 end,
    private.actors_number(p_brand, 'prior_rate.per_occasion'),
    private.actors_number(p_brand, 'change_after'),
    private.actors_number(p_brand, 'change_strength')]
$$;
comment on function private.tracking(uuid, text, actors.distribution) is
  'Settings of the fold for an attribute, all from parameters: {half-life in days, probability of a change per piece, strength of the prior, its share (beta) or rate per day (gamma), its rate per occasion (gamma), weight of evidence before a change is thought of, strength of the expectation that a change leads away}. The fold uses these and never priors learnt from the brand, so that the same ledger gives the same bits whenever it is folded.';

-- A state is one flat array, so that it is stored and folded without parsing:
--   {scale, W, C, n, runs} then per run {weight, born, u, real, n} then per number of the belief {all, run 1, run 2, ...}.
-- Numbers of a belief: beta {y}, dirichlet one per category, gamma {events}, normal {sum of x, sum of x squared}.
-- Everything but weight and born is kept divided by scale, which alone fades: a fold costs the same however many numbers there are.
create function private.rescaled(p_state double precision[], p_by double precision, p_is_stream boolean)
returns double precision[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(case
      when i = 1 then 1
      when i = 5 or i between 6 and 5 + 5 * p_state[5] and (i - 6) % 5 < 2 then x
      when i = 3 and not p_is_stream then x * p_by * p_by
      else x * p_by end order by i)
  from unnest(p_state) with ordinality u (x, i)
$$;
comment on function private.rescaled(double precision[], double precision, boolean) is
  'The state with everything that fades multiplied by p_by and scale 1. p_is_stream: C counts pieces (gamma) and not squares of weights.';

create function private.with_run(p_state double precision[], p_run double precision[], p_numbers double precision[])
returns double precision[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_runs constant integer := p_state[5];
  v_at integer := 6 + 5 * v_runs;
  v_state double precision[] := p_state[1:4] || (p_state[5] + 1) || p_run || p_state[6:5 + 5 * v_runs];
begin
  -- A loop, as in the two functions below: it takes a third of the time of one query over the array.
  for k in 1..cardinality(p_numbers) loop
    v_state := v_state || p_state[v_at] || p_numbers[k] || p_state[v_at + 1:v_at + v_runs];
    v_at := v_at + v_runs + 1;
  end loop;
  return v_state;
end
$$;
comment on function private.with_run(double precision[], double precision[], double precision[]) is 'The state with a run more, the newest: first in each list.';

create function private.without_run(p_state double precision[], p_run integer)
returns double precision[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_runs constant integer := p_state[5];
  v_at integer := 6 + 5 * v_runs;
  v_state double precision[] := p_state[1:4] || (p_state[5] - 1) || p_state[6:5 * p_run] || p_state[6 + 5 * p_run:5 + 5 * v_runs];
begin
  while v_at <= cardinality(p_state) loop
    v_state := v_state || p_state[v_at:v_at + p_run - 1] || p_state[v_at + p_run + 1:v_at + v_runs];
    v_at := v_at + v_runs + 1;
  end loop;
  return v_state;
end
$$;
comment on function private.without_run(double precision[], integer) is 'The state without run p_run (1: the newest); the weights are not brought back to a sum of 1.';

create function private.with_merged_runs(p_state double precision[], p_run integer)
returns double precision[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_state double precision[] := p_state;
  v_runs constant integer := p_state[5];
  v_a constant integer := 5 * p_run;
  v_numbers constant integer := 5 + 5 * v_runs;
  v_share constant double precision := p_state[v_a + 1] / (p_state[v_a + 1] + p_state[v_a + 6]);
begin
  v_state[v_a + 6] := p_state[v_a + 1] + p_state[v_a + 6];
  if v_share > 0.5 then
    v_state[v_a + 7] := p_state[v_a + 2];
  end if;
  for i in 3..5 loop
    v_state[v_a + 5 + i] := v_share * p_state[v_a + i] + (1 - v_share) * p_state[v_a + 5 + i];
  end loop;
  for i in 0..(cardinality(p_state) - v_numbers) / (v_runs + 1) - 1 loop
    v_state[v_numbers + i * (v_runs + 1) + 2 + p_run] := v_share * p_state[v_numbers + i * (v_runs + 1) + 1 + p_run]
      + (1 - v_share) * p_state[v_numbers + i * (v_runs + 1) + 2 + p_run];
  end loop;
  return private.without_run(v_state, p_run);
end
$$;
comment on function private.with_merged_runs(double precision[], integer) is
  'The state with run p_run and the next older one as one run: weights added, the rest averaged by weight, born as the heavier was.';
