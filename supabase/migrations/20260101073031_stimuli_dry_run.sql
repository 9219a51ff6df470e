create function private.dry_run_candidates(p_brand uuid, p_stimulus uuid)
returns private.delivery_candidate[]
language sql
stable
set search_path = ''
as $$
  with deployed as materialized (
    select d.id, d.actor_id, d.deployment_channel as channel from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.stimulus_id = p_stimulus and d.delivery_status = 'pending'
  ),
  -- Not deployed yet: whom it is for, on the channel that the person prefers.
  aimed as materialized (
    select null::uuid, a.id,
      coalesce(case c.preferred_channel when 'phone' then 'sms' else c.preferred_channel end, m.message_channel::text,
        private.parameter(p_brand, 'stimuli.default_channel') #>> '{}')::stimuli.channel
    from stimuli.stimuli_base s
    join actors.actors a on a.brand_id = p_brand and a.is_active and a.merged_into is null
    left join stimuli.messages m on m.brand_id = p_brand and m.stimulus_id = s.id
    left join actors.actor_communication_profiles c on c.brand_id = p_brand and c.actor_id = a.id and c.is_current
    where s.brand_id = p_brand and s.id = p_stimulus and s.status in ('draft', 'approved', 'scheduled')
      and (a.id = s.target_actor_id or s.target_actor_id is null and exists (
        select from cohorts.actor_cohort_membership b join cohorts.cohorts k on k.id = b.cohort_id
        where b.brand_id = p_brand and b.cohort_id = s.target_cohort_id and b.actor_id = a.id and b.is_active
          and (b.membership_type = 'primary' or not k.is_emergent)))
  )
  select coalesce(array_agg(row(n.place, n.id, p_stimulus, n.actor_id, n.channel)::private.delivery_candidate order by n.place), '{}')
  from (
    select x.*, (row_number() over (order by x.actor_id))::integer as place
    from (select * from deployed union all select * from aimed) x
  ) n
$$;
comment on function private.dry_run_candidates(uuid, uuid) is 'What of a stimulus waits to be sent or, before it is deployed, everybody it is for (before the draw of the held out).';

create function private.stimuli_dry_run(p_brand uuid, p_stimulus uuid, p_now timestamptz)
returns table (actor_id uuid, channel stimuli.channel, verdict text, reason text, at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if not exists (select from stimuli.stimuli_base s where s.brand_id = p_brand and s.id = p_stimulus) then
    perform private.raise_error('not_found', 'stimulus', p_stimulus::text);
  end if;
  return query
  select v.actor_id, v.channel, v.verdict, v.reason, v.at
  from private.delivery_verdicts(p_brand, private.dry_run_candidates(p_brand, p_stimulus), p_now) v order by v.place;
end
$$;
comment on function private.stimuli_dry_run(uuid, uuid, timestamptz) is 'Body of stimuli.dry_run. Definer: reads consents and suppressions as the queue does.';
grant execute on function private.stimuli_dry_run(uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.dry_run(p_brand uuid, p_stimulus uuid, p_now timestamptz default now())
returns table (actor_id uuid, channel stimuli.channel, verdict text, reason text, at timestamptz)
language sql
stable
set search_path = ''
begin atomic
  select * from private.stimuli_dry_run(p_brand, p_stimulus, p_now);
end;
comment on function stimuli.dry_run(uuid, uuid, timestamptz) is
  'What would happen at p_now, sending nothing: each person that waits for the stimulus (before it is deployed: each that it is for) would go now, later (not before at) or never, with the reason as private.delivery_verdicts names it, by the very rules of the queue. For operators. Errors: not_found, invalid_argument.';
grant execute on function stimuli.dry_run(uuid, uuid, timestamptz) to authenticated, service_role;

create function private.stimuli_dry_run_counts(p_brand uuid, p_stimulus uuid, p_now timestamptz)
returns table (verdict text, reason text, people bigint, earliest timestamptz, latest timestamptz)
language sql
stable
security definer
set search_path = ''
as $$
  select r.verdict, r.reason, count(*), min(r.at), max(r.at) from private.stimuli_dry_run(p_brand, p_stimulus, p_now) r
  group by r.verdict, r.reason order by count(*) desc, r.verdict, r.reason
$$;
comment on function private.stimuli_dry_run_counts(uuid, uuid, timestamptz) is 'Body of stimuli.dry_run_counts. Definer: as stimuli.dry_run, which checks the caller.';
grant execute on function private.stimuli_dry_run_counts(uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.dry_run_counts(p_brand uuid, p_stimulus uuid, p_now timestamptz default now())
returns table (verdict text, reason text, people bigint, earliest timestamptz, latest timestamptz)
language sql
stable
set search_path = ''
begin atomic
  select * from private.stimuli_dry_run_counts(p_brand, p_stimulus, p_now);
end;
comment on function stimuli.dry_run_counts(uuid, uuid, timestamptz) is 'stimuli.dry_run in numbers: how many people per verdict and reason. For operators. Errors: not_found, invalid_argument.';
grant execute on function stimuli.dry_run_counts(uuid, uuid, timestamptz) to authenticated, service_role;
