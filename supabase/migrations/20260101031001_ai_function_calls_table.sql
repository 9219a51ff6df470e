create table ai.function_calls (
  id uuid not null default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  function_id uuid not null references ai.functions (id) on delete cascade,
  xid xid8 not null default pg_current_xact_id(),
  call_timestamp timestamptz not null default now(),
  call_type ai.call_type not null,
  call_priority ai.priority not null default 'normal',
  input_data jsonb not null,
  output_data jsonb,
  error_data jsonb,
  execution_status ai.call_status not null,
  execution_time_ms integer
    constraint execution_time_is_not_negative check (execution_time_ms >= 0),
  memory_used_mb integer
    constraint memory_used_is_not_negative check (memory_used_mb >= 0),
  cpu_time_ms integer
    constraint cpu_time_is_not_negative check (cpu_time_ms >= 0),
  triggered_by text,
  parent_call_id uuid,
  related_entity_type text,
  related_entity_id uuid,
  input_quality_score double precision
    constraint input_quality_is_a_share check (input_quality_score between 0 and 1),
  output_quality_score double precision
    constraint output_quality_is_a_share check (output_quality_score between 0 and 1),
  confidence_score double precision
    constraint confidence_is_a_share check (confidence_score between 0 and 1),
  queue_time_ms integer
    constraint queue_time_is_not_negative check (queue_time_ms >= 0),
  processing_time_ms integer
    constraint processing_time_is_not_negative check (processing_time_ms >= 0),
  total_time_ms integer
    constraint total_time_is_not_negative check (total_time_ms >= 0),
  retry_count integer not null default 0
    constraint retry_count_is_not_negative check (retry_count >= 0),
  max_retries integer not null default 3
    constraint max_retries_is_not_negative check (max_retries >= 0),
  retry_reason text,
  execution_node text,
  session_id text,
  user_id uuid,
  primary key (id, call_timestamp)
) partition by range (call_timestamp);

comment on table ai.function_calls is
  'One row per call of a top-level function, written by private.log_call when the call has ended: one per batch, not per row.';
comment on column ai.function_calls.xid is 'Transaction that wrote the row; the counting job takes each row exactly once by it.';
comment on column ai.function_calls.parent_call_id is 'Call that made this one. No foreign key: old months are detached.';
comment on column ai.function_calls.user_id is 'auth.users.id of the caller; null for the service role and jobs. No foreign key: the log outlives the account.';
comment on column ai.function_calls.input_data is 'Arguments in short; what is larger than 16 kB is replaced by its size.';

select private.register_partitioned_table('ai.function_calls', 24);
