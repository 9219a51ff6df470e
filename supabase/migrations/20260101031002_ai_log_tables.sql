create table ai.reasoning_logs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  reasoning_type ai.reasoning_type not null,
  reasoning_scope ai.scope not null,
  scope_id uuid,
  decision_made text not null
    constraint decision_is_not_blank check (btrim(decision_made) <> ''),
  decision_confidence double precision not null
    constraint decision_confidence_is_a_share check (decision_confidence between 0 and 1),
  decision_alternatives jsonb not null default '[]'
    constraint decision_alternatives_are_a_list check (jsonb_typeof(decision_alternatives) = 'array'),
  reasoning_steps jsonb not null default '[]'
    constraint reasoning_steps_are_a_list check (jsonb_typeof(reasoning_steps) = 'array'),
  evidence_used jsonb not null
    constraint evidence_is_a_list check (jsonb_typeof(evidence_used) = 'array'),
  assumptions_made jsonb not null default '[]',
  constraints_applied jsonb not null default '[]',
  function_calls_used jsonb not null default '[]'
    constraint function_calls_are_a_list check (jsonb_typeof(function_calls_used) = 'array'),
  data_sources_used jsonb not null default '[]',
  reasoning_quality double precision
    constraint reasoning_quality_is_a_share check (reasoning_quality between 0 and 1),
  evidence_strength double precision
    constraint evidence_strength_is_a_share check (evidence_strength between 0 and 1),
  logic_consistency double precision
    constraint logic_consistency_is_a_share check (logic_consistency between 0 and 1),
  triggered_by text,
  related_entity_type text,
  related_entity_id uuid,
  reasoning_started_at timestamptz not null default now(),
  reasoning_completed_at timestamptz,
  reasoning_duration_ms integer
    constraint reasoning_duration_is_not_negative check (reasoning_duration_ms >= 0),
  reasoning_version text not null default '1.0',
  is_reviewed boolean not null default false,
  reviewed_by uuid references auth.users (id) on delete set null,
  review_notes text,
  unique (brand_id, id)
);

comment on table ai.reasoning_logs is
  'Why a decision was taken: the evidence, the alternatives with their scores, the confidence. Written by private.log_reasoning.';
comment on column ai.reasoning_logs.evidence_used is
  'List; elements that have "kind" and "id" name rows that private.explainers can explain, and ai.explain walks on to them.';
comment on column ai.reasoning_logs.function_calls_used is 'List of ai.function_calls.id.';
comment on column ai.reasoning_logs.scope_id is 'Row of the kind reasoning_scope that the decision is about; null for global and system.';

create table ai.learning_logs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  learning_type ai.learning_type not null,
  learning_category ai.learning_category not null,
  learning_description text not null
    constraint learning_description_is_not_blank check (btrim(learning_description) <> ''),
  knowledge_gained jsonb not null,
  confidence_in_learning double precision not null
    constraint confidence_in_learning_is_a_share check (confidence_in_learning between 0 and 1),
  learning_method ai.learning_method not null,
  learning_algorithm text,
  learning_parameters jsonb not null default '{}',
  source_data jsonb not null default '{}',
  source_outcomes jsonb not null default '[]'
    constraint source_outcomes_are_a_list check (jsonb_typeof(source_outcomes) = 'array'),
  source_analysis_id uuid,
  impact_scope ai.impact_scope not null,
  impact_scope_id uuid,
  expected_impact jsonb not null default '{}',
  implementation_status ai.implementation_status not null default 'pending',
  implementation_notes text,
  implemented_at timestamptz,
  implemented_by text,
  validation_status ai.learning_validation not null default 'pending',
  validation_results jsonb not null default '{}',
  validation_confidence double precision
    constraint validation_confidence_is_a_share check (validation_confidence between 0 and 1),
  learning_strength double precision not null default 1
    constraint learning_strength_is_a_share check (learning_strength between 0 and 1),
  decay_rate double precision
    constraint decay_rate_is_a_share check (decay_rate between 0 and 1),
  last_reinforced_at timestamptz,
  reinforcement_count integer not null default 0
    constraint reinforcement_count_is_not_negative check (reinforcement_count >= 0),
  learning_quality double precision
    constraint learning_quality_is_a_share check (learning_quality between 0 and 1),
  data_quality double precision
    constraint data_quality_is_a_share check (data_quality between 0 and 1),
  generalizability double precision
    constraint generalizability_is_a_share check (generalizability between 0 and 1),
  learned_at timestamptz not null default now(),
  expires_at timestamptz,
  version integer not null default 1,
  is_active boolean not null default true,
  unique (brand_id, id)
);

comment on table ai.learning_logs is
  'What the system learned, from which outcomes, with which confidence. Written by private.log_learning.';
comment on column ai.learning_logs.source_outcomes is 'List of ids of outcomes; ai.explain walks on to them.';
comment on column ai.learning_logs.source_analysis_id is 'Analysis of outcomes it came from; the domain outcomes adds the foreign key.';

create table ai.contradiction_logs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  contradiction_type ai.contradiction_type not null,
  contradiction_severity ai.severity not null,
  contradiction_description text not null
    constraint contradiction_description_is_not_blank check (btrim(contradiction_description) <> ''),
  belief_a jsonb not null,
  belief_b jsonb not null,
  evidence_for_a jsonb not null default '[]',
  evidence_for_b jsonb not null default '[]',
  scope_type ai.scope not null,
  scope_id uuid,
  context_data jsonb not null default '{}',
  contradiction_strength double precision not null
    constraint contradiction_strength_is_a_share check (contradiction_strength between 0 and 1),
  possible_explanations jsonb not null default '[]',
  resolution_hypothesis text,
  requires_investigation boolean not null default false,
  resolution_status ai.resolution_status not null default 'unresolved',
  resolution_notes text,
  resolution_date timestamptz,
  resolved_by text,
  impact_on_system jsonb not null default '{}',
  affected_functions jsonb not null default '[]',
  affected_decisions jsonb not null default '[]',
  detection_confidence double precision
    constraint detection_confidence_is_a_share check (detection_confidence between 0 and 1),
  analysis_quality double precision
    constraint analysis_quality_is_a_share check (analysis_quality between 0 and 1),
  source_data jsonb not null default '{}',
  source_functions jsonb not null default '[]',
  detected_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint an_ended_contradiction_has_its_date
    check ((resolution_status in ('unresolved', 'investigating')) = (resolution_date is null))
);

comment on table ai.contradiction_logs is
  'Two things the system holds that cannot both be true, across all domains; actors.actor_contradictions has those of one person.';
