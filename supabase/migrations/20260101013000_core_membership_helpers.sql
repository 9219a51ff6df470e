create function private.brand_ids(p_min_role core.role_kind)
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(array_agg(u.brand_id), '{}')
  from core.users u
  where u.auth_user_id = (select auth.uid()) and u.is_active and u.role >= p_min_role
$$;

comment on function private.brand_ids(core.role_kind) is
  'Brands in which the caller is an active member with at least p_min_role. For policies, as brand_id = any ((select private.brand_ids(…))::uuid[]): it takes no row value, so it runs once per statement and the index on brand_id is used. Definer: the policy of core.users would otherwise call itself.';
grant execute on function private.brand_ids(core.role_kind) to authenticated, service_role;

create function private.caller_role(p_brand uuid)
returns core.role_kind
language sql
stable
security definer
set search_path = ''
as $$
  select u.role from core.users u
  where u.brand_id = p_brand and u.auth_user_id = (select auth.uid()) and u.is_active
$$;

comment on function private.caller_role(uuid) is
  'Role of the caller in p_brand, null for a non-member. Definer: reads past the policy of core.users.';

create function private.require_role(p_brand uuid, p_role core.role_kind)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_role core.role_kind;
begin
  if private.is_service() then
    if not exists (select from core.brands b where b.id = p_brand) then
      perform private.raise_error('not_found', 'brand', p_brand::text);
    end if;
    return;
  end if;
  v_role := private.caller_role(p_brand);
  if v_role is null then
    perform private.raise_error('not_a_member', p_brand::text);
  elsif v_role < p_role then
    perform private.raise_error('role_too_low', p_role::text, v_role::text);
  end if;
end
$$;

comment on function private.require_role(uuid, core.role_kind) is
  'First line of every security-definer body that works for a brand. Passes for the service role and for an active member with at least p_role. Errors: not_a_member, role_too_low (403).';

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('not_signed_in', 'PT401', 401, 'This needs a signed-in user.', 'Sign in with supabase.auth and send the request again.'),
  ('not_a_member', '42501', 403, 'You are not a member of brand %s.', 'Ask an owner or admin of the brand for an invitation.'),
  ('role_too_low', '42501', 403, 'This needs the role %s or higher; yours is %s.', 'Ask an owner or admin of the brand to change your role.');
