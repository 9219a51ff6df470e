create trigger _100_set_updated_at before update on stimuli.stimulus_templates for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.stimuli_base for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.offers for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.campaigns for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.messages for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.arms for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.stimulus_deployments for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.stimulus_performance_metrics for each row execute function private.set_updated_at();

create function private.count_template_usage()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  update stimuli.stimulus_templates t set usage_count = t.usage_count + n.used
  from (select i.brand_id, i.template_id, count(*) as used from inserted i
    where i.generated_by = 'template' and i.template_id is not null group by i.brand_id, i.template_id) n
  where t.brand_id = n.brand_id and t.id = n.template_id;
  return null;
end
$$;
comment on function private.count_template_usage() is
  'Trigger (after insert, per statement): usage_count of the templates that stimuli were made from. Definer: clients may not write the counter.';
create trigger _500_count_template_usage after insert on stimuli.stimuli_base
  referencing new table as inserted for each statement execute function private.count_template_usage();

create function private.inherit_from_cohorts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.inherit_arms(p.brand_id, array_agg(row(p.id, p.cohort_id, p.heir, p.share, p.event_type = 'split' and p.heir <> p.cohort_id, p.event_timestamp)::private.arm_passage))
  from (
    select e.*, (h.heir ->> 'cohort_id')::uuid as heir, (h.heir ->> 'share')::double precision as share
    from inserted e
    cross join jsonb_array_elements(e.after_state -> 'heirs') h (heir)
    where e.event_type in ('split', 'merged', 'dissolved') and e.cohort_id is not null
  ) p
  group by p.brand_id;
  return null;
end
$$;
comment on function private.inherit_from_cohorts() is
  'Trigger (after insert of cohort events, per statement): what a cohort that split, merged or dissolved had learnt goes with its people. Definer: arms are not writable by clients.';
create trigger _500_inherit_arms after insert on cohorts.cohort_evolution_log
  referencing new table as inserted for each statement execute function private.inherit_from_cohorts();
