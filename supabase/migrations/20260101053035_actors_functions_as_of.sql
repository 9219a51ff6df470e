create function private.actors_belief_as_of(p_actor uuid, p_at timestamptz)
returns table (attribute text, context text, category text, is_stated boolean, distribution actors.distribution, mean double precision,
  standard_deviation double precision, confidence double precision, evidence_count integer, evidence_weight double precision,
  interval_low double precision, interval_high double precision, last_evidence_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_brand constant uuid := private.actors_brand_of(p_actor);
begin
  perform private.require_time('p_at', p_at);
  return query
  select p.attribute, p.context, nullif(p.category, ''), p.is_stated, p.distribution, p.mean, sqrt(p.variance), p.confidence, p.evidence_count,
    p.evidence_weight, p.interval_low, p.interval_high, p.last_evidence_at
  from private.actors_posteriors(v_brand, array[p_actor], p_at, p_at) p
  order by p.attribute, p.context, p.is_stated, p.mean desc, p.category;
end
$$;
comment on function private.actors_belief_as_of(uuid, timestamptz) is 'Body of actors.belief_as_of. Definer: reads the parameters and priors of the brand after checking the caller''s role in it.';
grant execute on function private.actors_belief_as_of(uuid, timestamptz) to authenticated, service_role;

create function actors.belief_as_of(p_actor uuid, p_at timestamptz)
returns table (attribute text, context text, category text, is_stated boolean, distribution actors.distribution, mean double precision,
  standard_deviation double precision, confidence double precision, evidence_count integer, evidence_weight double precision,
  interval_low double precision, interval_high double precision, last_evidence_at timestamptz)
language sql
stable
set search_path = ''
begin atomic
  select * from private.actors_belief_as_of(p_actor, p_at);
end;
comment on function actors.belief_as_of(uuid, timestamptz) is
  'What was believed of a person at p_at, as it would have been read then: from the evidence recorded by then and not yet retracted, of the signals that were taken to be the person''s then, with the priors of then; folded with the half-lives of today. Compare with actors.profile, which tells what is believed now. For support and up. Errors: not_found, invalid_argument.';
grant execute on function actors.belief_as_of(uuid, timestamptz) to authenticated, service_role;
