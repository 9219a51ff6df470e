grant usage on schema ai to authenticated, service_role;

select private.grant_access('ai.functions', 'global');
select private.grant_access('ai.function_calls', 'staff');
select private.grant_access('ai.reasoning_logs', 'staff');
select private.grant_access('ai.learning_logs', 'staff');
select private.grant_access('ai.contradiction_logs', 'staff');
select private.grant_access('ai.ai_system_state', 'staff');
select private.grant_access('ai.ai_system_measures', 'staff');

select private.grant_access('private.function_totals', 'service');
select private.grant_access('private.call_watermark', 'service');
select private.grant_access('private.explainers', 'service');
