-- What became of cohorts from run to run.
create function cohorts.stability_word(p_stability double precision)
returns text
language sql
immutable
set search_path = ''
begin atomic
  select case when p_stability <= 0.5 then 'dissolved' when p_stability < 0.6 then 'not to be trusted' when p_stability < 0.75 then 'pattern'
    when p_stability < 0.85 then 'stable' when p_stability >= 0.85 then 'highly stable' end;
end;
comment on function cohorts.stability_word(double precision) is
  'A stability (mean bootstrap Jaccard, 0..1) on the scale that Hennig gives with fpc''s clusterboot: up to 0.5 dissolved, below 0.6 not to be trusted, below 0.75 pattern (which people belong to it is doubtful), below 0.85 stable, from 0.85 highly stable. Null for null.';
grant execute on function cohorts.stability_word(double precision) to authenticated, service_role;
