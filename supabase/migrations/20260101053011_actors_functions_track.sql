create type private.folded as (
  state double precision[],
  categories text[],
  counts integer[],
  sources uuid[]
);

create function private.fold(p_distribution actors.distribution, p_tracking double precision[], p_state double precision[], p_categories text[],
  p_counts integer[], p_sources uuid[], p_as_of timestamptz, p_at timestamptz[], p_source uuid[], p_weight double precision[], p_value double precision[],
  p_exposure double precision[], p_category text[])
returns private.folded
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_most_runs constant integer := 4;
  v_least_weight constant double precision := 0.001;
  v_half constant double precision := p_tracking[1];
  v_hazard constant double precision := p_tracking[2];
  v_strength constant double precision := p_tracking[3];
  v_is_beta constant boolean := p_distribution = 'beta';
  v_is_dirichlet constant boolean := p_distribution = 'dirichlet';
  v_is_gamma constant boolean := p_distribution = 'gamma';
  v_prior double precision := p_tracking[4];
  v_s double precision[] := p_state;
  v_categories text[] := coalesce(p_categories, '{}');
  v_counts integer[] := coalesce(p_counts, '{}');
  v_sources uuid[] := coalesce(p_sources, '{}');
  v_pieces integer := 0;
  v_before timestamptz := coalesce(p_as_of, p_at[1]);
  v_runs integer;
  v_like double precision[];
  v_numbers double precision[];
  v_g double precision;
  v_w double precision;
  v_add double precision;
  v_value double precision;
  v_exposure double precision;
  v_c double precision;
  v_k integer;
  v_many integer;
  v_o integer;
  v_b double precision;
  v_n double precision;
  v_q double precision;
  v_scale double precision;
  v_total double precision;
  v_ready double precision;
  v_mean double precision;
  v_away double precision;
  v_new double precision;
  v_i integer;
begin
  if v_s is null then
    v_s := array[1, 0, 0, 0, 1, 1, 0, 0, 0, 0] || case when v_is_dirichlet then '{}' when p_distribution = 'normal' then '{0,0,0,0}' else '{0,0}'::double precision[] end;
  end if;
  for k in 1..cardinality(v_counts) loop
    v_pieces := v_pieces + v_counts[k];
  end loop;
  -- A loop over the pieces: what a piece does to the weights depends on all before it.
  for p in 1..cardinality(p_at) loop
    if p > cardinality(p_at) - 10 then
      v_sources := (p_source[p] || v_sources)[1:10];
    end if;
    v_g := 1;
    if p_at[p] > v_before then
      v_g := extract(epoch from p_at[p] - v_before)::double precision / 86400 / v_half;
      v_before := p_at[p];
      -- Beyond 200 half-lives nothing is left; power() would raise an underflow.
      v_g := case when v_g > 200 then 0 else power(2::double precision, -v_g) end;
      v_s[1] := v_s[1] * v_g;
      if v_s[1] < 1e-60 then
        v_s := private.rescaled(v_s, v_s[1], v_is_gamma);
      end if;
    end if;
    v_runs := v_s[5];
    v_c := v_s[1];
    v_w := p_weight[p];
    v_value := p_value[p];
    v_add := v_w / v_c;
    v_k := 1;
    if v_is_dirichlet then
      v_k := array_position(v_categories, p_category[p]);
      if v_k is null then
        v_categories := v_categories || p_category[p];
        v_k := cardinality(v_categories);
        v_s := v_s || array_fill(0::double precision, array[v_runs + 1]);
      end if;
      v_many := greatest(2, cardinality(v_categories));
    end if;
    v_counts[v_k] := coalesce(v_counts[v_k], 0) + 1;
    if v_is_gamma then
      v_exposure := p_exposure[p];
      v_prior := p_tracking[5];
      if v_exposure is null then
        -- A stream of single events: its first one starts the clock, each later one ends a time of waiting.
        v_prior := p_tracking[4];
        v_exposure := v_half / 0.6931471805599453 * (1 - v_g);
        v_s[2] := v_s[2] + v_add;
        v_s[3] := v_s[3] + 1 / v_c;
        continue when v_pieces + p = 1;
      end if;
    end if;
    v_o := 5 + 5 * v_runs;

    if v_hazard > 0 and v_w > 0 and (v_runs > 1 or v_s[9] * v_c >= p_tracking[6]) then
      -- How likely each run made this piece, to the power of the piece's weight.
      v_ready := 0;
      v_mean := 0;
      v_like := array_fill(0::double precision, array[v_runs]);
      for r in 1..v_runs loop
        v_i := v_o + (v_k - 1) * (v_runs + 1) + 1 + r;
        v_n := v_s[5 * r + 5];
        if v_is_beta then
          v_b := v_strength * (1 / v_c - v_s[5 * r + 3]);
          v_q := least(1 - 1e-9, greatest(1e-9, (v_b * v_prior + v_s[v_i]) / (v_b + v_n)));
          v_like[r] := exp(v_w * (v_value * ln(v_q) + (1 - v_value) * ln(1 - v_q)));
        elsif v_is_dirichlet then
          v_b := v_strength * (1 / v_c - v_s[5 * r + 3]);
          v_q := least(1 - 1e-9, greatest(1e-9, (v_b / v_many + v_s[v_i]) / (v_b + v_n)));
          -- One signal is one occasion, however many lines of the category it has.
          v_like[r] := exp(v_w * least(1, v_value) * ln(v_q));
        elsif v_is_gamma then
          -- Gamma-Poisson; ln gamma(a + x) - ln gamma(a) as x ln(a + (x - 1) / 2), which is exact for x = 0 and x = 1.
          v_b := v_strength * (1 - v_s[5 * r + 3] * v_c) + v_s[v_i] * v_c;
          v_n := v_strength / v_prior * (1 - v_s[5 * r + 3] * v_c) + v_n * v_c;
          v_q := v_b / v_n;
          v_like[r] := exp(greatest(-600, v_w * (v_value * ln(greatest(1e-9, v_b + (v_value - 1) / 2)) + v_b * ln(v_n) - (v_b + v_value) * ln(v_n + v_exposure))));
        else
          -- Student's t of a mean with unknown variance; its variance starts at a quarter of the squared mean.
          v_q := v_s[v_i] / nullif(v_n, 0);
          v_b := greatest(0, v_s[v_i + v_runs + 1] * v_c - v_q * v_s[v_i] * v_c) / 2 + v_q * v_q / 4;
          v_n := v_n * v_c;
          v_scale := greatest(1e-12, v_b / (1 + v_n / 2) * (1 + 1 / v_n));
          v_like[r] := coalesce(exp(greatest(-600, v_w * (0.5 * ln(0.25 + v_n / 4) - 0.5 * ln(2 + v_n) - 0.5 * ln(v_scale)
            - (3 + v_n) / 2 * ln(1 + power(v_value - v_q, 2) / v_scale / (2 + v_n))))), 1);
        end if;
        if v_s[5 * r + 4] * v_c >= p_tracking[6] then
          v_ready := v_ready + v_s[5 * r + 1];
          v_mean := v_mean + v_s[5 * r + 1] * v_q;
        end if;
      end loop;

      if v_ready > 0 then
        -- A change leads away from what was believed: odds turned round about the prior, weak for rates and amounts.
        v_mean := v_mean / v_ready;
        if v_is_beta then
          v_away := least(1 - 1e-9, greatest(1e-9, v_prior * (1 - v_mean) / (v_prior * (1 - v_mean) + (1 - v_prior) * v_mean)));
          v_new := exp(v_w * (v_value * ln(v_away) + (1 - v_value) * ln(1 - v_away)));
        elsif v_is_dirichlet then
          v_away := (1 - v_mean) / (v_many - 1);
          v_new := exp(v_w * least(1, v_value) * ln(v_away));
        elsif v_is_gamma then
          v_new := exp(greatest(-600, v_w * (v_value * ln((1 + v_value) / 2) - ln(v_mean) - (1 + v_value) * ln(1 / v_mean + v_exposure))));
        else
          v_scale := greatest(1e-12, v_mean * v_mean / 3);
          v_new := exp(greatest(-600, v_w * (0.5 * ln(0.5::double precision) - 0.5 * ln(3::double precision) - 0.5 * ln(v_scale)
            - 2 * ln(1 + power(v_value - v_mean, 2) / v_scale / 3))));
        end if;
        for r in 1..v_runs loop
          if v_s[5 * r + 4] * v_c >= p_tracking[6] then
            v_like[r] := v_like[r] * (1 - v_hazard * v_w);
          end if;
        end loop;
        v_b := case when v_is_beta or v_is_dirichlet then p_tracking[7] / v_c when v_is_gamma then 1 / v_mean / v_c else 1 / v_c end;
        v_numbers := case when v_is_beta then array[v_b * v_away] when v_is_gamma then array[1 / v_c] else array[v_b * v_mean, v_b * v_mean * v_mean] end;
        if v_is_dirichlet then
          for k in 1..cardinality(v_categories) loop
            v_q := 0;
            for r in 1..v_runs loop
              if v_s[5 * r + 4] * v_c >= p_tracking[6] then
                v_n := v_strength * (1 / v_c - v_s[5 * r + 3]);
                v_q := v_q + v_s[5 * r + 1] * (v_n / v_many + v_s[v_o + (k - 1) * (v_runs + 1) + 1 + r]) / (v_n + v_s[5 * r + 5]);
              end if;
            end loop;
            v_numbers[k] := v_b * (1 - v_q / v_ready) / (v_many - 1);
          end loop;
          v_numbers := v_numbers[1:cardinality(v_categories)];
        end if;
        v_s := private.with_run(v_s, array[v_hazard * v_w * v_ready, v_pieces + p, 1 / v_c, 0, v_b], v_numbers);
        v_like := v_new || v_like;
        v_runs := v_runs + 1;
        v_o := v_o + 5;
      end if;

      if v_runs > 1 then
        v_total := 0;
        for r in 1..v_runs loop
          v_s[5 * r + 1] := v_s[5 * r + 1] * v_like[r];
          v_total := v_total + v_s[5 * r + 1];
        end loop;
        for r in reverse v_runs..1 loop
          v_s[5 * r + 1] := v_s[5 * r + 1] / v_total;
        end loop;
        for r in reverse v_runs..1 loop
          if v_s[5 * r + 1] < v_least_weight then
            v_s := private.without_run(v_s, r);
          end if;
        end loop;
        v_runs := v_s[5];
        if v_runs > v_most_runs then
          -- The neighbours whose becoming one changes least: light, or begun at nearly the same time. The newest is left time to prove itself.
          v_b := 'infinity';
          for r in 2..v_runs - 1 loop
            v_q := v_s[5 * r + 1] * v_s[5 * r + 6] / (v_s[5 * r + 1] + v_s[5 * r + 6]) * abs(ln((v_s[5 * r + 4] * v_c + 1) / (v_s[5 * r + 9] * v_c + 1)));
            if v_q < v_b then
              v_b := v_q;
              v_i := r;
            end if;
          end loop;
          v_s := private.with_merged_runs(v_s, v_i);
        end if;
        v_runs := v_s[5];
        v_total := 0;
        for r in 1..v_runs loop
          v_total := v_total + v_s[5 * r + 1];
        end loop;
        for r in 1..v_runs loop
          v_s[5 * r + 1] := v_s[5 * r + 1] / v_total;
        end loop;
        v_o := 5 + 5 * v_runs;
      end if;
    end if;

    -- The piece itself, into all evidence and into every run.
    v_n := case when v_is_gamma then v_add * v_exposure when v_is_dirichlet then v_add * v_value else v_add end;
    if not v_is_gamma then
      v_s[2] := v_s[2] + v_n;
      v_s[3] := v_s[3] + v_n * v_n;
    end if;
    v_s[4] := v_s[4] + v_n;
    for r in 1..v_runs loop
      v_s[5 * r + 4] := v_s[5 * r + 4] + case when v_is_gamma then v_add else v_n end;
      v_s[5 * r + 5] := v_s[5 * r + 5] + v_n;
    end loop;
    v_i := v_o + (v_k - 1) * (v_runs + 1);
    for r in 1..v_runs + 1 loop
      v_s[v_i + r] := v_s[v_i + r] + v_add * v_value;
    end loop;
    if not (v_is_beta or v_is_dirichlet or v_is_gamma) then
      for r in 1..v_runs + 1 loop
        v_s[v_i + v_runs + 1 + r] := v_s[v_i + v_runs + 1 + r] + v_add * v_value * v_value;
      end loop;
    end if;
  end loop;
  return (v_s, v_categories, v_counts, v_sources);
end
$$;
comment on function private.fold(actors.distribution, double precision[], double precision[], text[], integer[], uuid[], timestamptz, timestamptz[], uuid[], double precision[], double precision[], double precision[], text[]) is
  'Folds pieces of evidence about one belief, in the order given (ascending in time), into its state and returns all of these but the time. p_tracking: settings (private.tracking); p_state, p_categories, p_counts (pieces per category), p_sources (the ten latest, newest first), p_as_of: what is stored (null: nothing yet). Run-length mixture (Adams and MacKay 2007) with at most four runs: a run is the hypothesis that the person last changed at one piece; of more, the two that differ least are merged. The weights of the runs stand on the probability of a change in p_tracking; that learnt from the brand comes in when they are read (private.actors_posteriors). Evidence fades by 2^(-dt/half-life). From a stored state or from the first piece the result is the same to the bit.';
