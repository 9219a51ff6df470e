create trigger _100_set_updated_at before update on stimuli.experiments for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.experiment_variants for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.experiment_metrics for each row execute function private.set_updated_at();

create function private.keep_experiment_plan()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_row constant jsonb := to_jsonb(case tg_op when 'DELETE' then old else new end);
  v_experiment constant uuid := (v_row ->> case tg_table_name when 'experiments' then 'id' else 'experiment_id' end)::uuid;
  v_status text;
begin
  -- Deeper than one is a foreign key's own action: the row goes, or lets go, with what it belongs to.
  if pg_trigger_depth() = 1 then
    -- The lock waits for a start that is on its way.
    select e.status into v_status from stimuli.experiments e where e.id = v_experiment for key share;
    if v_status <> 'draft' then
      perform private.raise_error('experiment_is_fixed', v_experiment::text, v_status);
    end if;
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function private.keep_experiment_plan() is
  'Trigger (before each row): plan, variants and metrics change only while the experiment is a draft; a test that is changed on the way proves nothing. Error: experiment_is_fixed (409). Definer: reads the experiment and the error registry for clients.';
create trigger _300_keep_experiment_plan before update on stimuli.experiments for each row
  when (old.status <> 'draft' and (old.hypothesis, old.campaign_id, old.baseline, old.baseline_deviation, old.minimal_effect, old.power, old.alpha,
      old.sequential_method, old.outcome_window_days, old.covariate_attribute, old.max_people)
    is distinct from (new.hypothesis, new.campaign_id, new.baseline, new.baseline_deviation, new.minimal_effect, new.power, new.alpha,
      new.sequential_method, new.outcome_window_days, new.covariate_attribute, new.max_people))
  execute function private.keep_experiment_plan();
create trigger _300_keep_experiment_plan before insert or update or delete on stimuli.experiment_variants for each row execute function private.keep_experiment_plan();
create trigger _300_keep_experiment_plan before insert or update or delete on stimuli.experiment_metrics for each row execute function private.keep_experiment_plan();
