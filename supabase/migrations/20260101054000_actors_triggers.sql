do $$
declare
  v_table text;
begin
  foreach v_table in array array['actors', 'actor_identifiers', 'actor_beliefs', 'belief_priors', 'actor_demographics', 'actor_identity_beliefs',
    'actor_behavioral_scores', 'actor_communication_profiles', 'actor_psychological_triggers', 'actor_preferences', 'actor_memory_loops',
    'actor_friction_points', 'actor_contradictions', 'actor_belief_vectors', 'actor_clustering_metadata', 'belief_vector_components'] loop
    execute format('create trigger _100_set_updated_at before update on actors.%I for each row execute function private.set_updated_at()', v_table);
  end loop;
end
$$;
