create function private.redact_secrets(p_row jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(
    e.key,
    case
      when e.key ~* '(secret|token|password|credential|sha256|private_key|authorization)' and e.value <> 'null'::jsonb then '"[redacted]"'::jsonb
      when jsonb_typeof(e.value) = 'object' then private.redact_secrets(e.value)
      else e.value
    end), '{}')
  from jsonb_each(p_row) e
$$;
comment on function private.redact_secrets(jsonb) is
  'p_row with the values of all keys that sound like secrets replaced, nested objects included.';

create function private.audit_row_sha256(p_row core.audit_log)
returns bytea
language sql
immutable
set search_path = ''
as $$
  -- An array of jsonb has one text form whatever the settings of the session; times go in as whole microseconds.
  select sha256(convert_to(jsonb_build_array(
    encode(p_row.previous_sha256, 'hex'), p_row.id, p_row.brand_id, p_row.seq, p_row.table_name, p_row.record_id,
    p_row.action, p_row.old_values, p_row.new_values, p_row.user_id, p_row.caller_role, host(p_row.ip_address),
    p_row.user_agent, p_row.request_id, (extract(epoch from p_row.created_at) * 1000000)::bigint
  )::text, 'UTF8'))
$$;
comment on function private.audit_row_sha256(core.audit_log) is 'What row_sha256 of an audit row must be.';

create function private.request_header(p_name text)
returns text
language sql
stable
set search_path = ''
as $$
  select left(nullif(current_setting('request.headers', true), '')::jsonb ->> lower(p_name), 500)
$$;
comment on function private.request_header(text) is 'A header of the Data API request that runs now, cut to 500 characters; null outside of one.';

create function private.audit_change()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_any jsonb := coalesce(v_new, v_old);
  v_changed text[];
  v_head private.audit_heads;
  v_row core.audit_log;
begin
  if tg_op = 'UPDATE' then
    select array_agg(n.key) into v_changed from jsonb_each(v_new) n
    where n.value is distinct from v_old -> n.key
      and n.key not in ('updated_at', 'last_used_at', 'last_login_at');
    if v_changed is null then
      return null;
    end if;
    select jsonb_object_agg(k, v_old -> k), jsonb_object_agg(k, v_new -> k) into v_old, v_new from unnest(v_changed) k;
  end if;

  v_row.brand_id := case when tg_table_name = 'brands' then v_any ->> 'id' else v_any ->> 'brand_id' end;
  insert into private.audit_heads (brand_id, seq, row_sha256)
  values (coalesce(v_row.brand_id, v_zero), 0, sha256(''))
  on conflict do nothing;
  select * into v_head from private.audit_heads h
  where h.brand_id = coalesce(v_row.brand_id, v_zero) for update;

  v_row.id := private.uuid_v7();
  v_row.seq := v_head.seq + 1;
  v_row.table_name := tg_table_schema || '.' || tg_table_name;
  v_row.record_id := v_any ->> 'id';
  v_row.action := tg_op;
  v_row.old_values := private.redact_secrets(v_old);
  v_row.new_values := private.redact_secrets(v_new);
  v_row.user_id := auth.uid();
  v_row.caller_role := case current_setting('role') when 'none' then session_user::text else current_setting('role') end;
  v_row.ip_address := case when private.request_header('x-forwarded-for') ~ '^[0-9a-fA-F:.]+(,|$)'
    then split_part(private.request_header('x-forwarded-for'), ',', 1)::inet end;
  v_row.user_agent := private.request_header('user-agent');
  v_row.request_id := private.request_header('x-request-id');
  v_row.created_at := clock_timestamp();
  v_row.previous_sha256 := v_head.row_sha256;
  v_row.row_sha256 := private.audit_row_sha256(v_row);
  insert into core.audit_log select v_row.*;
  update private.audit_heads h set seq = v_row.seq, row_sha256 = v_row.row_sha256 where h.brand_id = v_head.brand_id;
  return null;
end
$$;
comment on function private.audit_change() is
  'Trigger (after each row): writes the change to core.audit_log as the next link of the chain of the brand. Definer: no client may write the log itself.';

create function private.core_verify_audit(p_brand uuid, p_digest_seq bigint, p_digest_sha256 text)
returns table (is_intact boolean, rows_checked bigint, first_broken_seq bigint, first_broken_id uuid, reason text)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_head private.audit_heads;
begin
  perform private.require_role(p_brand, 'admin');
  select * into v_head from private.audit_heads h where h.brand_id = p_brand;

  select count(*) into rows_checked from core.audit_log l where l.brand_id = p_brand;
  select b.seq, b.id, b.reason into first_broken_seq, first_broken_id, reason
  from (
    select l.seq, l.id, case
        when l.seq is distinct from lag(l.seq, 1, 0::bigint) over w + 1 then 'rows before it are missing'
        when l.previous_sha256 is distinct from lag(l.row_sha256, 1, sha256('')) over w then 'it does not continue the row before it'
        when l.row_sha256 is distinct from private.audit_row_sha256(l) then 'its content was changed'
        when l.seq = p_digest_seq and encode(l.row_sha256, 'hex') is distinct from lower(p_digest_sha256) then 'it differs from the digest'
      end as reason
    from core.audit_log l where l.brand_id = p_brand
    window w as (order by l.seq)
  ) b
  where b.reason is not null order by b.seq limit 1;

  if reason is null and coalesce(v_head.seq, 0) <> rows_checked then
    first_broken_seq := rows_checked + 1;
    reason := 'the newest rows are missing';
  elsif reason is null and p_digest_seq > coalesce(v_head.seq, 0) then
    first_broken_seq := rows_checked + 1;
    reason := 'the chain is shorter than the digest';
  end if;
  is_intact := reason is null;
  return next;
end
$$;
comment on function private.core_verify_audit(uuid, bigint, text) is 'Body of core.verify_audit. Definer: reads the chain heads, which no client may.';
grant execute on function private.core_verify_audit(uuid, bigint, text) to authenticated, service_role;

create function private.core_audit_digest(p_brand uuid)
returns table (seq bigint, sha256 text, taken_at timestamptz)
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'admin');
  return query select h.seq, encode(h.row_sha256, 'hex'), clock_timestamp()
  from private.audit_heads h where h.brand_id = p_brand;
end
$$;
comment on function private.core_audit_digest(uuid) is 'Body of core.audit_digest. Definer: reads the chain heads.';
grant execute on function private.core_audit_digest(uuid) to authenticated, service_role;

create function core.verify_audit(p_brand uuid, p_digest_seq bigint default null, p_digest_sha256 text default null)
returns table (is_intact boolean, rows_checked bigint, first_broken_seq bigint, first_broken_id uuid, reason text)
language sql
stable
set search_path = ''
begin atomic
  select * from private.core_verify_audit(p_brand, p_digest_seq, p_digest_sha256);
end;
comment on function core.verify_audit(uuid, bigint, text) is
  'Walks the audit chain of p_brand and names its first broken row with the reason. Give the seq and sha256 of a digest that you stored elsewhere to find a chain that was rebuilt as a whole. For admins of the brand.';
grant execute on function core.verify_audit(uuid, bigint, text) to authenticated, service_role;

create function core.audit_digest(p_brand uuid)
returns table (seq bigint, sha256 text, taken_at timestamptz)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_audit_digest(p_brand);
end;
comment on function core.audit_digest(uuid) is
  'The newest link of the audit chain of p_brand, to be stored outside the database and given to core.verify_audit later. For admins of the brand.';
grant execute on function core.audit_digest(uuid) to authenticated, service_role;
