create table public.vtid_ledger (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  vtid text not null unique
    constraint vtid_has_a_known_form check (vtid ~ '^(VTID-\d{5,}|[A-Z]+-[A-Z0-9]+-\d{4}-\d{4,})$'),
  parent_vtid text,
  layer text not null
    constraint layer_is_not_blank check (btrim(layer) <> ''),
  module text not null
    constraint module_is_not_blank check (btrim(module) <> ''),
  task_family text,
  task_type text,
  status public.vtid_status not null default 'scheduled',
  title text not null default ''
    constraint title_is_short check (length(title) <= 200),
  summary text,
  description text,
  is_test boolean not null default false,
  assigned_to text,
  target_roles text[] not null default '{}'
    constraint target_roles_are_known check (target_roles <@ '{DEV,COM,ADM,PRO,ERP,PAT,INFRA}'),
  metadata jsonb not null default '{}',
  is_terminal boolean not null default false,
  terminal_outcome public.vtid_outcome,
  completed_at timestamptz,
  failure_count integer not null default 0
    constraint failure_count_is_not_negative check (failure_count >= 0),
  last_failure_at timestamptz,
  claimed_by text,
  claim_started_at timestamptz,
  claim_expires_at timestamptz,
  spec_status text,
  spec_content text,
  spec_approved_by text,
  spec_approved_at timestamptz,
  voided_at timestamptz,
  voided_reason text,
  deleted_at timestamptz,
  deleted_by text,
  delete_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, vtid),
  foreign key (brand_id, parent_vtid) references public.vtid_ledger (brand_id, vtid) on delete set null (parent_vtid),
  constraint a_terminal_task_has_an_outcome
    check (is_terminal = (terminal_outcome is not null) and is_terminal = (completed_at is not null)),
  constraint only_a_terminal_task_is_completed_or_cancelled check (is_terminal or status not in ('completed', 'cancelled')),
  constraint a_claim_is_whole_or_absent check (
    (claimed_by is null) = (claim_started_at is null) and (claimed_by is null) = (claim_expires_at is null)
    and coalesce(claim_started_at < claim_expires_at, true)),
  constraint infra_stands_alone check (not 'INFRA' = any (target_roles) or cardinality(target_roles) = 1)
);

comment on table public.vtid_ledger is
  'Ledger of tasks. The end of a task is stored here, never derived from the event log, which is purged.';
comment on column public.vtid_ledger.vtid is
  'Number of the task: VTID- and at least five digits, or FAMILY-MODULE-YYYY-NNNN; never used twice, gaps are allowed.';
comment on column public.vtid_ledger.is_terminal is 'True once the task has ended, with its outcome and time; it never starts again.';
comment on column public.vtid_ledger.failure_count is 'Failed attempts by workers; the task may be tried again until its limit.';
comment on column public.vtid_ledger.claimed_by is 'Worker that holds the task until claim_expires_at; afterwards another may take it over.';
comment on column public.vtid_ledger.voided_at is 'The number was given by mistake; the row stays so that it is not given again.';
