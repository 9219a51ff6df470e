create function private.identity_record_fields(p_record actors.identity_records)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object('record_id', p_record.id, 'actor_id', p_record.actor_id, 'customer_id', p_record.customer_id,
    'email', p_record.email, 'phone', p_record.phone, 'social_handle', p_record.social_handle, 'given_name', p_record.given_name,
    'family_name', p_record.family_name, 'birth_date', p_record.birth_date, 'street', p_record.street, 'house_number', p_record.house_number,
    'city', p_record.city, 'postcode', p_record.postcode, 'region', p_record.region, 'signal_count', p_record.signal_count))
$$;
comment on function private.identity_record_fields(actors.identity_records) is 'The fields of a record that it has, as a person compares them.';

create function private.actors_reviews(p_brand uuid, p_limit integer)
returns table (review_id uuid, probability double precision, actor_a uuid, actor_b uuid, a jsonb, b jsonb, waterfall jsonb, asked_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'support');
  if coalesce(p_limit not between 1 and 1000, true) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be from 1 to 1000');
  end if;
  return query
  select v.id, v.probability, x.actor_id, y.actor_id, private.identity_record_fields(x), private.identity_record_fields(y), v.waterfall, v.created_at
  from actors.identity_reviews v
  join actors.identity_records x on x.brand_id = v.brand_id and x.id = v.record_a
  join actors.identity_records y on y.brand_id = v.brand_id and y.id = v.record_b
  where v.brand_id = p_brand and v.status = 'open'
  -- The closest to a coin toss teaches most.
  order by abs(v.probability - 0.5), v.probability desc, x.fingerprint, y.fingerprint
  limit p_limit;
end
$$;
comment on function private.actors_reviews(uuid, integer) is 'Body of actors.reviews. Definer: checks the role once instead of for every row of three tables.';
grant execute on function private.actors_reviews(uuid, integer) to authenticated, service_role;

create function actors.reviews(p_brand uuid, p_limit integer default 50)
returns table (review_id uuid, probability double precision, actor_a uuid, actor_b uuid, a jsonb, b jsonb, waterfall jsonb, asked_at timestamptz)
language sql
stable
set search_path = ''
begin atomic
  select * from private.actors_reviews(p_brand, p_limit);
end;
comment on function actors.reviews(uuid, integer) is
  'Up to p_limit (1 to 1000) open questions about who is who, those first whose answer teaches most: two records (a, b) with their people, the probability that they are one person, and the waterfall of match weights behind it. For support and up; answered by actors.answer_review. Errors: invalid_argument, not_a_member.';
grant execute on function actors.reviews(uuid, integer) to authenticated, service_role;

create function private.actors_answer_review(p_review uuid, p_same boolean, p_note text, p_now timestamptz)
returns actors.identity_reviews
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_review actors.identity_reviews;
begin
  select * into v_review from actors.identity_reviews v
  where v.id = p_review and (private.is_service() or v.brand_id = any (private.brand_ids('support')));
  if v_review.id is null then
    perform private.raise_error('not_found', 'review', p_review::text);
  end if;
  perform private.require_role(v_review.brand_id, 'operator');
  if p_same is null then
    perform private.raise_error('invalid_argument', 'p_same', 'must be true or false');
  elsif length(p_note) > 2000 then
    perform private.raise_error('invalid_argument', 'p_note', 'must have at most 2000 characters');
  end if;
  perform private.require_this_moment('p_now', p_now);
  perform private.lock_brand_identity(v_review.brand_id);

  update actors.identity_reviews v
  set status = case when p_same then 'same' else 'different' end, note = p_note, answered_by = auth.uid(), answered_at = p_now
  where v.id = p_review returning * into v_review;
  perform private.assign_records(v_review.brand_id, array[v_review.record_a, v_review.record_b], private.identity_model_of(v_review.brand_id), p_now);
  update actors.identity_records r set decided_by = 'review'
  where r.brand_id = v_review.brand_id and r.id in (v_review.record_a, v_review.record_b);
  perform private.emit(v_review.brand_id, 'actors.review_answered', null, null,
    jsonb_build_object('review_id', v_review.id, 'same', p_same, 'record_a', v_review.record_a, 'record_b', v_review.record_b));
  perform private.log_call('actors.answer_review', v_review.brand_id, jsonb_build_object('review', p_review, 'same', p_same), jsonb_build_object('status', v_review.status), v_started);
  return v_review;
end
$$;
comment on function private.actors_answer_review(uuid, boolean, text, timestamptz) is 'Body of actors.answer_review. Definer: clients write neither reviews nor who is who.';
grant execute on function private.actors_answer_review(uuid, boolean, text, timestamptz) to authenticated, service_role;

create function actors.answer_review(p_review uuid, p_same boolean, p_note text default null, p_now timestamptz default now())
returns actors.identity_reviews
language sql
volatile
set search_path = ''
begin atomic
  select * from private.actors_answer_review(p_review, p_same, p_note, p_now);
end;
comment on function actors.answer_review(uuid, boolean, text, timestamptz) is
  'Answers a review: true, the two records are of one person, false, they are of two. From then on every clustering obeys, at once for the people concerned, and the next training learns from it. Answering again replaces the answer. For operators. Returns the review. Errors: not_found, role_too_low, invalid_argument.';
grant execute on function actors.answer_review(uuid, boolean, text, timestamptz) to authenticated, service_role;

create function private.identity_calibration(p_brand uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with answered as (
    select v.probability, (v.status = 'same')::integer as is_same from actors.identity_reviews v where v.brand_id = p_brand and v.status in ('same', 'different')
  ), judged as (
    select a.*, 'reviews' as basis from answered a where (select count(*) from answered) >= 30
    union all
    -- Nobody has told enough yet: what all fields of all records around a pair say together stands in for the truth.
    select m.probability, (x.actor_id = y.actor_id)::integer, 'clusters'
    from actors.identity_matches m
    join actors.identity_records x on x.brand_id = p_brand and x.id = m.record_a
    join actors.identity_records y on y.brand_id = p_brand and y.id = m.record_b
    where m.brand_id = p_brand and (select count(*) from answered) < 30
  ), bins as (
    select min(j.basis) as basis, count(*) as n, avg(j.probability) as predicted, avg(j.is_same) as observed
    from judged j group by least(9, floor(j.probability * 10))
  )
  select jsonb_build_object('expected_error', sum(b.n * abs(b.predicted - b.observed)) / nullif(sum(b.n), 0), 'pairs', coalesce(sum(b.n), 0),
    'basis', min(b.basis),
    'bins', coalesce(jsonb_agg(jsonb_build_object('pairs', b.n, 'predicted', round(b.predicted::numeric, 4), 'observed', round(b.observed, 4)) order by b.predicted), '[]'))
  from bins b
$$;
comment on function private.identity_calibration(uuid) is
  'Expected calibration error of the match probability: |mean probability - share of the same person| over ten bins, weighted by their pairs. basis: reviews, the answered ones, once there are 30; clusters before that, where sharing a person after clustering stands in for the truth, which flatters: it says whether pairs and clusters agree. {expected_error, pairs, basis, bins}.';

create function private.refresh_identity(p_brand uuid, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_model actors.identity_models;
begin
  if exists (select from actors.identity_records r where r.brand_id = p_brand) then
    select * into v_model from actors.train_identity(p_brand, p_now);
    perform private.resolve_identity(p_brand, p_now);
    update actors.identity_models m set calibration = private.identity_calibration(p_brand) where m.id = v_model.id;
    -- A month of models is kept to look back at.
    delete from actors.identity_models m where m.brand_id = p_brand and m.trained_at < p_now - interval '31 days' and m.id <> v_model.id;
  end if;
end
$$;
comment on function private.refresh_identity(uuid, timestamptz) is
  'The night''s work on who is who: trains the model, clusters all records with it, and notes the calibration error with the model.';
