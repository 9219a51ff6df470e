create function private.core_connect_integration(
  p_brand uuid, p_service_name text, p_service_type text, p_credentials jsonb, p_config jsonb
)
returns core.brand_integrations
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_integration core.brand_integrations;
  v_secret uuid;
begin
  perform private.require_role(p_brand, 'admin');
  if coalesce(btrim(p_service_name), '') = '' or length(p_service_name) > 100 then
    perform private.raise_error('invalid_argument', 'p_service_name', 'must have 1 to 100 characters');
  elsif coalesce(p_service_type not in ('whatsapp', 'email', 'crm', 'analytics', 'payment', 'social', 'other'), true) then
    perform private.raise_error('invalid_argument', 'p_service_type', 'must be whatsapp, email, crm, analytics, payment, social or other');
  elsif coalesce(jsonb_typeof(p_credentials) <> 'object', true) or length(p_credentials::text) > 16384 then
    perform private.raise_error('invalid_argument', 'p_credentials', 'must be an object of at most 16 kB');
  elsif coalesce(jsonb_typeof(p_config) <> 'object', true) then
    perform private.raise_error('invalid_argument', 'p_config', 'must be an object');
  end if;

  insert into core.brand_integrations (brand_id, service_name, service_type, status, config, created_by)
  values (p_brand, p_service_name, p_service_type, 'active', p_config, auth.uid())
  on conflict (brand_id, service_name) do update
    set service_type = excluded.service_type, status = 'active', config = excluded.config, last_error = null, error_count = 0
  returning * into v_integration;

  select c.vault_secret_id into v_secret from private.integration_credentials c where c.integration_id = v_integration.id;
  if v_secret is null then
    v_secret := vault.create_secret(p_credentials::text, 'integration/' || v_integration.id);
    insert into private.integration_credentials (integration_id, brand_id, vault_secret_id)
    values (v_integration.id, p_brand, v_secret);
  else
    perform vault.update_secret(v_secret, p_credentials::text);
  end if;
  return v_integration;
end
$$;
comment on function private.core_connect_integration(uuid, text, text, jsonb, jsonb) is
  'Body of core.connect_integration. Definer: writes to Vault.';
grant execute on function private.core_connect_integration(uuid, text, text, jsonb, jsonb) to authenticated, service_role;

create function core.connect_integration(
  p_brand uuid, p_service_name text, p_service_type text, p_credentials jsonb, p_config jsonb default '{}'
)
returns core.brand_integrations
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_connect_integration(p_brand, p_service_name, p_service_type, p_credentials, p_config);
end;
comment on function core.connect_integration(uuid, text, text, jsonb, jsonb) is
  'Connects an external service, or replaces its credentials; for admins. The credentials go to Vault and are never given back to a client. Errors: invalid_argument, role_too_low.';
grant execute on function core.connect_integration(uuid, text, text, jsonb, jsonb) to authenticated, service_role;

create function private.core_disconnect_integration(p_brand uuid, p_integration uuid)
returns core.brand_integrations
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_integration core.brand_integrations;
begin
  perform private.require_role(p_brand, 'admin');
  update core.brand_integrations i set status = 'inactive' where i.brand_id = p_brand and i.id = p_integration
  returning * into v_integration;
  if v_integration.id is null then
    perform private.raise_error('not_found', 'integration', p_integration::text);
  end if;
  delete from private.integration_credentials c where c.integration_id = p_integration;
  return v_integration;
end
$$;
comment on function private.core_disconnect_integration(uuid, uuid) is 'Body of core.disconnect_integration. Definer: removes the secret from Vault.';
grant execute on function private.core_disconnect_integration(uuid, uuid) to authenticated, service_role;

create function core.disconnect_integration(p_brand uuid, p_integration uuid)
returns core.brand_integrations
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_disconnect_integration(p_brand, p_integration);
end;
comment on function core.disconnect_integration(uuid, uuid) is
  'Sets an integration inactive and deletes its credentials from Vault; for admins. Errors: not_found, role_too_low.';
grant execute on function core.disconnect_integration(uuid, uuid) to authenticated, service_role;

create function private.delete_vault_secret()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from vault.secrets s where s.id = old.vault_secret_id;
  return null;
end
$$;
comment on function private.delete_vault_secret() is
  'Trigger (after delete): no secret outlives its integration or brand. Definer: Vault is closed to API roles.';
create trigger _500_delete_vault_secret after delete on private.integration_credentials
  for each row execute function private.delete_vault_secret();

create function private.core_integration_credentials(p_brand uuid, p_service_name text)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_service();
  return (
    select d.decrypted_secret::jsonb
    from core.brand_integrations i
    join private.integration_credentials c on c.integration_id = i.id
    join vault.decrypted_secrets d on d.id = c.vault_secret_id
    where i.brand_id = p_brand and i.service_name = p_service_name and i.status = 'active');
end
$$;
comment on function private.core_integration_credentials(uuid, text) is 'Body of core.integration_credentials. Definer: reads Vault.';
grant execute on function private.core_integration_credentials(uuid, text) to service_role;

create function core.integration_credentials(p_brand uuid, p_service_name text)
returns jsonb
language sql
stable
set search_path = ''
begin atomic
  select private.core_integration_credentials(p_brand, p_service_name);
end;
comment on function core.integration_credentials(uuid, text) is
  'Decrypted credentials of an active integration, null when there is none. Service role only: Edge Functions use them, clients never see them.';
grant execute on function core.integration_credentials(uuid, text) to service_role;
