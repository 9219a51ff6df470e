create function private.match_duplicates(p_brand uuid, p_rows private.incoming_signal[], p_bands private.text_bands_row[])
returns setof private.signal_match
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with settings as materialized (
    select (private.parameter(p_brand, 'signals.near_duplicate_similarity') #>> '{}')::real as similarity
  ),
  incoming as materialized (
    select r.idx, r.item, r.source_platform, r.source_id, r.content_sha256, r.free_text, r.identifiers, b.bands,
      r.signal_type, r.occurred_at, r.data,
      min(r.idx) over (partition by r.source_platform, r.source_id) as first_of_id,
      min(r.idx) over (partition by r.source_platform, r.source_id, r.content_sha256) as first_of_version
    from unnest(p_rows) r left join unnest(p_bands) b on b.idx = r.idx
  ),
  -- What is stored under the same id: the same content before other content, the original before its versions.
  known as materialized (
    select distinct on (k.idx) k.* from (
      select i.idx, b.id, b.id as root, b.content_sha256 = i.content_sha256 as is_same, false as is_duplicate
      from incoming i join signals.signals_base b
        on b.brand_id = p_brand and b.source_platform = i.source_platform and b.source_id = i.source_id and not b.is_duplicate and b.retracted_at is null
      union all
      select i.idx, b.id, coalesce(b.duplicate_of, b.id), b.content_sha256 = i.content_sha256, true
      from incoming i join signals.signals_base b
        on b.brand_id = p_brand and b.source_platform = i.source_platform and b.source_id = i.source_id and b.is_duplicate
      where b.content_sha256 = i.content_sha256 or not exists (select from signals.signals_base o where o.id = b.duplicate_of and o.retracted_at is not null offset 0)
      union all
      -- What was taken back and comes again as it was is a retry; with other content it is a correction, and new.
      select i.idx, b.id, b.id, true, false
      from incoming i
      cross join lateral (
        select c.* from signals.signals_base c
        where c.brand_id = p_brand and c.content_sha256 = i.content_sha256 and not c.is_duplicate offset 0
      ) b
      where b.source_platform = i.source_platform and b.source_id = i.source_id and b.retracted_at is not null
    ) k order by k.idx, k.is_same desc, k.is_duplicate, k.id
  ),
  fresh as materialized (
    select i.*, min(i.idx) over (partition by i.content_sha256) as first_of_content, b.id as original
    from incoming i
    left join signals.signals_base b on b.brand_id = p_brand and b.content_sha256 = i.content_sha256 and not b.is_duplicate
    where i.idx = i.first_of_id and not exists (select from known k where k.idx = i.idx)
  ),
  -- The till and the shop tell of one order: its number and amount within a day, and nobody else's address on it. Of one
  -- platform it is an order that is told again as it moves.
  same_orders as materialized (
    select f.idx, o.id
    from fresh f cross join lateral (
      select b.id from signals.order_history h join signals.signals_base b on b.id = h.signal_id
      where h.brand_id = p_brand and h.order_number = f.data ->> 'order_number' and h.total_amount = round((f.data ->> 'total_amount')::numeric, 2)
        and h.order_date between f.occurred_at - interval '1 day' and f.occurred_at + interval '1 day'
        and (h.order_status = 'refunded') = (f.data ->> 'order_status' = 'refunded') and h.order_status <> 'cancelled'
        and b.source_platform <> f.source_platform and not b.is_duplicate and b.retracted_at is null
        and not exists (
          select from jsonb_array_elements(b.identifiers) x join jsonb_array_elements(f.identifiers) y on x ->> 'type' = y ->> 'type'
          where x ->> 'type' in ('email', 'phone') and x ->> 'value' <> y ->> 'value')
      order by b.id limit 1 offset 0
    ) o
    where f.signal_type = 'order' and f.original is null and f.idx = f.first_of_content and f.data ->> 'order_status' <> 'cancelled'
  ),
  texts as materialized (
    select f.*, f.item @> '{"metadata": {"forwarded": true}}' or f.free_text ~* '^\s*(fwd?|forwarded)\s*:' as is_forwarded, p.*
    from fresh f
    cross join lateral (
      select coalesce(array_agg(distinct i.value ->> 'type'), '{}') as types, coalesce(array_agg(i.value ->> 'value'), '{}') as people
      from jsonb_array_elements(f.identifiers) i where i.value ->> 'type' in ('email', 'phone')
    ) p
    where f.bands is not null and f.original is null and f.idx = f.first_of_content
  ),
  -- Texts made from one template share bands by the thousand: who wrote them is asked before what they say, and of those
  -- left the ones with most bands in common are read.
  near_stored as materialized (
    select t.idx, n.id
    from texts t cross join settings s cross join lateral (
      select r.id
      from (
        select c.*
        from (
          -- Without the brand, which is part of every band, and without retracted_at: the planner would walk a whole index
          -- that these fit as well.
          select b.id, b.brand_id, b.raw_content, b.identifiers, b.text_bands, b.retracted_at from signals.signals_base b
          where b.text_bands && t.bands and not b.is_duplicate and b.text_bands is not null
          limit 200
        ) c
        where c.brand_id = p_brand and c.retracted_at is null
          -- Two people by e-mail or phone, where both have one; handles and customer ids belong to one platform.
          and (t.is_forwarded or (select coalesce(bool_or(i.value ->> 'value' = any (t.people)), true)
              from jsonb_array_elements(c.identifiers) i where i.value ->> 'type' = any (t.types))
            or private.is_forwarded(c.raw_content))
        order by (select count(*) from unnest(c.text_bands) x where x = any (t.bands)) desc, c.id
        limit 20
      ) r
      where extensions.similarity(private.signal_text(r.raw_content), t.free_text) >= s.similarity
      order by r.id limit 1
    ) n
  ),
  batch_bands as materialized (
    -- Each text with the first of its band, and with the first of its band that are of the same person.
    select t.idx, b.band, w.person, row_number() over (partition by b.band, w.person order by t.idx) as place
    from texts t cross join lateral unnest(t.bands) b (band) cross join lateral unnest(array_append(t.people, '')) w (person)
  ),
  near_in_batch as materialized (
    select later.idx, min(earlier.idx) as near_idx
    from (select distinct a.idx as earlier_idx, b.idx as later_idx
          from batch_bands a join batch_bands b on b.band = a.band and b.person = a.person and b.idx > a.idx
          where a.place <= 8) p
    join texts earlier on earlier.idx = p.earlier_idx
    join texts later on later.idx = p.later_idx
    cross join settings s
    where case when earlier.is_forwarded or later.is_forwarded or earlier.people && later.people or not earlier.types && later.types
      then extensions.similarity(earlier.free_text, later.free_text) >= s.similarity end
    group by later.idx
  ),
  -- Each row names at most one thing it duplicates: a stored signal (root_id) or an earlier row of the batch (of_idx).
  links as materialized (
    select i.idx, i.bands,
      case when i.idx <> i.first_of_version then i.first_of_version end as same_idx,
      coalesce(k.is_same, false) as is_known,
      case when i.idx <> i.first_of_version then null when k.is_same then k.id else private.uuid_v7() end as id,
      case
        when i.idx <> i.first_of_version then i.first_of_version
        when k.idx is not null then null
        when i.idx <> i.first_of_id then i.first_of_id
        when f.original is not null then null
        when f.idx <> f.first_of_content then f.first_of_content
        when ns.idx is not null or so.idx is not null then null
        else nb.near_idx
      end as of_idx,
      coalesce(k.root, f.original, so.id, ns.id) as root_id,
      case
        when i.idx <> i.first_of_version or k.is_same then 'same_id_same_content'
        when k.idx is not null or i.idx <> i.first_of_id then 'same_id_other_content'
        when f.original is not null or f.idx <> f.first_of_content then 'other_id_same_content'
        when so.idx is not null then 'same_order'
        when ns.idx is not null or nb.near_idx is not null then 'near_same_text'
      end::signals.duplicate_kind as kind
    from incoming i
    left join known k on k.idx = i.idx
    left join fresh f on f.idx = i.idx
    left join same_orders so on so.idx = i.idx
    left join near_stored ns on ns.idx = i.idx
    left join near_in_batch nb on nb.idx = i.idx
  ),
  chains as materialized (
    with recursive chain (idx, root) as (
      select l.idx, coalesce(l.root_id, l.id) from links l where l.of_idx is null
      union all
      select l.idx, c.root from chain c join links l on l.of_idx = c.idx
    )
    select * from chain
  )
  select l.idx, coalesce(l.id, s.id), l.same_idx is null and not l.is_known, case when l.kind is not null then c.root end, l.kind, l.bands
  from links l
  join chains c on c.idx = l.idx
  left join links s on s.idx = l.same_idx;
end
$$;
comment on function private.match_duplicates(uuid, private.incoming_signal[], private.text_bands_row[]) is
  'For each row the id it is or will be stored under, whether it is to be stored, and which original it duplicates and how. Finds duplicates among stored signals of any age and inside the batch. An order that two platforms tell of, by number and amount, is one. Two people (by e-mail or phone) who write nearly the same are not duplicates, unless one forwards. Call it with the brand''s ingest lock held.';
