create table core.audit_log (
  id uuid not null default private.uuid_v7(),
  brand_id uuid,
  seq bigint not null,
  table_name text not null,
  record_id uuid,
  action core.audit_action not null,
  old_values jsonb,
  new_values jsonb,
  user_id uuid,
  caller_role text not null,
  ip_address inet,
  user_agent text,
  request_id text,
  created_at timestamptz not null default now(),
  previous_sha256 bytea not null,
  row_sha256 bytea not null,
  primary key (created_at, id)
) partition by range (created_at);
create index audit_log_brand_seq_idx on core.audit_log (brand_id, seq);
create index audit_log_record_idx on core.audit_log (brand_id, table_name, record_id);

comment on table core.audit_log is
  'Who changed what in the sensitive tables. Append-only; the rows of a brand form a SHA-256 chain that core.verify_audit walks. No foreign keys: the log outlives what it tells of.';
comment on column core.audit_log.brand_id is 'Null: not about one brand.';
comment on column core.audit_log.seq is 'Place in the chain of the brand, from 1 without gaps.';
comment on column core.audit_log.user_id is 'auth.users.id of the caller; null for the service role and jobs.';
comment on column core.audit_log.old_values is 'Row before, secrets redacted; an update holds only the columns that changed.';
comment on column core.audit_log.row_sha256 is 'SHA-256 over previous_sha256 and every other column (private.audit_row_sha256).';

create table private.audit_heads (
  brand_id uuid primary key,
  seq bigint not null,
  row_sha256 bytea not null
);
comment on table private.audit_heads is
  'Newest link of each chain, the zero uuid for rows of no brand. Its row lock puts concurrent writers in line, and its value shows when the end of the chain was cut off.';

create table private.audit_digests (
  brand_id uuid not null,
  seq bigint not null,
  row_sha256 bytea not null,
  created_at timestamptz not null default now(),
  primary key (brand_id, seq)
);
comment on table private.audit_digests is
  'Daily digests. Store them outside the database: a chain rebuilt by the owner of the database no longer meets a digest taken before.';

select private.register_partitioned_table('core.audit_log', 84);
