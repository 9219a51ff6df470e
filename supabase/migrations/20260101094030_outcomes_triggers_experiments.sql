create function private.check_metric_outcomes()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not (new.numerator || new.denominator) <@ enum_range(null::outcomes.outcome_type)::text[] then
    perform private.raise_error('invalid_argument', 'numerator', 'must name types of outcomes');
  end if;
  return new;
end
$$;
comment on function private.check_metric_outcomes() is
  'Trigger (before each row): numerator and denominator of a metric name types of outcomes. Error: invalid_argument. Definer: the error registry is closed to clients.';
create trigger _300_check_metric_outcomes before insert or update of numerator, denominator on stimuli.experiment_metrics
  for each row execute function private.check_metric_outcomes();
