-- Beliefs are written by functions only: a client that could write them could not be explained.
select private.grant_access('actors.actors', 'staff', p_update => '{name, is_active, is_verified, verification_method}');
select private.grant_access('actors.' || t, 'append') from unnest(array['evidence', 'identity_events', 'identity_moves']) t;
-- Whose evidence it is follows identity resolution (private.hand_over_records); what was observed stays as it was.
drop trigger _500_append_only on actors.evidence;
create trigger _500_append_only before delete or update of id, brand_id, attribute, context, distribution, category, value, exposure,
    is_stated, weight, occurred_at, recorded_at, source_kind, source_id
  on actors.evidence for each row execute function private.reject_change();
select private.grant_access('actors.' || t, 'staff')
from unnest(array['actor_identifiers', 'identity_records', 'identity_matches', 'identity_models', 'identity_reviews', 'actor_beliefs', 'belief_priors', 'belief_prior_groups', 'actor_demographics',
  'actor_identity_beliefs', 'actor_behavioral_scores', 'actor_communication_profiles', 'actor_psychological_triggers',
  'actor_preferences', 'actor_memory_loops', 'actor_friction_points', 'actor_contradictions', 'actor_belief_vectors',
  'actor_clustering_metadata', 'belief_vector_components']) t;
select private.grant_access('private.' || t, 'service') from unnest(array['identity_blocks', 'identity_values']) t;
select private.grant_access('private.insights_due', 'service');
select private.grant_access('private.vectors_due', 'service');
select private.grant_access('actors.actor_drivers', 'staff');
select private.grant_access('private.' || t, 'service') from unnest(array['drivers', 'driver_pairs', 'text_lexicon']) t;
