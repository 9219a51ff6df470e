create trigger _100_set_updated_at before update on outcomes.outcomes for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.cohort_outcome_summary for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.outcome_analysis for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.outcome_learning for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on outcomes.outcome_feedback_loop for each row execute function private.set_updated_at();
