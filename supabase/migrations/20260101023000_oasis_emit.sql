create function private.emit(p_brand uuid, p_type text, p_entity_type text, p_entity_id uuid, p_payload jsonb)
returns uuid
language sql
volatile
set search_path = ''
as $$
  insert into public.oasis_events (brand_id, type, source, topic, entity_type, entity_id, payload, actor_id, actor_role)
  values (
    p_brand, p_type, split_part(p_type, '.', 1), split_part(p_type, '.', 1), p_entity_type, p_entity_id,
    coalesce(p_payload, '{}'), auth.uid()::text, case when auth.uid() is null then 'system' else 'user' end)
  returning id
$$;

comment on function private.emit(uuid, text, text, uuid, jsonb) is
  'Writes one event and returns its id; for security-definer bodies and jobs, once per statement and not once per row of a batch. p_brand: null for the whole system; p_type: dotted name such as signals.batch_ingested; p_entity_type, p_entity_id: what it is about, both may be null; p_payload: small facts, no secrets.';
