create trigger _100_set_updated_at before update on cohorts.clustering_runs for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on cohorts.cohorts for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on cohorts.actor_cohort_membership for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on cohorts.cohort_characteristics for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on cohorts.cohort_similarity_matrix for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on cohorts.cohort_performance_metrics for each row execute function private.set_updated_at();

create function private.count_cohort_members()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Per statement and by difference: a batch of any size touches each cohort once.
  if tg_op = 'INSERT' then
    perform private.add_cohort_members(array_agg(d.cohort_id), array_agg(d.members))
    from (select n.cohort_id, count(*) as members from new_rows n join cohorts.cohorts c on c.id = n.cohort_id
      where n.is_active and (n.membership_type = 'primary' or not c.is_emergent) group by n.cohort_id) d
    having count(*) > 0;
  elsif tg_op = 'DELETE' then
    perform private.add_cohort_members(array_agg(d.cohort_id), array_agg(-d.members))
    from (select o.cohort_id, count(*) as members from old_rows o join cohorts.cohorts c on c.id = o.cohort_id
      where o.is_active and (o.membership_type = 'primary' or not c.is_emergent) group by o.cohort_id) d
    having count(*) > 0;
  else
    perform private.add_cohort_members(array_agg(d.cohort_id), array_agg(d.members))
    from (
      select m.cohort_id, sum(m.members)::bigint as members
      from (
        select cohort_id, membership_type, 1 as members from new_rows where is_active
        union all
        select cohort_id, membership_type, -1 from old_rows where is_active
      ) m
      join cohorts.cohorts c on c.id = m.cohort_id
      where m.membership_type = 'primary' or not c.is_emergent
      group by m.cohort_id
      having sum(m.members) <> 0
    ) d
    having count(*) > 0;
  end if;
  return null;
end
$$;
comment on function private.count_cohort_members() is
  'Trigger (after insert, update or delete of memberships, per statement): keeps member_count and max_member_count of the cohorts. Definer: counters are not writable by clients.';

create function private.add_cohort_members(p_cohorts uuid[], p_members bigint[])
returns void
language sql
volatile
set search_path = ''
as $$
  update cohorts.cohorts c
  set member_count = c.member_count + d.members,
    max_member_count = greatest(c.max_member_count, c.member_count + d.members)
  from unnest(p_cohorts, p_members) as d (cohort_id, members)
  where c.id = d.cohort_id
$$;
comment on function private.add_cohort_members(uuid[], bigint[]) is 'Adds to (or, negative, takes from) the member counts of cohorts; for the trigger.';

create trigger _200_count_members_insert after insert on cohorts.actor_cohort_membership
  referencing new table as new_rows for each statement execute function private.count_cohort_members();
create trigger _200_count_members_update after update on cohorts.actor_cohort_membership
  referencing old table as old_rows new table as new_rows for each statement execute function private.count_cohort_members();
create trigger _200_count_members_delete after delete on cohorts.actor_cohort_membership
  referencing old table as old_rows for each statement execute function private.count_cohort_members();
