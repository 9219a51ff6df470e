-- One active version per name.
create unique index functions_one_active_idx on ai.functions (brand_id, function_name) nulls not distinct where is_active;
create index functions_name_idx on ai.functions (function_name) where is_active;
create index functions_integration_idx on ai.functions (brand_id, integration_id);
create index functions_replacement_idx on ai.functions (replacement_function_id);
create index functions_created_by_idx on ai.functions (created_by);

create index function_calls_recent_idx on ai.function_calls (brand_id, call_timestamp desc);
create index function_calls_function_idx on ai.function_calls (function_id);
-- For the counting job, which reads what was written since its last run.
create index function_calls_xid_idx on ai.function_calls (xid);

create index reasoning_logs_recent_idx on ai.reasoning_logs (brand_id, reasoning_started_at desc);
create index reasoning_logs_scope_idx on ai.reasoning_logs (brand_id, scope_id, reasoning_started_at desc) where scope_id is not null;
create index reasoning_logs_reviewed_by_idx on ai.reasoning_logs (reviewed_by);

create index learning_logs_recent_idx on ai.learning_logs (brand_id, learned_at desc);

create index contradiction_logs_scope_idx on ai.contradiction_logs (brand_id, scope_id, detected_at desc);
