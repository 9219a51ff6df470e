create trigger _100_set_updated_at before update on stimuli.stimulus_templates for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.stimuli_base for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.offers for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.campaigns for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.messages for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.arms for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.stimulus_deployments for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.stimulus_performance_metrics for each row execute function private.set_updated_at();
