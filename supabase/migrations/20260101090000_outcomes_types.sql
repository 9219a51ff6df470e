create schema outcomes;
comment on schema outcomes is 'What came of what was sent, how much of it was caused by it, and what the system learned.';

create type outcomes.outcome_type as enum (
  'conversion', 'engagement', 'revenue', 'satisfaction', 'churn', 'feedback', 'click', 'open', 'purchase', 'signup',
  'unsubscribe', 'complaint', 'other');
create type outcomes.outcome_category as enum ('positive', 'negative', 'neutral', 'mixed');
-- The first four in the order in which an outcome passes through them.
create type outcomes.processing_status as enum ('pending', 'processed', 'analyzed', 'learned', 'failed', 'skipped');
create type outcomes.validation_status as enum ('pending', 'validated', 'invalidated', 'needs_more_data', 'partially_validated');
