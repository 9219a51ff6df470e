create function private.note_author()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.created_by := coalesce(new.created_by, private.caller_member(new.brand_id));
  return new;
end
$$;
comment on function private.note_author() is 'Trigger (before insert): who wrote it. Definer: reads past the policy of core.users.';

create function private.keep_approved_content()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if old.status <> 'draft' then
    perform private.raise_error('stimulus_is_fixed', old.id::text, old.status::text);
  elsif new.content_data is distinct from old.content_data and new.content_checked_at is not distinct from old.content_checked_at then
    -- The check was of the content before.
    new.content_checked_at := null;
  end if;
  return new;
end
$$;
comment on function private.keep_approved_content() is
  'Trigger (before update of what is sent and to whom): once approved it stays; a draft''s new content is unchecked unless it comes with its check. Definer: the error registry is closed to clients.';

create function private.keep_approved_part()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_status stimuli.stimulus_status;
begin
  select s.status into v_status from stimuli.stimuli_base s where s.brand_id = new.brand_id and s.id = new.stimulus_id;
  if v_status <> 'draft' then
    perform private.raise_error('stimulus_is_fixed', new.stimulus_id::text, v_status::text);
  end if;
  return new;
end
$$;
comment on function private.keep_approved_part() is
  'Trigger (before insert, or update of terms and texts, of offers, messages and campaigns): they are fixed when their stimulus is approved. Definer: reads the stimulus past the policies.';
