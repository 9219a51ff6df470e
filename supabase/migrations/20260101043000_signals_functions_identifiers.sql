create function private.normalize_identifier(p_type text, p_value text, p_default_country text default null)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_value text := btrim(p_value);
  v_digits text;
begin
  if v_value is null or v_value = '' or length(v_value) > 320 then
    return null;
  end if;
  case p_type
    when 'email' then
      v_value := lower(v_value);
      return case when v_value ~ '^[^\s@<>(),;:"]{1,64}@[^\s@<>(),;:"]+\.[^\s@.<>(),;:"]{2,}$' and strpos(v_value, '..') = 0
        and strpos(v_value, '@.') = 0 then v_value end;
    when 'phone' then
      if v_value !~ '^\+?[0-9 ().\u00a0/-]+$' then
        return null;
      end if;
      v_digits := regexp_replace(v_value, '[^0-9]', '', 'g');
      if v_value like '+%' then
        null;
      elsif v_digits like '00%' then
        v_digits := substr(v_digits, 3);
      else
        select c.calling_code || regexp_replace(v_digits, '^' || c.trunk_prefix, '') into v_digits
        from private.calling_codes c where c.country = upper(p_default_country);
      end if;
      return case when v_digits ~ '^[1-9][0-9]{6,14}$' then '+' || v_digits end;
    when 'social_handle' then
      v_value := lower(regexp_replace(v_value, '(^|:)@', '\1'));
      return case when v_value ~ '^([a-z0-9_.-]+:)?[^\s:@]+$' then v_value end;
    when 'customer_id' then
      return case when v_value !~ '[[:cntrl:]]' then v_value end;
    else
      return null;
  end case;
end
$$;
comment on function private.normalize_identifier(text, text, text) is
  'The one spelling of an identifier, or null when it is not valid. email: lower case. phone: E.164; a national number needs p_default_country (ISO 3166 alpha-2), whose trunk prefix is dropped. social_handle: lower case without @, before it the platform and a colon where known. customer_id: trimmed.';
grant execute on function private.normalize_identifier(text, text, text) to service_role;
