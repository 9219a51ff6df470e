create function private.signals_retry_failed(p_brand uuid, p_limit integer)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_count integer;
begin
  perform private.require_role(p_brand, 'operator');
  if coalesce(p_limit not between 1 and 100000, true) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be between 1 and 100000');
  end if;
  with chosen as (
    select b.id from signals.signals_base b
    where b.brand_id = p_brand and b.processing_status = 'failed'
    order by b.occurred_at limit p_limit
    for update skip locked
  )
  update signals.signals_base b set processing_status = 'pending', processing_error = null
  from chosen c where b.brand_id = p_brand and b.id = c.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.signals_retry_failed(uuid, integer) is
  'Body of signals.retry_failed. Definer: clients cannot write signals.';
grant execute on function private.signals_retry_failed(uuid, integer) to authenticated, service_role;

create function signals.retry_failed(p_brand uuid, p_limit integer default 10000)
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.signals_retry_failed(p_brand, p_limit);
end;
comment on function signals.retry_failed(uuid, integer) is
  'Puts up to p_limit signals whose processing failed back to pending, oldest first, and returns how many; for operators. Errors: invalid_argument, not_a_member, role_too_low.';
grant execute on function signals.retry_failed(uuid, integer) to authenticated, service_role;
