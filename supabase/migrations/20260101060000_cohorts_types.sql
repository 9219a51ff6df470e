create schema cohorts;
comment on schema cohorts is
  'Groups of people that emerge from the belief vectors: runs, cohorts, memberships with confidence, what sets a cohort apart, and how it changes.';

create type cohorts.cohort_type as enum ('behavioral', 'demographic', 'preference', 'mixed', 'custom');
create type cohorts.cohort_status as enum ('active', 'inactive', 'merged', 'split', 'dissolved');
create type cohorts.membership_type as enum ('primary', 'secondary', 'temporary', 'probationary');
create type cohorts.run_type as enum ('full', 'incremental', 'targeted', 'validation');
create type cohorts.run_status as enum ('running', 'completed', 'failed', 'cancelled', 'paused');
create type cohorts.run_trigger as enum ('manual', 'schedule', 'drift', 'change');
create type cohorts.evolution_event as enum (
  'born', 'survived', 'grown', 'shrunk', 'split', 'merged', 'dissolved',
  'updated', 'member_added', 'member_removed', 'characteristics_changed', 'stability_changed');
create type cohorts.characteristic_type as enum (
  'demographic', 'behavioral', 'preference', 'psychographic', 'temporal', 'spatial', 'other');
create type cohorts.relationship_type as enum (
  'similar', 'complementary', 'opposite', 'independent', 'hierarchical', 'other');
create type cohorts.name_source as enum ('characteristics', 'provider', 'manager');
