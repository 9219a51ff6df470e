create function private.is_own_deployment(p_deployment stimuli.stimulus_deployments)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from auth.users u
    join actors.actor_identifiers i on i.brand_id = p_deployment.brand_id and i.actor_id = p_deployment.actor_id
      and i.identifier_type = 'email' and i.identifier_value = lower(u.email)
    where u.id = (select auth.uid()) and u.email_confirmed_at is not null)
$$;
comment on function private.is_own_deployment(stimuli.stimulus_deployments) is
  'Whether it was sent to the caller: the caller''s confirmed e-mail address is one of that person.';

create function private.offer_to_redeem(p_brand uuid, p_code text, p_deployment uuid, out stimulus_id uuid, out deployment_id uuid, out actor_id uuid)
language plpgsql
stable
set search_path = ''
as $$
declare
  v_code constant text := upper(regexp_replace(p_code, '[^A-Za-z0-9]', '', 'g'));
  v_is_staff constant boolean := private.is_service() or coalesce(private.caller_role(p_brand) >= 'kiosk', false);
  v_found stimuli.stimulus_deployments;
begin
  if num_nonnulls(p_code, p_deployment) <> 1 then
    perform private.raise_error('invalid_argument', 'p_code', 'give either a code or a deployment');
  end if;
  select d.* into v_found from stimuli.stimulus_deployments d
  where d.brand_id = p_brand and not d.is_holdout
    and (d.id = p_deployment or d.personalization_applied ? 'offer_code' and d.personalization_applied ->> 'offer_code' = v_code);
  if found and (v_is_staff or p_code is not null and private.is_own_deployment(v_found)) then
    stimulus_id := v_found.stimulus_id;
    deployment_id := v_found.id;
    select coalesce(a.merged_into, a.id) into actor_id from actors.actors a where a.brand_id = p_brand and a.id = v_found.actor_id;
  elsif v_is_staff then
    select o.stimulus_id into stimulus_id from stimuli.offers o where o.brand_id = p_brand and o.offer_code = v_code;
  end if;
  -- A code that is somebody else's looks like one that does not exist.
  if stimulus_id is null then
    perform private.raise_error('not_found', 'offer', coalesce(v_code, p_deployment::text));
  end if;
end
$$;
comment on function private.offer_to_redeem(uuid, text, uuid) is
  'The offer that a code or deployment is of, and for whom. Codes are read in any case, with or without hyphens and spaces. Below kiosk only the code of an own deployment is known. Errors: not_found, invalid_argument.';

create function private.tell_redemption(p_redemption stimuli.offer_redemptions)
returns void
language sql
volatile
set search_path = ''
as $$
  select count(b.index) from actors.actors a
  cross join lateral private.ingest_batch(p_redemption.brand_id, jsonb_build_array(jsonb_build_object(
    'type', 'crm_event', 'source_platform', 'loopwise', 'source_id', 'redemption:' || p_redemption.id, 'occurred_at', p_redemption.redeemed_at,
    'identifiers', jsonb_build_object(a.primary_identifier_type, a.primary_identifier),
    'data', jsonb_build_object('event_type', 'converted', 'event_name', 'offer_redeemed', 'event_timestamp', p_redemption.redeemed_at,
      'event_source', 'integration', 'event_data', jsonb_build_object('stimulus_id', p_redemption.stimulus_id,
        'deployment_id', p_redemption.deployment_id, 'redemption_id', p_redemption.id, 'discount', p_redemption.discount)))),
    p_redemption.redeemed_at) b
  where a.brand_id = p_redemption.brand_id and a.id = p_redemption.actor_id and a.primary_identifier_type <> 'name'
$$;
comment on function private.tell_redemption(stimuli.offer_redemptions) is
  'Makes a redemption of somebody who is known a signal, crm_event offer_redeemed, and so an outcome of the stimulus.';

create function private.stimuli_redeem(p_brand uuid, p_order jsonb, p_idempotency_key text, p_code text, p_deployment uuid, p_now timestamptz)
returns stimuli.offer_redemptions
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_scope constant text := 'stimuli.redeem/' || p_brand;
  v_currency text;
  v_replay record;
  v_of record;
  v_offer stimuli.offers;
  v_status stimuli.stimulus_status;
  v_sums record;
  v_new stimuli.offer_redemptions;
begin
  perform private.require_role(p_brand, 'customer');
  perform private.require_this_moment('p_now', p_now);
  select b.currency into v_currency from core.brands b where b.id = p_brand;
  perform private.check_order(p_order, v_currency);
  if p_idempotency_key is null then
    perform private.raise_error('invalid_argument', 'p_idempotency_key', 'is required: a till sends again what it hears no answer to');
  end if;
  select * into v_of from private.offer_to_redeem(p_brand, p_code, p_deployment);
  select * into v_replay from private.begin_idempotent(v_scope, p_idempotency_key,
    sha256(convert_to(jsonb_build_array(p_order, v_of.stimulus_id, v_of.deployment_id)::text, 'UTF8')));
  if v_replay.is_replay then
    return jsonb_populate_record(null::stimuli.offer_redemptions, v_replay.response);
  end if;

  -- Under this lock what is counted below does not change.
  select * into v_offer from stimuli.offers o where o.brand_id = p_brand and o.stimulus_id = v_of.stimulus_id for no key update;
  if not found then
    perform private.raise_error('not_found', 'offer', v_of.stimulus_id::text);
  end if;
  select s.status into v_status from stimuli.stimuli_base s where s.brand_id = p_brand and s.id = v_of.stimulus_id;
  if v_of.actor_id is null and p_order ? 'actor_id' then
    select coalesce(a.merged_into, a.id) into v_of.actor_id from actors.actors a where a.brand_id = p_brand and a.id = (p_order ->> 'actor_id')::uuid;
  end if;
  if v_status not in ('active', 'paused', 'completed') or p_now < v_offer.valid_from or p_now >= coalesce(v_offer.redemption_deadline, v_offer.valid_until) then
    perform private.raise_error('offer_not_open', v_of.stimulus_id::text);
  elsif v_offer.usage_limit_per_customer is not null and v_of.actor_id is null then
    perform private.raise_error('order_does_not_qualify', 'the offer is limited per customer, and nobody knows whose order it is: give actor_id or the personal code');
  elsif v_offer.redemption_count >= v_offer.usage_limit or (
      select count(*) from stimuli.offer_redemptions r
      join actors.actors a on a.brand_id = r.brand_id and a.id = r.actor_id
      where r.brand_id = p_brand and r.stimulus_id = v_of.stimulus_id and r.reversed_at is null
        and v_of.actor_id in (a.id, a.merged_into)) >= v_offer.usage_limit_per_customer then
    perform private.raise_error('offer_used_up', v_of.stimulus_id::text);
  end if;
  select * into v_sums from private.offer_discount(v_offer, p_order);
  if v_sums.refusal is not null then
    perform private.raise_error('order_does_not_qualify', v_sums.refusal);
  end if;

  insert into stimuli.offer_redemptions (brand_id, stimulus_id, deployment_id, actor_id, idempotency_key, order_number, order_data, order_total,
    eligible_total, discount, benefit, currency, redeemed_at, redeemed_by)
  values (p_brand, v_of.stimulus_id, v_of.deployment_id, v_of.actor_id, p_idempotency_key, p_order ->> 'order_number', p_order, v_sums.order_total,
    v_sums.eligible_total, v_sums.discount, v_sums.benefit, v_currency, p_now, private.caller_member(p_brand))
  returning * into v_new;
  update stimuli.offers o set redemption_count = o.redemption_count + 1, redemption_value = o.redemption_value + v_new.discount
  where o.brand_id = p_brand and o.stimulus_id = v_of.stimulus_id;
  perform private.tell_redemption(v_new);
  perform private.emit(p_brand, 'stimuli.offer_redeemed', 'redemption', v_new.id,
    jsonb_build_object('stimulus_id', v_new.stimulus_id, 'deployment_id', v_new.deployment_id, 'discount', v_new.discount, 'currency', v_currency));
  perform private.log_call('stimuli.redeem', p_brand, jsonb_build_object('stimulus', v_of.stimulus_id, 'deployment', v_of.deployment_id),
    jsonb_build_object('redemption', v_new.id, 'discount', v_new.discount), v_started, null, 'stimulus', v_of.stimulus_id);
  perform private.finish_idempotent(v_scope, p_idempotency_key, to_jsonb(v_new));
  return v_new;
end
$$;
comment on function private.stimuli_redeem(uuid, jsonb, text, text, uuid, timestamptz) is
  'Body of stimuli.redeem. Definer: redemptions, counters and signals are not writable by clients, and a customer''s own code is looked up past the policies.';
grant execute on function private.stimuli_redeem(uuid, jsonb, text, text, uuid, timestamptz) to authenticated, service_role;

create function stimuli.redeem(p_brand uuid, p_order jsonb, p_idempotency_key text, p_code text default null, p_deployment uuid default null, p_now timestamptz default now())
returns stimuli.offer_redemptions
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_redeem(p_brand, p_order, p_idempotency_key, p_code, p_deployment, p_now);
end;
comment on function stimuli.redeem(uuid, jsonb, text, text, uuid, timestamptz) is
  'Redeems an offer for an order, by its general code, a person''s own code, or a deployment, and returns the redemption with the discount. p_order: {"items": [{"product_id"?, "category"?, "quantity", "unit_price"}], "delivery_fee"?, "currency"?, "order_number"?, "actor_id"? of the customer where the code is general}. The same p_idempotency_key again returns the first redemption. Never more often than the limits allow, however many tills ask at once. For the till (kiosk and up); a customer redeems the code that was sent to its own confirmed e-mail address, and the prices are then its word: compare order_data with the order. Errors: not_found, invalid_argument, offer_not_open, offer_used_up (409), order_does_not_qualify (422), idempotency_key_reused (422), idempotency_in_flight (409).';
grant execute on function stimuli.redeem(uuid, jsonb, text, text, uuid, timestamptz) to authenticated, service_role;

create function private.stimuli_reverse_redemption(p_brand uuid, p_redemption uuid, p_reason text, p_now timestamptz)
returns stimuli.offer_redemptions
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_redemption stimuli.offer_redemptions;
  v_signal uuid;
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_this_moment('p_now', p_now);
  if coalesce(btrim(p_reason), '') = '' or length(p_reason) > 1000 then
    perform private.raise_error('invalid_argument', 'p_reason', 'must have 1 to 1,000 characters');
  end if;
  select * into v_redemption from stimuli.offer_redemptions r where r.brand_id = p_brand and r.id = p_redemption;
  if not found then
    perform private.raise_error('not_found', 'redemption', p_redemption::text);
  end if;
  -- The order of locks is that of stimuli.redeem: first the offer.
  perform from stimuli.offers o where o.brand_id = p_brand and o.stimulus_id = v_redemption.stimulus_id for no key update;
  update stimuli.offer_redemptions r set reversed_at = p_now, reversed_by = private.caller_member(p_brand), reversal_reason = p_reason
  where r.id = p_redemption and r.reversed_at is null returning * into v_redemption;
  if not found then
    select * into v_redemption from stimuli.offer_redemptions r where r.id = p_redemption;
    return v_redemption;
  end if;
  update stimuli.offers o set redemption_count = o.redemption_count - 1, redemption_value = o.redemption_value - v_redemption.discount
  where o.brand_id = p_brand and o.stimulus_id = v_redemption.stimulus_id;
  select s.id into v_signal from signals.signals_base s
  where s.brand_id = p_brand and s.source_platform = 'loopwise' and s.source_id = 'redemption:' || p_redemption limit 1;
  if found then
    perform private.actors_retract(v_signal, p_reason, p_now);
  end if;
  perform private.emit(p_brand, 'stimuli.redemption_reversed', 'redemption', p_redemption,
    jsonb_build_object('stimulus_id', v_redemption.stimulus_id, 'discount', v_redemption.discount));
  return v_redemption;
end
$$;
comment on function private.stimuli_reverse_redemption(uuid, uuid, text, timestamptz) is
  'Body of stimuli.reverse_redemption. Definer: redemptions and counters are not writable by clients.';
grant execute on function private.stimuli_reverse_redemption(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function stimuli.reverse_redemption(p_brand uuid, p_redemption uuid, p_reason text, p_now timestamptz default now())
returns stimuli.offer_redemptions
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_reverse_redemption(p_brand, p_redemption, p_reason, p_now);
end;
comment on function stimuli.reverse_redemption(uuid, uuid, text, timestamptz) is
  'Takes a redemption back, as when its order is returned: the offer can be used once more, its counters go down, and its signal is retracted with all that was learnt from it. Again it changes nothing. For operators. Errors: not_found, invalid_argument.';
grant execute on function stimuli.reverse_redemption(uuid, uuid, text, timestamptz) to authenticated, service_role;
