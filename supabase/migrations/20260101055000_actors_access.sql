-- Beliefs are written by functions only: a client that could write them could not be explained.
select private.grant_access('actors.actors', 'staff', p_update => '{name, is_active, is_verified, verification_method}');
select private.grant_access('actors.evidence', 'append');
select private.grant_access('actors.' || t, 'staff')
from unnest(array['actor_identifiers', 'identifier_conflicts', 'actor_beliefs', 'belief_priors', 'actor_demographics',
  'actor_identity_beliefs', 'actor_behavioral_scores', 'actor_communication_profiles', 'actor_psychological_triggers',
  'actor_preferences', 'actor_memory_loops', 'actor_friction_points', 'actor_contradictions', 'actor_belief_vectors',
  'actor_clustering_metadata', 'belief_vector_components']) t;
select private.grant_access('private.insights_due', 'service');
select private.grant_access('actors.actor_drivers', 'staff');
select private.grant_access('private.' || t, 'service') from unnest(array['drivers', 'driver_pairs', 'text_lexicon']) t;
