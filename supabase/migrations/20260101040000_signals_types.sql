create schema signals;
comment on schema signals is 'Everything people do, as it came in: one row per signal, with its quality and its duplicates.';

create type signals.signal_type as enum (
  'whatsapp_message', 'review', 'social_comment', 'order', 'web_behavior', 'email_interaction', 'survey_response', 'crm_event',
  'outcome_signal'
);
comment on type signals.signal_type is
  'outcome_signal: what came of something sent, told by no other signal (outcomes.mark_outcome_as_signal). It has no detail table, is not taken from outside, and is no evidence of its own: what it teaches is learnt from the outcome.';
create type signals.processing_status as enum ('pending', 'processing', 'completed', 'failed', 'skipped');
create type signals.duplicate_kind as enum (
  'same_id_same_content', 'same_id_other_content', 'other_id_same_content', 'near_same_text', 'same_order'
);
comment on type signals.duplicate_kind is
  'same_id_same_content: sent again, never stored twice. same_id_other_content: the id is known with other content; the new version is kept. other_id_same_content: same type, people, time and data under another id. near_same_text: nearly the same words under another id. same_order: number, amount and day of an order that another platform told of.';
