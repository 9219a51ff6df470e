create table private.invitations (
  member_id uuid primary key,
  brand_id uuid not null,
  token_sha256 bytea not null unique,
  expires_at timestamptz not null,
  foreign key (brand_id, member_id) references core.users (brand_id, id) on delete cascade
);
create index invitations_member_idx on private.invitations (brand_id, member_id);
comment on table private.invitations is 'Open invitations, by the SHA-256 of the token that was shown once.';

create function private.require_rank(p_brand uuid, p_member core.users, p_new_role core.role_kind)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_role core.role_kind := private.caller_role(p_brand);
begin
  perform private.require_role(p_brand, 'admin');
  if private.is_service() or v_role = 'owner' then
    return;
  end if;
  if p_new_role >= v_role or (p_member.role >= v_role and p_member.auth_user_id is distinct from auth.uid()) then
    perform private.raise_error('rank_too_low', v_role::text);
  end if;
end
$$;
comment on function private.require_rank(uuid, core.users, core.role_kind) is
  'An owner may do anything to anyone; an admin acts on members below admin and gives roles below admin, and may step down.';

create function private.core_invite_member(p_brand uuid, p_email text, p_role core.role_kind, p_full_name text)
returns table (member_id uuid, token text, expires_at timestamptz)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_email text := lower(btrim(p_email));
  v_member core.users;
begin
  if coalesce(v_email not like '%_@_%', true) or length(v_email) > 320 then
    perform private.raise_error('invalid_argument', 'p_email', 'must be an e-mail address');
  end if;
  select * into v_member from core.users u where u.brand_id = p_brand and u.email = v_email for update;
  perform private.require_rank(p_brand, v_member, p_role);
  if v_member.is_active and v_member.auth_user_id is not null then
    perform private.raise_error('already_a_member', v_email);
  end if;

  insert into core.users (brand_id, email, full_name, role, is_active, invited_by)
  values (p_brand, v_email, p_full_name, p_role, false,
    (select u.id from core.users u where u.brand_id = p_brand and u.auth_user_id = auth.uid()))
  on conflict (brand_id, email) do update
    set role = excluded.role, full_name = coalesce(excluded.full_name, core.users.full_name),
        invited_by = excluded.invited_by, auth_user_id = null, accepted_at = null
  returning * into v_member;

  member_id := v_member.id;
  token := 'lwi_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  expires_at := now() + interval '7 days';
  insert into private.invitations as i (member_id, brand_id, token_sha256, expires_at)
  values (v_member.id, p_brand, sha256(convert_to(token, 'UTF8')), core_invite_member.expires_at)
  on conflict on constraint invitations_pkey do update
    set token_sha256 = excluded.token_sha256, expires_at = excluded.expires_at;
  return next;
end
$$;
comment on function private.core_invite_member(uuid, text, core.role_kind, text) is
  'Body of core.invite_member. Definer: role and membership are not writable by clients.';
grant execute on function private.core_invite_member(uuid, text, core.role_kind, text) to authenticated, service_role;

create function core.invite_member(p_brand uuid, p_email text, p_role core.role_kind, p_full_name text default null)
returns table (member_id uuid, token text, expires_at timestamptz)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_invite_member(p_brand, p_email, p_role, p_full_name);
end;
comment on function core.invite_member(uuid, text, core.role_kind, text) is
  'Invites an e-mail address to a brand, for admins and owners. Returns the token once; only the user with that address can accept it, within 7 days. Inviting again makes the older token void. Errors: role_too_low, rank_too_low, already_a_member, invalid_argument.';
grant execute on function core.invite_member(uuid, text, core.role_kind, text) to authenticated, service_role;

create function private.core_accept_invitation(p_token text)
returns core.users
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_invitation private.invitations;
  v_member core.users;
begin
  if auth.uid() is null then
    perform private.raise_error('not_signed_in');
  end if;
  delete from private.invitations i
  using core.users u, auth.users a
  where i.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and i.expires_at > now()
    and u.id = i.member_id and a.id = auth.uid()
    and lower(a.email) = u.email and a.email_confirmed_at is not null
  returning i.* into v_invitation;
  if v_invitation.member_id is null then
    perform private.raise_error('invitation_invalid');
  elsif exists (
    select from core.users u where u.brand_id = v_invitation.brand_id and u.auth_user_id = auth.uid() and u.is_active
  ) then
    perform private.raise_error('already_a_member', auth.email());
  end if;
  update core.users u set auth_user_id = null where u.brand_id = v_invitation.brand_id and u.auth_user_id = auth.uid();
  update core.users u set auth_user_id = auth.uid(), is_active = true, accepted_at = now()
  where u.id = v_invitation.member_id
  returning * into v_member;
  return v_member;
end
$$;
comment on function private.core_accept_invitation(text) is
  'Body of core.accept_invitation. Definer: the caller becomes a member only by it.';
grant execute on function private.core_accept_invitation(text) to authenticated;

create function core.accept_invitation(p_token text)
returns core.users
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_accept_invitation(p_token);
end;
comment on function core.accept_invitation(text) is
  'Makes the caller a member by the token of core.invite_member and returns the membership. The confirmed e-mail address of the caller must be the invited one. A token works once. Errors: not_signed_in, invitation_invalid (the same for wrong, used, expired and foreign tokens).';
grant execute on function core.accept_invitation(text) to authenticated;

create function private.core_change_role(p_brand uuid, p_member uuid, p_role core.role_kind)
returns core.users
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_member core.users;
begin
  perform private.require_role(p_brand, 'admin');
  select * into v_member from core.users u where u.brand_id = p_brand and u.id = p_member for update;
  if not found then
    perform private.raise_error('not_found', 'member', p_member::text);
  end if;
  perform private.require_rank(p_brand, v_member, p_role);
  update core.users u set role = p_role where u.id = p_member returning * into v_member;
  return v_member;
end
$$;
comment on function private.core_change_role(uuid, uuid, core.role_kind) is 'Body of core.change_role. Definer: clients cannot write role.';
grant execute on function private.core_change_role(uuid, uuid, core.role_kind) to authenticated, service_role;

create function core.change_role(p_brand uuid, p_member uuid, p_role core.role_kind)
returns core.users
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_change_role(p_brand, p_member, p_role);
end;
comment on function core.change_role(uuid, uuid, core.role_kind) is
  'Gives a member (core.users.id) another role and returns the membership. Errors: role_too_low, rank_too_low, last_owner, not_found.';
grant execute on function core.change_role(uuid, uuid, core.role_kind) to authenticated, service_role;

create function private.core_remove_member(p_brand uuid, p_member uuid)
returns core.users
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_member core.users;
begin
  perform private.require_role(p_brand, 'customer');
  select * into v_member from core.users u where u.brand_id = p_brand and u.id = p_member for update;
  if v_member.auth_user_id is distinct from auth.uid() or auth.uid() is null then
    perform private.require_role(p_brand, 'admin');
    if v_member.id is null then
      perform private.raise_error('not_found', 'member', p_member::text);
    end if;
    perform private.require_rank(p_brand, v_member, 'customer');
  end if;
  delete from private.invitations i where i.member_id = p_member;
  update core.users u set is_active = false where u.id = p_member returning * into v_member;
  return v_member;
end
$$;
comment on function private.core_remove_member(uuid, uuid) is 'Body of core.remove_member. Definer: clients cannot write is_active.';
grant execute on function private.core_remove_member(uuid, uuid) to authenticated, service_role;

create function core.remove_member(p_brand uuid, p_member uuid)
returns core.users
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_remove_member(p_brand, p_member);
end;
comment on function core.remove_member(uuid, uuid) is
  'Takes a member out of the brand at once; every member may remove itself. The row stays, inactive. Errors: role_too_low, rank_too_low, last_owner, not_found.';
grant execute on function core.remove_member(uuid, uuid) to authenticated, service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('rank_too_low', '42501', 403, 'The role %s may not do this to that member or give that role.', 'Ask an owner of the brand.'),
  ('already_a_member', 'PT409', 409, '%s is a member already.', 'Use core.change_role to change what the member may do.'),
  ('invitation_invalid', 'PT404', 404, 'This invitation does not exist, has expired or is for another e-mail address.', 'Sign in with the invited address, confirm it, or ask for a new invitation.');
