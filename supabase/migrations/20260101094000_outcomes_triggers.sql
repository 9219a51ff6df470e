create trigger _100_set_updated_at before update on outcomes.outcomes for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.cohort_outcome_summary for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.outcome_analysis for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.outcome_learning for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.outcome_feedback_loop for each row execute function private.set_updated_at();

create function private.advance_outcome()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and old.processing_status in ('processed', 'analyzed', 'learned')
    and new.processing_status in ('pending', 'processed', 'analyzed') and new.processing_status < old.processing_status then
    new.processing_status := old.processing_status;
  end if;
  if new.processing_status = 'pending' and new.outcome_confidence >= 0.8 and new.data_quality_score >= 0.8 then
    new.processing_status := 'processed';
  end if;
  return new;
end
$$;
comment on function private.advance_outcome() is
  'Trigger (before each row): a sure outcome (confidence and data quality at least 0.8) needs no look and is processed at once; an outcome that is further never falls back.';
create trigger _500_advance_outcome before insert or update on outcomes.outcomes
  for each row execute function private.advance_outcome();

create function private.retract_outcomes()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.forget_outcomes(new.brand_id, new.id, new.retracted_at);
  return null;
end
$$;
comment on function private.retract_outcomes() is
  'Trigger: what was measured and learnt from a signal that is taken back goes with it. Definer: nobody writes outcomes, evidence and arms by hand.';

create trigger _300_retract_outcomes after update of retracted_at on signals.signals_base for each row
  when (old.retracted_at is null and new.retracted_at is not null) execute function private.retract_outcomes();
