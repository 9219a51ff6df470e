create function private.for_each_brand(p_function text, p_brands uuid[], p_statement text, p_now timestamptz, p_expected text[] default '{}')
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid;
  v_started timestamptz;
  v_key text;
begin
  -- A loop, because each brand has its own subtransaction: one that fails holds up no other.
  foreach v_brand in array coalesce(p_brands, '{}') loop
    v_started := clock_timestamp();
    begin
      execute p_statement using v_brand, p_now;
    exception when others then
      get stacked diagnostics v_key = pg_exception_detail;
      if v_key <> all (p_expected) then
        perform private.log_call(p_function, v_brand, jsonb_build_object('now', p_now), null, v_started, p_status => 'failed',
          p_error => jsonb_build_object('errcode', sqlstate, 'key', v_key, 'message', sqlerrm));
      end if;
    end;
  end loop;
end
$$;
comment on function private.for_each_brand(text, uuid[], text, timestamptz, text[]) is
  'For jobs: runs p_statement ($1: brand, $2: p_now) for each of the brands. A failure is logged as a failed call of p_function, unless its error key is one of p_expected, and the next brand goes on.';
