grant usage on schema core to authenticated, service_role;

select private.grant_access('core.brands', 'member', p_brand_column => 'id', p_write_role => 'owner',
  p_update => '{brand_name, description, primary_phone, primary_email, website_url, timezone, currency, language, settings}');
select private.grant_access('core.users', 'staff', p_or_own => '(auth_user_id = (select auth.uid()) and is_active)');
select private.grant_access('core.brand_settings', 'staff');
select private.grant_access('core.system_parameters', 'global');
select private.grant_access('core.brand_integrations', 'staff:admin');
select private.grant_access('core.api_keys', 'staff:admin');
select private.grant_access('core.audit_log', 'append:admin');

select private.grant_access('private.error_codes', 'service');
select private.grant_access('private.rate_limits', 'service');
select private.grant_access('private.idempotency_keys', 'service');
select private.grant_access('private.jobs', 'service');
select private.grant_access('private.schedule_runs', 'service');
select private.grant_access('private.partitioned_tables', 'service');
select private.grant_access('private.integration_credentials', 'service');
select private.grant_access('private.invitations', 'service');
select private.grant_access('private.audit_heads', 'service');
select private.grant_access('private.audit_digests', 'service');
select private.grant_access('private.table_access', 'service');
