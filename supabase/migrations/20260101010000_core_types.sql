create schema core;
comment on schema core is 'Tenancy: brands, their members, settings, integrations, API keys and the audit log.';

-- Ascending, so that `role >= 'operator'` reads as it is meant.
create type core.role_kind as enum ('customer', 'kiosk', 'support', 'operator', 'manager', 'admin', 'owner');
create type core.value_type as enum ('string', 'number', 'boolean', 'object', 'array');
create type core.integration_status as enum ('inactive', 'active', 'error', 'pending');
create type core.audit_action as enum ('INSERT', 'UPDATE', 'DELETE');
