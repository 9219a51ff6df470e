create table stimuli.template_versions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  template_id uuid not null,
  version integer not null
    constraint version_is_positive check (version > 0),
  template_structure jsonb not null
    constraint template_structure_is_an_object check (jsonb_typeof(template_structure) = 'object'),
  default_content jsonb not null
    constraint default_content_is_an_object check (jsonb_typeof(default_content) = 'object'),
  required_fields jsonb not null
    constraint required_fields_are_a_list check (jsonb_typeof(required_fields) = 'array'),
  optional_fields jsonb not null
    constraint optional_fields_are_a_list check (jsonb_typeof(optional_fields) = 'array'),
  created_by uuid,
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, template_id, version),
  foreign key (brand_id, template_id) references stimuli.stimulus_templates (brand_id, id) on delete cascade,
  foreign key (brand_id, created_by) references core.users (brand_id, id) on delete set null (created_by)
);
create index template_versions_created_by_idx on stimuli.template_versions (brand_id, created_by);
comment on table stimuli.template_versions is
  'Every content that a template ever had, once: written by a trigger whenever the content of a template becomes one that it never had before. Stimuli name the version they were made from.';

create table stimuli.template_checks (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  version_id uuid not null,
  is_passed boolean not null,
  problems jsonb not null default '[]'
    constraint problems_are_a_list check (jsonb_typeof(problems) = 'array'),
  checked_by uuid,
  checked_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint what_passed_has_no_problems check (not is_passed or problems = '[]'),
  foreign key (brand_id, version_id) references stimuli.template_versions (brand_id, id) on delete cascade,
  foreign key (brand_id, checked_by) references core.users (brand_id, id) on delete set null (checked_by)
);
create index template_checks_version_idx on stimuli.template_checks (brand_id, version_id);
create index template_checks_checked_by_idx on stimuli.template_checks (brand_id, checked_by);
comment on table stimuli.template_checks is
  'What came of each check of a version: by the Edge Function stimuli, which parses and renders it. The newest check of a version counts.';
comment on column stimuli.template_checks.problems is '[{"field", "line", "problem", "mend"}]; empty where it passed.';
comment on column stimuli.template_checks.checked_by is 'Null for the templates that come with Loopwise: their check is a test of Loopwise itself.';

alter table stimuli.stimulus_templates
  add foreign key (brand_id, current_version_id) references stimuli.template_versions (brand_id, id) on delete set null (current_version_id);
create index stimulus_templates_current_version_idx on stimuli.stimulus_templates (brand_id, current_version_id);
alter table stimuli.stimuli_base
  add foreign key (brand_id, template_version_id) references stimuli.template_versions (brand_id, id) on delete set null (template_version_id);
create index stimuli_base_template_version_idx on stimuli.stimuli_base (brand_id, template_version_id);
comment on column stimuli.stimuli_base.template_version_id is 'The version of the template that it was made from, whatever the template became since.';
