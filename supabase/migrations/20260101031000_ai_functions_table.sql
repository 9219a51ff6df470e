create table ai.functions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid references core.brands (id) on delete cascade,
  function_name text not null
    constraint function_name_is_a_path check (function_name ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$' and length(function_name) <= 200),
  function_type ai.function_type not null,
  function_category ai.function_category not null,
  version text not null default '1.0.0'
    constraint version_has_three_numbers check (version ~ '^\d+\.\d+\.\d+$'),
  description text,
  purpose text not null
    constraint purpose_is_not_blank check (btrim(purpose) <> ''),
  input_schema jsonb not null default '{}',
  output_schema jsonb not null default '{}',
  parameters jsonb not null default '{}',
  implementation_type ai.implementation_type not null,
  implementation_code text,
  external_endpoint text,
  integration_id uuid,
  expected_execution_time_ms integer,
  memory_requirements_mb integer,
  cpu_requirements_percent double precision,
  reliability_score double precision
    constraint reliability_score_is_a_share check (reliability_score between 0 and 1),
  total_calls bigint not null default 0
    constraint total_calls_is_not_negative check (total_calls >= 0),
  successful_calls bigint not null default 0
    constraint successful_calls_is_not_negative check (successful_calls >= 0),
  failed_calls bigint not null default 0
    constraint failed_calls_is_not_negative check (failed_calls >= 0),
  average_execution_time_ms double precision,
  last_called_at timestamptz,
  is_active boolean not null default true,
  is_deprecated boolean not null default false,
  deprecation_reason text,
  replacement_function_id uuid references ai.functions (id) on delete set null,
  validation_status ai.function_validation not null default 'pending',
  validation_notes text,
  test_coverage double precision
    constraint test_coverage_is_a_share check (test_coverage between 0 and 1),
  created_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (brand_id, function_name, version),
  foreign key (brand_id, integration_id) references core.brand_integrations (brand_id, id) on delete set null (integration_id),
  constraint ended_calls_are_among_all_calls check (successful_calls + failed_calls <= total_calls)
);

comment on table ai.functions is
  'Registry of every logic function. A change is a new version; the old one stays, inactive, so that a logged call names what really ran.';
comment on column ai.functions.brand_id is 'Null: the function serves all brands.';
comment on column ai.functions.integration_id is
  'Integration whose credentials (in Vault) an external function uses; credentials are never kept here.';
comment on column ai.functions.total_calls is
  'Calls over all brands up to the last run of the job that counts them; ai.health has a brand''s own, up to now.';
comment on column ai.functions.reliability_score is 'Share of ended calls that succeeded, 0 to 1; null before the first.';
