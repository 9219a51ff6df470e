create function private.signal_text(p_item jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select coalesce(p_item #>> '{data,message_text}', p_item #>> '{data,review_text}', p_item #>> '{data,comment_text}')
$$;
comment on function private.signal_text(jsonb) is 'The person''s own words in a signal as it was sent.';

create function private.is_forwarded(p_item jsonb)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select coalesce(p_item #>> '{metadata,forwarded}' = 'true', false)
    or coalesce(private.signal_text(p_item) ~* '^\s*(fwd?|forwarded)\s*:', false)
$$;
comment on function private.is_forwarded(jsonb) is
  'True when the sender passes on somebody else''s words: metadata.forwarded, or a text that starts with Fwd:.';

create function private.text_bands(p_brand uuid, p_rows private.incoming_signal[], p_least_words integer)
returns setof private.text_bands_row
language sql
stable
set search_path = ''
as $$
  with texts as (
    select r.idx, string_to_array(btrim(regexp_replace(
      lower(regexp_replace(r.free_text, '^\s*(fwd?|forwarded)\s*:', '', 'i')), '[^[:alnum:]]+', ' ', 'g')), ' ') as words
    from unnest(p_rows) r where r.free_text is not null
  ),
  shingles as (
    select t.idx, hashtextextended(p.word || ' ' || p.next_word, 0) as h
    from texts t cross join lateral unnest(t.words, t.words[2:]) p (word, next_word)
    where cardinality(t.words) >= p_least_words and p.next_word is not null
  ),
  minima as (
    select s.idx, array[
      min(hashint8extended(s.h, 1)), min(hashint8extended(s.h, 2)), min(hashint8extended(s.h, 3)), min(hashint8extended(s.h, 4)),
      min(hashint8extended(s.h, 5)), min(hashint8extended(s.h, 6)), min(hashint8extended(s.h, 7)), min(hashint8extended(s.h, 8)),
      min(hashint8extended(s.h, 9)), min(hashint8extended(s.h, 10)), min(hashint8extended(s.h, 11)), min(hashint8extended(s.h, 12)),
      min(hashint8extended(s.h, 13)), min(hashint8extended(s.h, 14)), min(hashint8extended(s.h, 15)), min(hashint8extended(s.h, 16)),
      min(hashint8extended(s.h, 17)), min(hashint8extended(s.h, 18)), min(hashint8extended(s.h, 19)), min(hashint8extended(s.h, 20))
    ] as m
    from shingles s group by s.idx
  )
  select n.idx, array_agg(hash_array_extended(array[uuid_hash_extended(p_brand, 0), b, n.m[2 * b - 1], n.m[2 * b]], 0))
  from minima n cross join generate_series(1, 10) b
  group by n.idx
$$;
comment on function private.text_bands(uuid, private.incoming_signal[], integer) is
  'Locality-sensitive hash of each free text: MinHash over pairs of neighbouring words (Broder 1997), 10 bands of 2 minima. Texts whose pairs have Jaccard similarity J share a band with probability 1 - (1 - J^2)^10: 0.94 at J = 0.5, 0.99 at 0.6, 0.01 at 0.03. Texts of fewer than p_least_words words have none. The brand is hashed in.';
