create function private.inverse_matrix(p_matrix double precision[])
returns double precision[]
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  v_n integer := array_length(p_matrix, 1);
  v_left double precision[] := p_matrix;
  v_right double precision[] := array_fill(0::double precision, array[v_n, v_n]);
  v_pivot integer;
  v_factor double precision;
  v_swap double precision;
begin
  for i in 1 .. v_n loop
    v_right[i][i] := 1;
  end loop;
  -- Loops: each step of an elimination needs the one before.
  for k in 1 .. v_n loop
    v_pivot := k;
    for i in k + 1 .. v_n loop
      if abs(v_left[i][k]) > abs(v_left[v_pivot][k]) then
        v_pivot := i;
      end if;
    end loop;
    if abs(v_left[v_pivot][k]) < 1e-12 then
      return null;
    end if;
    if v_pivot <> k then
      for j in 1 .. v_n loop
        v_swap := v_left[k][j]; v_left[k][j] := v_left[v_pivot][j]; v_left[v_pivot][j] := v_swap;
        v_swap := v_right[k][j]; v_right[k][j] := v_right[v_pivot][j]; v_right[v_pivot][j] := v_swap;
      end loop;
    end if;
    v_factor := v_left[k][k];
    for j in 1 .. v_n loop
      v_left[k][j] := v_left[k][j] / v_factor;
      v_right[k][j] := v_right[k][j] / v_factor;
    end loop;
    for i in 1 .. v_n loop
      v_factor := v_left[i][k];
      if i <> k and v_factor <> 0 then
        for j in 1 .. v_n loop
          v_left[i][j] := v_left[i][j] - v_factor * v_left[k][j];
          v_right[i][j] := v_right[i][j] - v_factor * v_right[k][j];
        end loop;
      end if;
    end loop;
  end loop;
  return v_right;
end
$$;
comment on function private.inverse_matrix(double precision[]) is
  'Inverse of a square matrix (two dimensions) by Gauss-Jordan elimination with row pivots; null where it has none.';

create function private.whitening(
  p_matrix double precision[],
  out inverse_root double precision[], out log_determinant double precision
)
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  v_n integer := array_length(p_matrix, 1);
  v_root double precision[] := array_fill(0::double precision, array[v_n, v_n]);
  v_sum double precision;
begin
  inverse_root := v_root;
  log_determinant := 0;
  -- Loops: each element of a Cholesky root needs those before it.
  for i in 1 .. v_n loop
    for j in 1 .. i loop
      v_sum := p_matrix[i][j];
      for k in 1 .. j - 1 loop
        v_sum := v_sum - v_root[i][k] * v_root[j][k];
      end loop;
      if i <> j then
        v_root[i][j] := v_sum / v_root[j][j];
      elsif v_sum > 0 then
        v_root[i][i] := sqrt(v_sum);
        log_determinant := log_determinant + ln(v_sum);
      else
        inverse_root := null;
        log_determinant := null;
        return;
      end if;
    end loop;
  end loop;
  for j in 1 .. v_n loop
    inverse_root[j][j] := 1 / v_root[j][j];
    for i in j + 1 .. v_n loop
      v_sum := 0;
      for k in j .. i - 1 loop
        v_sum := v_sum - v_root[i][k] * inverse_root[k][j];
      end loop;
      inverse_root[i][j] := v_sum / v_root[i][i];
    end loop;
  end loop;
end
$$;
comment on function private.whitening(double precision[]) is
  'For a symmetric positive definite matrix A = L L'': the inverse of its Cholesky root L (lower triangular) and ln det A. A^-1 = R'' R with R = inverse_root, and R'' z has the covariance A^-1 for standard normal z. Nulls where A is not positive definite.';

create function private.times(p_matrix double precision[], p_vector double precision[])
returns double precision[]
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select array_agg(x.s order by x.i)
  from (
    select i, sum(p_matrix[i][j] * p_vector[j]) as s
    from generate_subscripts(p_matrix, 1) i cross join generate_subscripts(p_matrix, 2) j group by i
  ) x
$$;
comment on function private.times(double precision[], double precision[]) is 'Matrix (two dimensions) times vector.';

create function private.times_transposed(p_matrix double precision[], p_vector double precision[])
returns double precision[]
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select array_agg(x.s order by x.j)
  from (
    select j, sum(p_matrix[i][j] * p_vector[i]) as s
    from generate_subscripts(p_matrix, 1) i cross join generate_subscripts(p_matrix, 2) j group by j
  ) x
$$;
comment on function private.times_transposed(double precision[], double precision[]) is 'Transposed matrix (two dimensions) times vector.';
