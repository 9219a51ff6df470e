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
language plpgsql
immutable
set search_path = ''
as $$
begin
  return p_item @> '{"metadata": {"forwarded": true}}' or coalesce(private.signal_text(p_item) ~* '^\s*(fwd?|forwarded)\s*:', false);
end
$$;
comment on function private.is_forwarded(jsonb) is
  'True when the sender passes on somebody else''s words: metadata.forwarded, or a text that starts with Fwd:.';

create function private.text_bands(p_brand uuid, p_rows private.incoming_signal[], p_least_words integer)
returns setof private.text_bands_row
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with texts as materialized (
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
      min(hashint8extended(s.h, 5)), min(hashint8extended(s.h, 6)), min(hashint8extended(s.h, 7))
    ] as m
    from shingles s group by s.idx
  )
  select n.idx, array_agg(hash_array_extended(array[uuid_hash_extended(p_brand, 0), i, j, n.m[i], n.m[j]], 0))
  from minima n cross join generate_series(1, 6) i cross join lateral generate_series(i + 1, 7) j
  group by n.idx;
end
$$;
comment on function private.text_bands(uuid, private.incoming_signal[], integer) is
  'Locality-sensitive hash of each free text: MinHash over pairs of neighbouring words (Broder 1997): 7 minima, one band for each two of them. Texts whose pairs of words have Jaccard similarity J share a band when at least 2 of the 7 minima are equal: with probability 0.84 at J = 0.4, 0.98 at 0.6, below 0.01 at 0.02. Texts of fewer than p_least_words words have none. The brand is hashed in.';
