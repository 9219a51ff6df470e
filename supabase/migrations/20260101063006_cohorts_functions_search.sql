-- The search, in steps: every algorithm proposes partitions of the sample, clusters halves of it by themselves, and names its
-- finest partition whose groups come back and lie apart; one of those is chosen.
create function private.is_not_wanted(p_run cohorts.clustering_runs, p_algorithm text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce((p_run.parameters #>> array['algorithms', p_algorithm, 'slices'])::boolean, false) and (
    exists (select from private.clustering_candidates c where c.run_id = p_run.id and c.score is not null)
    or not private.has_strata(private.clustering_sample_points(p_run.id), p_run.varying_dimensions))
$$;
comment on function private.is_not_wanted(cohorts.clustering_runs, text) is
  'Whether an algorithm has nothing to say: slices are cut only where no groups were found, and where there is a range to cut.';

create function private.clustering_try(p_run cohorts.clustering_runs, p_arguments jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
begin
  if private.is_not_wanted(p_run, p_arguments ->> 'algorithm') then
    return null;
  end if;
  insert into private.clustering_candidates (run_id, algorithm, k, labels, jaccard_sums, resampled_sums)
  select p_run.id, p_arguments ->> 'algorithm', p.k, p.labels, array_fill(0::double precision, array[p.k]), array_fill(0::double precision, array[p.k])
  from private.run_clustering_algorithm(p_arguments ->> 'algorithm', private.clustering_sample_points(p_run.id),
    (p_run.parameters ->> 'max_k')::integer, p_run.seed, p_run.parameters) p
  cross join lateral (select count(*) as groups, min(g.n) as smallest from (select count(*) as n from unnest(p.labels) l where l > 0 group by l) g) s
  -- One with a group that is too small to be a cohort is no candidate.
  where s.groups = p.k and s.smallest >= (p_run.parameters ->> 'min_share')::double precision * cardinality(p.labels);
  return null;
end
$$;
comment on function private.clustering_try(cohorts.clustering_runs, jsonb) is 'Step: the partitions of the whole sample by {algorithm}.';

create function private.clustering_halve(p_run cohorts.clustering_runs, p_arguments jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_points constant extensions.vector[] := private.clustering_sample_points(p_run.id);
  v_fitted integer[];
  v_held_out integer[];
begin
  select array_agg(d.i order by d.i) filter (where d.draw <= cardinality(v_points) / 2), array_agg(d.i order by d.i) filter (where d.draw > cardinality(v_points) / 2)
    into v_fitted, v_held_out
  from (
    select i, row_number() over (order by private.hash_share(i, 1000 * p_run.seed::bigint + (p_arguments ->> 'round')::integer), i) as draw
    from generate_series(1, cardinality(v_points)) i
  ) d;
  insert into private.clustering_halves (run_id, round, fitted, held_out, neighbours)
  select p_run.id, (p_arguments ->> 'round')::integer, v_fitted, v_held_out, array_agg(n.j order by o.i, n.place)
  from unnest(private.points_at(v_points, v_held_out)) with ordinality o (v, i)
  cross join lateral (
    select f.j::integer, row_number() over (order by o.v operator(extensions.<->) f.v, f.j) as place
    from unnest(private.points_at(v_points, v_fitted)) with ordinality f (v, j)
    order by o.v operator(extensions.<->) f.v, f.j limit 9
  ) n;
  return null;
end
$$;
comment on function private.clustering_halve(cohorts.clustering_runs, jsonb) is 'Step: draws the half of the sample of {round}.';

create function private.clustering_refit(p_run cohorts.clustering_runs, p_arguments jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_algorithm constant text := p_arguments ->> 'algorithm';
  v_half private.clustering_halves;
begin
  if not exists (select from private.clustering_candidates c where c.run_id = p_run.id and c.algorithm = v_algorithm) then
    return null;
  end if;
  select * into v_half from private.clustering_halves h where h.run_id = p_run.id and h.round = (p_arguments ->> 'round')::integer;
  insert into private.clustering_refits (run_id, algorithm, round, k, labels, gaps)
  select p_run.id, v_algorithm, v_half.round, p.k, p.labels, p.gaps
  from private.run_clustering_algorithm(v_algorithm, private.points_at(private.clustering_sample_points(p_run.id), v_half.fitted),
    (p_run.parameters ->> 'max_k')::integer, 1000 * p_run.seed::bigint + v_half.round, p_run.parameters) p
  where (select count(distinct l) from unnest(p.labels) l where l > 0) = p.k;
  update private.clustering_candidates c
  set rounds = c.rounds + 1, jaccard_sums = array(
    select s.total + coalesce(s.jaccard, 0)
    from unnest(c.jaccard_sums, (select private.best_jaccard(c.labels, v_half.fitted, r.labels) from private.clustering_refits r
      where r.run_id = c.run_id and r.algorithm = c.algorithm and r.k = c.k and r.round = v_half.round)) with ordinality s (total, jaccard, label)
    order by s.label)
  where c.run_id = p_run.id and c.algorithm = v_algorithm;
  return null;
end
$$;
comment on function private.clustering_refit(cohorts.clustering_runs, jsonb) is
  'Step: clusters the half of {round} by {algorithm} and adds up how much of each group of its partitions comes back.';

create function private.valley_of_half(p_run cohorts.clustering_runs, p_refit private.clustering_refits)
returns double precision
language plpgsql
stable
set search_path = ''
as $$
declare
  v_points constant extensions.vector[] := private.clustering_sample_points(p_run.id);
  v_half private.clustering_halves;
  v_fitted extensions.vector[];
  v_held_out extensions.vector[];
  v_placed integer[];
begin
  select * into v_half from private.clustering_halves h where h.run_id = p_refit.run_id and h.round = p_refit.round;
  v_fitted := private.points_at(v_points, v_half.fitted);
  v_held_out := private.points_at(v_points, v_half.held_out);
  if (p_run.parameters #>> array['algorithms', p_refit.algorithm, 'round_groups'])::boolean then
    v_placed := private.nearest_centroids(v_held_out, private.mean_of_groups(v_fitted, p_refit.labels));
  else
    select array_agg(x.label order by x.i) into v_placed
    from (
      select distinct on (e.i) e.i, p_refit.labels[e.j] as label
      from (select (n.place - 1) / 9 as i, n.j from unnest(v_half.neighbours) with ordinality n (j, place)) e
      group by e.i, 2 order by e.i, count(*) desc, 2
    ) x;
  end if;
  return private.shallowest_valley(v_fitted, p_refit.labels, p_refit.gaps, v_held_out, v_placed);
end
$$;
comment on function private.valley_of_half(cohorts.clustering_runs, private.clustering_refits) is
  'How deep the shallowest valley is between the groups that were found on one half of the sample, looked for on the other, whose people go to the nearest mean where groups are round, else where most of their nine neighbours are.';

create function private.clustering_separate(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_bar constant jsonb := p_run.parameters #> array['algorithms', p_arguments ->> 'algorithm'];
  v_candidate private.clustering_candidates;
  v_valley double precision;
  v_score double precision;
begin
  select c.* into v_candidate
  from private.clustering_candidates c
  cross join lateral (select avg(x) / c.rounds as overlap, min(x) / c.rounds as least from unnest(c.jaccard_sums) x) s
  where c.run_id = p_run.id and c.algorithm = p_arguments ->> 'algorithm' and c.k < coalesce((p_cursor ->> 'below')::integer, 1000)
    and s.overlap >= (v_bar ->> 'min_overlap')::double precision and s.least >= (v_bar ->> 'min_group_overlap')::double precision
    -- A slice is a good part of the range: what is small and stable may be a handful of outliers.
    and ((v_bar ->> 'max_valley') is not null or (select min(g.n) from (select count(*) as n from unnest(c.labels) l group by l) g) >= 0.4 / c.k * cardinality(c.labels))
  order by c.k desc limit 1;
  if v_candidate.k is null then
    return null;
  end if;
  if (v_bar ->> 'max_valley') is null then
    v_valley := 0;
  else
    -- A half in which it could not be made has no valley.
    select (coalesce(sum(private.valley_of_half(p_run, r)), 0) + v_candidate.rounds - count(*)) / v_candidate.rounds into v_valley
    from private.clustering_refits r where r.run_id = p_run.id and r.algorithm = v_candidate.algorithm and r.k = v_candidate.k;
  end if;
  v_score := case when v_valley <= coalesce((v_bar ->> 'max_valley')::double precision, 1)
    then (select avg(x) from unnest(v_candidate.jaccard_sums) x) / v_candidate.rounds * (1 - v_valley) * ln(v_candidate.k) end;
  update private.clustering_candidates c
  set valley = case when (v_bar ->> 'max_valley') is not null then v_valley end, score = v_score
  where c.run_id = p_run.id and c.algorithm = v_candidate.algorithm and c.k = v_candidate.k;
  return case when v_score is null then jsonb_build_object('below', v_candidate.k) end;
end
$$;
comment on function private.clustering_separate(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: the finest partition by {algorithm} whose groups come back on halves of the sample (mean overlap min_overlap of the algorithm, each min_group_overlap) and lie apart (valley at most max_valley; slices have none); one partition a call, the finest first.';

create function private.purity(p_labels integer[], p_others integer[])
returns double precision
language sql
immutable
set search_path = ''
as $$
  select sum(b.most) / sum(b.n)
  from (
    select max(c.n) as most, sum(c.n) as n
    from (select x.a, count(*) as n from unnest(p_labels, p_others) x (a, b) group by x.a, x.b) c group by c.a
  ) b
$$;
comment on function private.purity(integer[], integer[]) is 'Share of the points whose group lies, by its majority, in their group of the other partition; 1: the first is finer.';

create function private.best_candidate(p_run cohorts.clustering_runs)
returns private.clustering_candidates
language sql
stable
set search_path = ''
as $$
  select c.* from private.clustering_candidates c
  where c.run_id = p_run.id and c.score is not null
    -- What sees only round groups gives way where another algorithm finds groups that lie about as far apart or farther and are cut across.
    and not ((p_run.parameters #>> array['algorithms', c.algorithm, 'round_groups'])::boolean and exists (
      select from private.clustering_candidates o
      where o.run_id = c.run_id and o.score is not null and o.valley < c.valley + 0.2
        and not coalesce((p_run.parameters #>> array['algorithms', o.algorithm, 'round_groups'])::boolean, false)
        and private.purity(c.labels, o.labels) < 0.9))
  order by c.valley is null, c.k desc, c.score desc, c.algorithm limit 1
$$;
comment on function private.best_candidate(cohorts.clustering_runs) is
  'Of the partitions whose groups are stable and lie apart the one with most groups, the higher score between equals; null: there are no groups.';

create function private.clustering_choose(p_run cohorts.clustering_runs)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_chosen private.clustering_candidates := private.best_candidate(p_run);
begin
  update private.clustering_candidates c set is_chosen = true
  where c.run_id = p_run.id and c.algorithm = v_chosen.algorithm and c.k = v_chosen.k;
  update cohorts.clustering_runs r
  set structure = case when v_chosen.k is null then 'none' when (p_run.parameters #>> array['algorithms', v_chosen.algorithm, 'slices'])::boolean then 'strata' else 'groups' end,
    algorithm_name = coalesce(v_chosen.algorithm, r.algorithm_name), function_name = coalesce('cohorts.cluster_' || v_chosen.algorithm, r.function_name),
    candidates = (
      select coalesce(jsonb_agg(jsonb_build_object('algorithm', c.algorithm, 'k', c.k,
        'coverage', (select avg((l > 0)::integer) from unnest(c.labels) l), 'overlap', (select jsonb_agg(s / c.rounds) from unnest(c.jaccard_sums) s),
        'valley', c.valley, 'score', c.score, 'is_chosen', c.is_chosen) order by c.algorithm, c.k), '[]')
      from private.clustering_candidates c where c.run_id = r.id)
  where r.id = p_run.id;
  delete from private.clustering_refits f where f.run_id = p_run.id;
  return null;
end
$$;
comment on function private.clustering_choose(cohorts.clustering_runs) is 'Step: chooses among the finest sound partitions of the algorithms.';

create function private.clustering_resample(p_run cohorts.clustering_runs)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_chosen private.clustering_candidates;
  v_overlaps double precision[];
begin
  select * into v_chosen from private.clustering_candidates c where c.run_id = p_run.id and c.is_chosen;
  if v_chosen.k is null then
    return null;
  end if;
  v_overlaps := private.resampled_overlaps(private.clustering_sample_points(p_run.id), v_chosen.algorithm, v_chosen.k, v_chosen.labels,
    1000 * p_run.seed::bigint + v_chosen.resamples, p_run.parameters);
  update private.clustering_candidates c
  set resamples = c.resamples + 1, resampled_sums = array(
    select s.total + s.overlap from unnest(c.resampled_sums, v_overlaps) with ordinality s (total, overlap, label) order by s.label)
  where c.run_id = p_run.id and c.algorithm = v_chosen.algorithm and c.k = v_chosen.k;
  return case when v_chosen.resamples + 1 < (p_run.parameters ->> 'resamples')::integer then jsonb_build_object('resamples', v_chosen.resamples + 1) end;
end
$$;
comment on function private.clustering_resample(cohorts.clustering_runs) is
  'Step: clusters bootstrap draws of the sample with the chosen algorithm and number of groups, one a call: their mean Jaccard overlap is the published stability (clusterboot of Hennig 2007).';

