create function private.terms_problem(p_products jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select case
    when jsonb_typeof(p_products) is distinct from 'array' then 'must be a list'
    when jsonb_array_length(p_products) > 1000 then 'has more than 1,000 entries'
    when exists (select from jsonb_array_elements(p_products) e
      where not coalesce(jsonb_typeof(e) = 'object' and num_nonnulls(e ->> 'product_id', e ->> 'category') = 1, false))
      then 'takes elements {"product_id"} or {"category"}' end
$$;
comment on function private.terms_problem(jsonb) is 'What is wrong with a list of products of an offer, in words; null for nothing.';

create function private.offer_problem(p_offer stimuli.offers, p_now timestamptz)
returns text
language sql
immutable
set search_path = ''
as $$
  select case
    when p_offer.stimulus_id is null then 'it has no terms'
    when p_offer.offer_type in ('discount', 'bundle') and coalesce(p_offer.offer_percentage, 0) = 0 and coalesce(p_offer.offer_value, 0) = 0
      then 'it takes nothing off: give it a percentage or an amount'
    when p_offer.offer_type in ('discount', 'bundle') and p_offer.offer_percentage > 0 and p_offer.offer_value > 0
      then 'it has both a percentage and an amount'
    when p_offer.offer_type = 'loyalty_points' and coalesce(p_offer.offer_value, 0) <= 1 then 'the factor of its points (offer_value) is not above 1'
    when p_offer.valid_until <= p_now then 'it has ended already'
    when p_offer.redemption_deadline < p_offer.valid_until then 'it can be redeemed for a shorter time than it is valid'
    when p_offer.usage_limit_per_customer > p_offer.usage_limit then 'one customer may use it more often than all together'
    when private.terms_problem(p_offer.applicable_products) is not null then 'applicable_products ' || private.terms_problem(p_offer.applicable_products)
    when private.terms_problem(p_offer.excluded_products) is not null then 'excluded_products ' || private.terms_problem(p_offer.excluded_products)
    when p_offer.offer_type = 'bundle' and jsonb_array_length(p_offer.applicable_products) = 1 then 'a bundle is of two things at least'
  end
$$;
comment on function private.offer_problem(stimuli.offers, timestamptz) is 'Why nobody could make use of an offer as its terms are, in words; null where they are sound.';

create function private.approve_stimulus(p_stimulus stimuli.stimuli_base, p_user uuid, p_now timestamptz)
returns stimuli.stimuli_base
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_offer stimuli.offers;
  v_approved stimuli.stimuli_base;
begin
  -- What has no text of its own has none to check: a campaign, or what is said elsewhere.
  if p_stimulus.content_data <> '{}' and p_stimulus.content_checked_at is null then
    perform private.raise_error('stimulus_not_checked', p_stimulus.id::text);
  elsif p_user is not null and p_user = p_stimulus.created_by and private.parameter(p_stimulus.brand_id, 'stimuli.four_eyes')::boolean then
    perform private.raise_error('stimulus_needs_another_approver', p_stimulus.id::text);
  elsif p_stimulus.expires_at <= p_now then
    perform private.raise_error('stimulus_expired', p_stimulus.id::text, p_stimulus.expires_at::text);
  end if;
  if p_stimulus.stimulus_type = 'offer' then
    select * into v_offer from stimuli.offers o where o.brand_id = p_stimulus.brand_id and o.stimulus_id = p_stimulus.id;
    if private.offer_problem(v_offer, p_now) is not null then
      perform private.raise_error('offer_terms_invalid', p_stimulus.id::text, private.offer_problem(v_offer, p_now));
    end if;
  end if;
  update stimuli.stimuli_base s
  set status = case when s.scheduled_for > p_now then 'scheduled' else 'approved' end::stimuli.stimulus_status,
    approved_by = p_user, approved_at = p_now, rejection_reason = null
  where s.id = p_stimulus.id returning * into v_approved;
  update stimuli.offers o set approval_status = 'approved', approved_at = p_now, approved_by = p_user where o.stimulus_id = p_stimulus.id;
  return v_approved;
end
$$;
comment on function private.approve_stimulus(stimuli.stimuli_base, uuid, timestamptz) is
  'Approves one draft: scheduled when its time is yet to come. p_user: who approves; null for the system where stimuli.auto_approve is on. Errors: stimulus_not_checked, stimulus_needs_another_approver, stimulus_expired, offer_terms_invalid.';

create function private.stimuli_approve(p_brand uuid, p_stimulus uuid, p_now timestamptz)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_stimulus stimuli.stimuli_base;
  v_variant stimuli.stimuli_base;
begin
  perform private.require_role(p_brand, 'manager');
  v_stimulus := private.stimulus_for_update(p_brand, p_stimulus);
  if v_stimulus.campaign_id is not null then
    perform private.raise_error('variant_follows_campaign', p_stimulus::text, v_stimulus.campaign_id::text);
  elsif v_stimulus.status = 'draft' then
    v_stimulus := private.approve_stimulus(v_stimulus, private.caller_member(p_brand), p_now);
    if v_stimulus.stimulus_type = 'campaign' then
      -- A loop: at most twenty, each with its own reasons to be refused.
      for v_variant in
        select s.* from stimuli.stimuli_base s
        where s.brand_id = p_brand and s.campaign_id = p_stimulus and s.status = 'draft' order by s.id for update
      loop
        perform private.approve_stimulus(v_variant, private.caller_member(p_brand), p_now);
      end loop;
      if not found then
        perform private.raise_error('campaign_without_variants', p_stimulus::text);
      end if;
    end if;
    perform private.emit(p_brand, 'stimuli.approved', 'stimulus', p_stimulus, '{}');
  elsif v_stimulus.status not in ('approved', 'scheduled') then
    perform private.raise_error('stimulus_not_ready', p_stimulus::text, v_stimulus.status::text, 'approved');
  end if;
  perform private.log_call('stimuli.approve', p_brand, jsonb_build_object('stimulus', p_stimulus),
    jsonb_build_object('status', v_stimulus.status), v_started, null, 'stimulus', p_stimulus);
  return v_stimulus;
end
$$;
comment on function private.stimuli_approve(uuid, uuid, timestamptz) is 'Body of stimuli.approve. Definer: clients may not move a status.';
grant execute on function private.stimuli_approve(uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.approve(p_brand uuid, p_stimulus uuid, p_now timestamptz default now())
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_approve(p_brand, p_stimulus, p_now);
end;
comment on function stimuli.approve(uuid, uuid, timestamptz) is
  'Approves a draft and returns it: scheduled when its scheduled_for lies after p_now, else approved; a campaign with all its variants or not at all. From then on its content and terms are fixed. Approving again changes nothing. Its content must have passed the check, its terms must be sound, and with stimuli.four_eyes on, its author does not approve it. For managers. Errors: not_found, stimulus_not_ready, stimulus_not_checked, stimulus_needs_another_approver, stimulus_expired, offer_terms_invalid, variant_follows_campaign, campaign_without_variants (409).';
grant execute on function stimuli.approve(uuid, uuid, timestamptz) to authenticated, service_role;

create function private.stimuli_reject(p_brand uuid, p_stimulus uuid, p_reason text)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_stimulus stimuli.stimuli_base;
begin
  perform private.require_role(p_brand, 'manager');
  if coalesce(btrim(p_reason), '') = '' or length(p_reason) > 1000 then
    perform private.raise_error('invalid_argument', 'p_reason', 'must have 1 to 1,000 characters');
  end if;
  v_stimulus := private.stimulus_for_update(p_brand, p_stimulus);
  if v_stimulus.campaign_id is not null then
    perform private.raise_error('variant_follows_campaign', p_stimulus::text, v_stimulus.campaign_id::text);
  elsif v_stimulus.status not in ('draft', 'approved', 'scheduled') then
    perform private.raise_error('stimulus_not_ready', p_stimulus::text, v_stimulus.status::text, 'rejected');
  end if;
  update stimuli.offers o set approval_status = 'rejected'
  from stimuli.stimuli_base s
  where s.brand_id = p_brand and (s.id = p_stimulus or s.campaign_id = p_stimulus) and o.brand_id = s.brand_id and o.stimulus_id = s.id;
  update stimuli.stimuli_base s set status = 'cancelled', rejection_reason = p_reason
  where s.brand_id = p_brand and (s.id = p_stimulus or s.campaign_id = p_stimulus);
  perform private.emit(p_brand, 'stimuli.rejected', 'stimulus', p_stimulus, jsonb_build_object('reason', p_reason));
  return private.stimulus_for_update(p_brand, p_stimulus);
end
$$;
comment on function private.stimuli_reject(uuid, uuid, text) is 'Body of stimuli.reject. Definer: clients may not move a status.';
grant execute on function private.stimuli_reject(uuid, uuid, text) to authenticated, service_role;

create function stimuli.reject(p_brand uuid, p_stimulus uuid, p_reason text)
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_reject(p_brand, p_stimulus, p_reason);
end;
comment on function stimuli.reject(uuid, uuid, text) is
  'Turns down what is not deployed yet, a campaign with all its variants: cancelled, with the reason. For managers. Errors: not_found, invalid_argument, stimulus_not_ready, variant_follows_campaign (409).';
grant execute on function stimuli.reject(uuid, uuid, text) to authenticated, service_role;
