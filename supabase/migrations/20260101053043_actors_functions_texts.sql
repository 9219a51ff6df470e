create function private.text_tokens(p_text text)
returns text[]
language sql
immutable
set search_path = ''
as $$
  -- Apostrophes go, so that don't and dont are one word; every other sign stands alone: emoji count, and clauses end.
  select regexp_split_to_array(btrim(regexp_replace(regexp_replace(lower(left(p_text, 2000)), '[''’`]', '', 'g'), '([^[:alnum:][:space:]_-])', ' \1 ', 'g')), '\s+')
$$;
comment on function private.text_tokens(text) is 'Words and signs of a text (its first 2,000 characters) in order, in lower case.';

create function private.read_texts(p_ids uuid[], p_texts text[])
returns table (id uuid, insight jsonb)
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with words as materialized (
    select x.id, w.word, w.place::integer as place, lead(w.word) over n as second, lead(w.word, 2) over n as third
    from unnest(p_ids, p_texts) x (id, body)
    cross join lateral unnest(private.text_tokens(x.body)) with ordinality w (word, place)
    window n as (partition by x.id order by w.place)
  ), phrases as (
    select w.id, w.place, g.phrase, g.words from words w
    cross join lateral (values (w.word, 1), (w.word || ' ' || w.second, 2), (w.word || ' ' || w.second || ' ' || w.third, 3)) g (phrase, words)
    where g.phrase is not null
    union all
    select w.id, w.place, left(w.word, -1), 1 from words w where w.word ~ '[a-z]{3}s$'
  ), found as materialized (
    select p.id, p.place, p.words, l.language, l.kind, l.target, l.score from phrases p join private.text_lexicon l on l.phrase = p.phrase
  ), spoken as (
    -- The language with the most words known is that of the text.
    select distinct on (f.id) f.id, f.language from found f group by f.id, f.language order by f.id, count(distinct f.place) desc, f.language = 'en' desc, f.language
  ), known as materialized (
    select f.* from found f join spoken s using (id, language)
  ), clauses as materialized (
    select w.id, w.place, count(*) filter (where w.word in ('.', ',', ';', '!', '?', ':', 'but', 'however', 'aber')) over (partition by w.id order by w.place) as clause,
      n.score as negation, i.score as intensity
    from words w
    left join (select k.id, k.place, min(k.score) as score from known k where k.kind = 'negation' group by k.id, k.place) n using (id, place)
    left join (select k.id, k.place, max(k.score) as score from known k where k.kind = 'intensifier' group by k.id, k.place) i using (id, place)
  ), shaped as materialized (
    -- A negation holds for the next three words of its clause, an intensifier for the next word.
    select c.id, c.place, c.clause, min(c.negation) over (partition by c.id, c.clause order by c.place rows between 3 preceding and 1 preceding) as negation,
      coalesce(lag(c.intensity) over (partition by c.id, c.clause order by c.place), 1) as intensity
    from clauses c
  ), whole as (
    -- Of phrases that overlap the longest counts.
    select k.*, max(k.place + k.words) over (partition by k.id, k.kind, k.target order by k.place, k.words desc rows between unbounded preceding and 1 preceding) as covered
    from known k where k.kind not in ('negation', 'intensifier')
  ), hits as materialized (
    select w.id, w.kind, w.target, s.clause, s.negation is not null as is_negated,
      case w.kind when 'sentiment' then greatest(-1, least(1, w.score * s.intensity * coalesce(s.negation, 1))) else w.score end as score
    from whole w join shaped s using (id, place) where w.covered is null or w.place >= w.covered
  ), moods as materialized (
    select h.id, h.clause, sum(h.score) / (sum(abs(h.score)) + 0.25) as mood from hits h where h.kind = 'sentiment' group by h.id, h.clause
  ), sentiments as (
    select h.id, sum(h.score) / (sum(abs(h.score)) + 0.25) as sentiment, count(*) as n from hits h where h.kind = 'sentiment' group by h.id
  ), frictions as (
    select h.id, h.target, avg(m.mood) as mood from hits h join moods m using (id, clause)
    where h.kind = 'topic' and h.target in ('payment', 'delivery', 'communication', 'pricing', 'quality', 'service', 'convenience', 'technical') group by h.id, h.target
  ), named as (
    -- Denied drivers and archetypes are not there; an intent that is denied is denied.
    select h.id, h.kind, h.target, max(h.score) as score, bool_and(not h.is_negated) as said from hits h
    where h.kind in ('topic', 'tone', 'intent') or h.kind in ('driver', 'archetype') and not h.is_negated group by h.id, h.kind, h.target
  ), gathered as (
    select n.id, jsonb_agg(n.target order by n.target) filter (where n.kind = 'topic') as topics, jsonb_agg(n.target order by n.target) filter (where n.kind = 'tone') as tones,
      jsonb_object_agg(n.target, n.said) filter (where n.kind = 'intent') as intents, jsonb_object_agg(n.target, n.score) filter (where n.kind = 'driver') as drivers,
      jsonb_object_agg(n.target, n.score) filter (where n.kind = 'archetype') as archetypes
    from named n group by n.id
  ), felt as (
    select f.id, jsonb_object_agg(f.target, f.mood < 0) as frictions from frictions f where abs(f.mood) > 0.2 group by f.id
  )
  select x.id, jsonb_strip_nulls(jsonb_build_object('provider', 'offline', 'version', '1', 'confidence', 0.6, 'language', s.language,
    'sentiment', round(m.sentiment::numeric, 4), 'topics', g.topics, 'tones', g.tones, 'intents', g.intents, 'drivers', g.drivers,
    'archetypes', g.archetypes, 'frictions', f.frictions))
  from unnest(p_ids) x (id)
  left join spoken s using (id) left join sentiments m using (id) left join gathered g using (id) left join felt f using (id)
$$;
comment on function private.read_texts(uuid[], text[]) is
  'The offline reader: what the lexicon finds in texts. Returns for each {provider, version, confidence, language?, sentiment? (-1 to 1), topics? [..], tones? [..], intents? {kind: said or denied}, drivers? {driver: likelihood}, archetypes? {archetype: likelihood}, frictions? {type: true where it went wrong, false where it went well}}. "Not" turns the next three words of its clause, "very" strengthens the next; friction is judged clause by clause. Deterministic; confidence 0.6 is that of a reader who knows words only.';

create view private.signal_texts as
select s.id as signal_id, s.processed_content ? 'text' as is_read, coalesce(w.message_text, r.review_text, c.comment_text, v.response_text, nullif(m.email_content, ''), m.email_subject) as body
from signals.signals_base s
left join signals.whatsapp_messages w on s.signal_type = 'whatsapp_message' and w.signal_id = s.id and w.is_inbound
left join signals.reviews r on s.signal_type = 'review' and r.signal_id = s.id
left join signals.social_comments c on s.signal_type = 'social_comment' and c.signal_id = s.id
left join signals.survey_responses v on s.signal_type = 'survey_response' and v.signal_id = s.id and v.question_type = 'text'
left join signals.email_interactions m on s.signal_type = 'email_interaction' and m.signal_id = s.id and m.email_type = 'received'
where s.signal_type in ('whatsapp_message', 'review', 'social_comment', 'survey_response', 'email_interaction') and not s.is_duplicate
  and not coalesce(s.metadata ->> 'forwarded' = 'true', false);
comment on view private.signal_texts is 'The person''s own words, where a signal has any; what the brand wrote or the person passed on is not here.';

create function private.read_signal_texts(p_brand uuid, p_signals uuid[])
returns table (signal_id uuid, insight jsonb)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_ids uuid[];
  v_texts text[];
begin
  if private.parameter(p_brand, 'actors.text_provider') #>> '{}' is distinct from 'offline' then
    return;
  end if;
  select array_agg(t.signal_id), array_agg(t.body) into v_ids, v_texts
  from private.signal_texts t
  where t.signal_id = any (p_signals) and btrim(t.body) <> '' and not t.is_read;
  return query select r.id, r.insight from private.read_texts(v_ids, v_texts) r;
end
$$;
comment on function private.read_signal_texts(uuid, uuid[]) is
  'What private.read_texts finds in the texts of the signals that nobody has read yet; for processed_content.text. Nothing where the parameter actors.text_provider is not offline: another provider tells its results by actors.set_text_insight.';

create function private.is_text_insight(p_insight jsonb)
returns boolean
language sql
immutable
set search_path = ''
as $$
  -- One case after the other: what is asked of a part needs the type asked before.
  select case
    when p_insight is null or jsonb_typeof(p_insight) <> 'object' then false
    when coalesce(length(p_insight ->> 'provider') not between 1 and 100 or length(p_insight ->> 'version') not between 1 and 100, true) then false
    when coalesce(jsonb_typeof(p_insight -> 'confidence'), '') <> 'number' or jsonb_typeof(coalesce(p_insight -> 'sentiment', '0')) <> 'number' then false
    when (p_insight ->> 'confidence')::double precision not between 0 and 1 or coalesce((p_insight ->> 'sentiment')::double precision, 0) not between -1 and 1 then false
    when exists (select from unnest(array['topics', 'tones']) k where jsonb_typeof(coalesce(p_insight -> k, '[]')) <> 'array')
      or exists (select from unnest(array['intents', 'frictions', 'drivers', 'archetypes']) k where jsonb_typeof(coalesce(p_insight -> k, '{}')) <> 'object') then false
    when exists (select from unnest(array['topics', 'tones']) k cross join lateral jsonb_array_elements(coalesce(p_insight -> k, '[]')) v (value)
        where jsonb_typeof(v.value) <> 'string' or btrim(v.value #>> '{}') = '' or length(v.value #>> '{}') > 200)
      or exists (select from unnest(array['intents', 'frictions']) k cross join lateral jsonb_each(coalesce(p_insight -> k, '{}')) v
        where jsonb_typeof(v.value) <> 'boolean' or v.key !~ '^[a-z][a-z0-9_]{0,60}$')
      or exists (select from unnest(array['drivers', 'archetypes']) k cross join lateral jsonb_each(coalesce(p_insight -> k, '{}')) v
        where jsonb_typeof(v.value) <> 'number' or v.key !~ '^[a-z][a-z0-9_]{0,60}$') then false
    else not exists (select from unnest(array['drivers', 'archetypes']) k cross join lateral jsonb_each_text(coalesce(p_insight -> k, '{}')) v where v.value::double precision not between 0 and 1)
  end
$$;
comment on function private.is_text_insight(jsonb) is 'True for the object that private.read_texts describes.';

create function private.actors_set_text_insight(p_signal uuid, p_insight jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_signal signals.signals_base;
  v_old jsonb;
  v_evidence uuid[];
begin
  if not private.is_service() then
    perform private.raise_error('service_only');
  end if;
  perform private.require_time('p_now', p_now);
  -- The brand's lock before the row's, as workers and merges take them.
  perform private.lock_brand_identity(s.brand_id) from signals.signals_base s where s.id = p_signal;
  select * into v_signal from signals.signals_base s where s.id = p_signal for no key update;
  if v_signal.id is null then
    perform private.raise_error('not_found', 'signal', p_signal::text);
  elsif not private.is_text_insight(p_insight) then
    perform private.raise_error('invalid_argument', 'p_insight', 'is not what private.read_texts describes');
  end if;
  v_old := v_signal.processed_content -> 'text';
  if (v_old ->> 'provider', v_old ->> 'version') = (p_insight ->> 'provider', p_insight ->> 'version') then
    return v_old;
  elsif v_old is not null and v_signal.processing_status <> 'pending' then
    perform private.raise_error('text_read_already', p_signal::text, v_old ->> 'provider', v_old ->> 'version');
  end if;
  update signals.signals_base s set processed_content = s.processed_content || jsonb_build_object('text', p_insight) where s.id = p_signal;
  -- A signal that was processed before adds what its text says now; a pending one when its turn comes.
  if v_signal.processing_status = 'completed' and v_signal.actor_id is not null then
    v_evidence := private.actors_extract(v_signal.brand_id, array[p_signal], p_now);
    if v_evidence <> '{}' then
      perform private.fold_evidence(v_signal.brand_id, v_evidence, p_now);
      perform private.actors_write_beliefs(v_signal.brand_id, array[v_signal.actor_id], p_now);
    end if;
  end if;
  return p_insight;
end
$$;
comment on function private.actors_set_text_insight(uuid, jsonb, timestamptz) is 'Body of actors.set_text_insight. Definer: nobody writes signals by hand.';
grant execute on function private.actors_set_text_insight(uuid, jsonb, timestamptz) to service_role;

create function actors.set_text_insight(p_signal uuid, p_insight jsonb, p_now timestamptz default now())
returns jsonb
language sql
volatile
set search_path = ''
begin atomic
  select private.actors_set_text_insight(p_signal, p_insight, p_now);
end;
comment on function actors.set_text_insight(uuid, jsonb, timestamptz) is
  'Keeps what a provider (for example a language model behind an Edge Function) read in the text of a signal, and learns from it; for service_role. p_insight: {provider, version, confidence (0 to 1), sentiment? (-1 to 1), topics? [..], tones? [..], intents? {kind: boolean}, drivers? and archetypes? {name: likelihood 0 to 1}, frictions? {type: boolean}}. The same provider and version again returns what is kept and adds nothing. Another one replaces it only while the signal is pending, for evidence is never rewritten. Errors: not_found, invalid_argument, service_only, text_read_already.';
grant execute on function actors.set_text_insight(uuid, jsonb, timestamptz) to service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('text_read_already', 'PT409', 409, 'The text of signal %s was read by %s version %s, and its evidence counts.', 'Set the parameter actors.text_provider to your provider before signals are processed: then each text is read once, by it.');
