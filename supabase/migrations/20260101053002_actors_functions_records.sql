create type private.actor_match as (
  signal_id uuid,
  record_id uuid,
  actor_id uuid,
  confidence double precision,
  is_new boolean
);

create function private.plain_text(p_text text)
returns text
language sql
immutable
strict
set search_path = ''
return nullif(btrim(regexp_replace(translate(replace(replace(lower(regexp_replace(normalize(left(p_text, 400), nfkd), '[\u0300-\u036f]', '', 'g')),
  'ß', 'ss'), 'æ', 'ae'), 'øłđðıœ', 'olddio'), '[^[:alnum:]]+', ' ', 'g')), '');
comment on function private.plain_text(text) is
  'Text for comparison: lower case, letters without their marks, everything else than letters and digits as one space. Null when nothing is left.';

create function private.name_parts(p_name text)
returns text[]
language sql
immutable
strict
set search_path = ''
as $$
  -- "Berg, Anna van der" is turned round first; titles go, particles stay with the family name.
  with turned as (
    select case when p_name ~ '^[^,]+,[^,]+$' then split_part(p_name, ',', 2) || ' ' || split_part(p_name, ',', 1) else p_name end as name
  ), plain as (
    select btrim(regexp_replace(regexp_replace(private.plain_text(t.name), '[0-9]+', '', 'g'), '^((mr|mrs|ms|miss|dr|prof|sir|herr|frau) )+', '')) as name from turned t
  )
  select array[nullif(left(split_part(p.name, ' ', 1), 80), ''),
    left(nullif(substring(p.name from ' ((?:(?:van|von|der|den|de|da|di|del|la|le|al|el|bin|ten|ter) )*[^ ]+)$'), ''), 80)]
  from plain p
$$;
comment on function private.name_parts(text) is 'Given and family name, for comparison, of a full name in one of the usual spellings; either may be null.';

create function private.is_placeholder(p_type text, p_value text)
returns boolean
language sql
immutable
set search_path = ''
return case p_type
  when 'email' then p_value ~ '^(no-?reply|do-?not-?reply|none|null|nobody|unknown|test|example|info|admin|shop|sales|support|contact|hello|mail|office)[0-9]*@'
    or p_value ~ '^([a-z0-9])\1{2,}@'
  when 'phone' then p_value ~ '(\d)\1{6,}$' or p_value ~ '(0123456|1234567|12345678)\d?$'
  else lower(p_value) ~ '^(0+|none|null|n/?a|unknown|guest|anonymous|undefined|test|-+)$' end;
comment on function private.is_placeholder(text, text) is
  'Whether a normalised identifier stands for nobody in particular: mailboxes of a role, one digit or letter repeated, counting digits, words for nothing. Such a value is no evidence of identity.';

create function private.identity_fields()
returns text[]
language sql
immutable
set search_path = ''
return array['customer_id', 'email', 'phone', 'social_handle', 'given_name', 'family_name', 'birth_date', 'street', 'house_number', 'city', 'postcode', 'region'];
comment on function private.identity_fields() is 'The fields that are compared, in the order of every array of weights; the first four are identifiers.';

-- What the envelope and the data of a signal say of who its person is, as it was sent.
create view private.signal_people as
select s.brand_id, s.id as signal_id, s.occurred_at, s.identifiers,
  coalesce(d ->> 'name', p ->> 'name') as full_name, p ->> 'given_name' as given_name, p ->> 'family_name' as family_name,
  coalesce(p ->> 'street', a ->> 'street', a ->> 'address', a ->> 'line1') as street, coalesce(p ->> 'house_number', a ->> 'house_number') as house_number,
  coalesce(p ->> 'city', a ->> 'city') as city, coalesce(p ->> 'postcode', a ->> 'postcode', a ->> 'postal_code', a ->> 'zip') as postcode,
  coalesce(p ->> 'region', a ->> 'region', a ->> 'state') as region, coalesce(p ->> 'country', a ->> 'country') as country,
  coalesce(p ->> 'birth_date', a ->> 'birth_date') as birth_date
from signals.signals_base s
cross join lateral (
  select case when jsonb_typeof(s.raw_content -> 'person') = 'object' then s.raw_content -> 'person' else '{}' end as p,
    -- An order has its address under delivery_address; a CRM event carries fields of the person in event_data.
    case when s.signal_type = 'order' and jsonb_typeof(s.raw_content #> '{data,delivery_address}') = 'object' then s.raw_content #> '{data,delivery_address}'
      when s.signal_type = 'crm_event' and jsonb_typeof(s.raw_content #> '{data,event_data}') = 'object' then s.raw_content #> '{data,event_data}'
      else '{}' end as a,
    jsonb_build_object('name', coalesce(nullif(btrim(s.raw_content ->> 'name'), ''), nullif(btrim(case s.signal_type
      when 'order' then s.raw_content #>> '{data,customer_name}'
      when 'review' then s.raw_content #>> '{data,reviewer_name}'
      when 'social_comment' then s.raw_content #>> '{data,commenter_display_name}'
      when 'whatsapp_message' then case when s.raw_content #> '{data,is_inbound}' is distinct from 'false' then s.raw_content #>> '{data,sender_name}' end
      when 'email_interaction' then s.raw_content #>> array['data', case when s.raw_content #>> '{data,email_type}' = 'received' then 'sender_name' else 'recipient_name' end]
      when 'crm_event' then coalesce(s.raw_content #>> '{data,event_data,name}',
        concat_ws(' ', s.raw_content #>> '{data,event_data,first_name}', s.raw_content #>> '{data,event_data,last_name}')) end), ''))) as d
  offset 0 -- each part is taken from the signal once, and not for every field
) x;
comment on view private.signal_people is
  'Fields of identity of each signal: envelope (identifiers, name, person), address of an order''s delivery, names and address in a CRM event, the name beside a review, comment, message or mail.';

create type private.identity_fields_row as (
  signal_id uuid, occurred_at timestamptz, fingerprint text,
  customer_id text, email text, phone text, social_handle text, more_identifiers text[],
  given_name text, family_name text, given_is_derived boolean, family_is_derived boolean, birth_date text,
  street text, house_number text, city text, postcode text, region text, country text, email_letters text
);

create function private.read_identities(p_signals uuid[])
returns setof private.identity_fields_row
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
  with people as materialized (
    select p.*, private.name_parts(p.full_name) as parts, split_part(private.plain_text(p.given_name), ' ', 1) as stated_given,
      private.plain_text(p.family_name) as stated_family, private.plain_text(p.street) as plain_street,
      regexp_replace(p.birth_date, '[^0-9]', '', 'g') as digits
    from private.signal_people p
    -- By the key alone, here and wherever a batch is read: with the brand beside it the planner thinks that the brand has
    -- few rows, and reads them all.
    where p.signal_id = any (p_signals)
  ), named as (
    select p.*, i.customer_id, i.email, i.phone, i.social_handle, i.more, e.letters,
      coalesce(nullif(p.stated_given, ''), p.parts[1]) as own_given, coalesce(p.stated_family, p.parts[2]) as own_family,
      -- anna.smith81@: two words before the @ are taken as given and family name where none is stated.
      case when e.words ~ '^[a-z]{2,}[._-][a-z]{2,}$' then regexp_split_to_array(e.words, '[._-]') end as mail_parts
    from people p
    cross join lateral (
      select min(v.value) filter (where v.type = 'customer_id') as customer_id, min(v.value) filter (where v.type = 'email') as email,
        min(v.value) filter (where v.type = 'phone') as phone, min(v.value) filter (where v.type = 'social_handle') as social_handle,
        array_agg(v.type || ':' || v.value order by v.type, v.value) filter (where v.place > 1) as more
      from (
        select i.value ->> 'type' as type, i.value ->> 'value' as value,
          row_number() over (partition by i.value ->> 'type' order by i.value ->> 'value') as place
        from jsonb_array_elements(p.identifiers) i
        where length(i.value ->> 'value') between 1 and 320 and not private.is_placeholder(i.value ->> 'type', i.value ->> 'value')
      ) v
    ) i
    left join lateral (
      select regexp_replace(l.local, '[0-9]+', '', 'g') as words, nullif(regexp_replace(l.local, '[^a-z]', '', 'g'), '') as letters
      from (select split_part(split_part(i.email, '@', 1), '+', 1) as local) l
    ) e on true
  ), fields as materialized (
    select n.signal_id, n.occurred_at, n.customer_id, n.email, n.phone, n.social_handle, n.more,
      left(coalesce(n.own_given, n.mail_parts[1]), 80) as given_name, left(coalesce(n.own_family, n.mail_parts[2]), 80) as family_name,
      n.own_given is null and n.mail_parts is not null as given_is_derived, n.own_family is null and n.mail_parts is not null as family_is_derived,
      case when length(n.digits) in (4, 6, 7, 8) then n.digits end as birth_date,
      left(regexp_replace(regexp_replace(regexp_replace(coalesce(substring(n.plain_street from '^(.*[^0-9 ]) *[0-9]+[a-z]?$'), substring(n.plain_street from '^[0-9]+[a-z]? +(.+)$'), n.plain_street),
        '\m(street)\M', 'st'), '\m(road)\M', 'rd'), '(strasse|str)\M', 'str'), 100) as street,
      left(coalesce(replace(private.plain_text(n.house_number), ' ', ''), substring(n.plain_street from ' ([0-9]+[a-z]?)$'), substring(n.plain_street from '^([0-9]+[a-z]?) ')), 20) as house_number,
      left(private.plain_text(n.city), 100) as city, left(replace(private.plain_text(n.postcode), ' ', ''), 20) as postcode,
      left(private.plain_text(n.region), 60) as region, left(private.plain_text(n.country), 60) as country, left(n.letters, 64) as email_letters
    from named n
  )
  select f.signal_id, f.occurred_at,
    md5(concat_ws(chr(31), coalesce(f.customer_id, ''), coalesce(f.email, ''), coalesce(f.phone, ''), coalesce(f.social_handle, ''), coalesce(f.more::text, ''),
      coalesce(f.given_name, ''), coalesce(f.family_name, ''), f.given_is_derived, f.family_is_derived, coalesce(f.birth_date, ''), coalesce(f.street, ''),
      coalesce(f.house_number, ''), coalesce(f.city, ''), coalesce(f.postcode, ''), coalesce(f.region, ''), coalesce(f.country, ''),
      -- Namesakes say the same: a name and a city alone are a record of their own every time, to be compared like any two.
      case when coalesce(f.customer_id, f.email, f.phone, f.social_handle, f.birth_date, f.street, f.postcode) is null then f.signal_id end)),
    f.customer_id, f.email, f.phone, f.social_handle, f.more, f.given_name, f.family_name, f.given_is_derived, f.family_is_derived,
    f.birth_date, f.street, f.house_number, f.city, f.postcode, f.region, f.country, f.email_letters
  from fields f
  -- A first name, or one with a city, is nobody; with a family name, birth or address beside it, it may be somebody.
  where coalesce(f.customer_id, f.email, f.phone, f.social_handle) is not null
    or f.given_name is not null and coalesce(f.family_name, f.birth_date, f.postcode, f.street) is not null
$$;
comment on function private.read_identities(uuid[]) is
  'The normalised fields of identity of signals and the fingerprint of each combination. A signal without an identifier and without a name that has family name, birth or address beside it is not returned. Placeholder identifiers are left out.';

create function private.note_identity_records(p_brand uuid, p_rows private.identity_fields_row[])
returns uuid[]
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_new uuid[];
begin
  with counted as (
    -- A signal that comes a second time is counted already.
    select r.fingerprint, count(*) filter (where s.identity_record_id is null) as signals, min(r.occurred_at) as first_at, max(r.occurred_at) as last_at,
      (array_agg(r order by r.occurred_at, r.signal_id))[1] as sample
    from unnest(p_rows) r
    join signals.signals_base s on s.id = r.signal_id
    group by r.fingerprint
  ), noted as (
    insert into actors.identity_records as i (brand_id, fingerprint, customer_id, email, phone, social_handle, more_identifiers, given_name, family_name,
      given_is_derived, family_is_derived, birth_date, street, house_number, city, postcode, region, country, email_letters,
      signal_count, first_seen_at, last_seen_at)
    select p_brand, c.fingerprint, (c.sample).customer_id, (c.sample).email, (c.sample).phone, (c.sample).social_handle, (c.sample).more_identifiers,
      (c.sample).given_name, (c.sample).family_name, (c.sample).given_is_derived, (c.sample).family_is_derived, (c.sample).birth_date, (c.sample).street,
      (c.sample).house_number, (c.sample).city, (c.sample).postcode, (c.sample).region, (c.sample).country, (c.sample).email_letters,
      c.signals, c.first_at, c.last_at
    from counted c order by c.fingerprint
    on conflict (brand_id, fingerprint) do update
    set signal_count = i.signal_count + excluded.signal_count,
      first_seen_at = least(i.first_seen_at, excluded.first_seen_at), last_seen_at = greatest(i.last_seen_at, excluded.last_seen_at)
    returning i.id, i.fingerprint, i.actor_id, i.signal_count
  )
  -- New, or forgotten when its last signal was retracted (private.forget_record).
  select array_agg(n.id order by n.fingerprint) into v_new
  from noted n join counted c using (fingerprint)
  where n.actor_id is null or n.signal_count = c.signals and c.signals > 0;
  return coalesce(v_new, '{}');
end
$$;
comment on function private.note_identity_records(uuid, private.identity_fields_row[]) is
  'Notes the record of each combination of fields, new or known, and returns the records that have no person yet. Run under the brand''s lock of actors.process_signals.';
