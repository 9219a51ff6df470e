create table core.brands (
  id uuid primary key default private.uuid_v7(),
  brand_name text not null
    constraint brand_name_is_not_blank check (btrim(brand_name) <> '' and length(brand_name) <= 200),
  brand_slug text not null unique
    constraint brand_slug_is_a_slug check (brand_slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(brand_slug) <= 63),
  description text,
  primary_phone text,
  primary_email text,
  website_url text,
  timezone text not null default 'UTC',
  currency text not null default 'USD'
    constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$'),
  language text not null default 'en'
    constraint language_is_bcp_47 check (language ~ '^[a-z]{2}(-[A-Z]{2})?$'),
  settings jsonb not null default '{}',
  is_active boolean not null default true,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index brands_created_by_idx on core.brands (created_by);

comment on table core.brands is 'The tenant. Every row of the system that belongs to a business carries its brand_id.';
comment on column core.brands.timezone is 'IANA name; local schedules of the brand follow it.';
comment on column core.brands.currency is 'ISO 4217; amounts of the brand are in it unless a row says otherwise.';

create table core.users (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  auth_user_id uuid references auth.users (id) on delete set null,
  email text not null
    constraint email_is_lower_case check (email = lower(btrim(email)) and email like '%_@_%' and length(email) <= 320),
  full_name text,
  role core.role_kind not null default 'customer',
  permissions jsonb not null default '{}',
  is_active boolean not null default true,
  last_login_at timestamptz,
  invited_by uuid,
  accepted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, email),
  unique (brand_id, auth_user_id),
  foreign key (brand_id, invited_by) references core.users (brand_id, id) on delete set null (invited_by)
);
create index users_auth_user_id_idx on core.users (auth_user_id) include (brand_id, role) where is_active;
create index users_invited_by_idx on core.users (brand_id, invited_by);

comment on table core.users is
  'Membership: one auth user has one role in a brand. The only source of rights; claims and metadata of a token grant nothing.';
comment on column core.users.auth_user_id is 'Null while the invitation is open and after the auth user was deleted.';
comment on column core.users.is_active is 'False: removed. The row stays because other rows name it.';
comment on column core.users.permissions is 'For the client app; no policy reads it.';

create table core.brand_settings (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  setting_key text not null
    constraint setting_key_is_a_path check (setting_key ~ '^[a-z][a-z0-9_.]{0,99}$'),
  setting_value jsonb not null,
  setting_type core.value_type not null,
  version integer not null default 1,
  is_active boolean not null default true,
  changed_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, setting_key, version),
  constraint setting_value_has_its_type check (jsonb_typeof(setting_value) = setting_type::text)
);
create unique index brand_settings_one_active_idx on core.brand_settings (brand_id, setting_key) where is_active;
create index brand_settings_changed_by_idx on core.brand_settings (changed_by);

comment on table core.brand_settings is
  'Settings of a brand; a change is a new version and the old ones stay. A setting named like a system parameter overrides it.';

create table core.system_parameters (
  id uuid primary key default private.uuid_v7(),
  parameter_key text not null
    constraint parameter_key_is_a_path check (parameter_key ~ '^[a-z][a-z0-9_.]{0,99}$'),
  parameter_value jsonb not null,
  parameter_type core.value_type not null,
  description text not null,
  is_editable boolean not null default true,
  requires_restart boolean not null default false,
  version integer not null default 1,
  is_active boolean not null default true,
  updated_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (parameter_key, version),
  constraint parameter_value_has_its_type check (jsonb_typeof(parameter_value) = parameter_type::text)
);
create unique index system_parameters_one_active_idx on core.system_parameters (parameter_key) where is_active;
create index system_parameters_updated_by_idx on core.system_parameters (updated_by);

comment on table core.system_parameters is
  'Every tunable number of the system with its default for all brands; a change is a new version. Read with private.parameter.';
comment on column core.system_parameters.is_editable is 'False: no brand setting overrides it.';

create table core.brand_integrations (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  service_name text not null
    constraint service_name_is_not_blank check (btrim(service_name) <> '' and length(service_name) <= 100),
  service_type text not null
    constraint service_type_is_known
      check (service_type in ('whatsapp', 'email', 'crm', 'analytics', 'payment', 'social', 'other')),
  status core.integration_status not null default 'inactive',
  config jsonb not null default '{}',
  last_sync_at timestamptz,
  last_error text,
  error_count integer not null default 0,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, service_name)
);
create index brand_integrations_created_by_idx on core.brand_integrations (created_by);

comment on table core.brand_integrations is
  'External services of a brand. Their credentials are in Vault (private.integration_credentials) and no client ever reads them.';

create table private.integration_credentials (
  integration_id uuid primary key,
  brand_id uuid not null,
  vault_secret_id uuid not null,
  foreign key (brand_id, integration_id) references core.brand_integrations (brand_id, id) on delete cascade
);
create index integration_credentials_integration_idx on private.integration_credentials (brand_id, integration_id);
comment on table private.integration_credentials is 'Which Vault secret holds the credentials of an integration.';

create table core.api_keys (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  key_name text not null
    constraint key_name_is_not_blank check (btrim(key_name) <> '' and length(key_name) <= 100),
  key_prefix text not null,
  key_sha256 bytea not null unique
    constraint key_is_stored_as_sha256 check (length(key_sha256) = 32),
  scopes text[] not null
    constraint at_least_one_scope check (cardinality(scopes) > 0),
  rate_limit_per_minute integer not null default 600
    constraint rate_limit_is_positive check (rate_limit_per_minute > 0),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index api_keys_brand_id_idx on core.api_keys (brand_id, created_at desc);
create index api_keys_created_by_idx on core.api_keys (created_by);

comment on table core.api_keys is 'Keys for machines that send signals. The key itself is shown once, when it is made; here is its SHA-256.';
comment on column core.api_keys.key_prefix is 'First characters of the key, to tell keys apart.';
comment on column core.api_keys.scopes is 'What the key may do, for example signals:write.';
comment on column core.api_keys.last_used_at is 'Within a minute.';
