do $$
declare
  v_table text;
begin
  foreach v_table in array array['actors', 'actor_identifiers', 'identity_records', 'identity_reviews', 'actor_beliefs', 'belief_priors', 'belief_prior_groups', 'actor_demographics', 'actor_identity_beliefs',
    'actor_behavioral_scores', 'actor_communication_profiles', 'actor_psychological_triggers', 'actor_preferences', 'actor_memory_loops',
    'actor_friction_points', 'actor_contradictions', 'actor_belief_vectors', 'actor_clustering_metadata', 'belief_vector_components', 'actor_drivers'] loop
    execute format('create trigger _100_set_updated_at before update on actors.%I for each row execute function private.set_updated_at()', v_table);
  end loop;
end
$$;

create function private.keep_version()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if old.is_current and new.is_current then
    execute format('insert into %1$I.%2$I select ($1::%1$I.%2$I).* ', tg_table_schema, tg_table_name)
      using jsonb_populate_record(old, jsonb_build_object('id', private.uuid_v7(), 'is_current', false));
    new.version := old.version + 1;
  end if;
  return new;
end
$$;
comment on function private.keep_version() is
  'Trigger (before update): keeps the row as it was as a version that is not current. Its condition says what counts as a move of the belief: another word, or a share by 0.1, or another number by a fifth; smaller moves follow in place, so that not every signal makes a version. Definer: nobody writes versions by hand.';

create trigger _200_keep_version before update on actors.actor_demographics for each row
  when (old.attribute_value is distinct from new.attribute_value or abs(new.confidence - old.confidence) > 0.2)
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_identity_beliefs for each row
  when ((old.stated_value, old.behavioral_value, old.is_contradiction) is distinct from (new.stated_value, new.behavioral_value, new.is_contradiction))
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_behavioral_scores for each row
  when (new.version_score is distinct from old.version_score)
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_communication_profiles for each row
  when ((old.preferred_channel, old.preferred_time, old.language_preference) is distinct from (new.preferred_channel, new.preferred_time, new.language_preference))
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_psychological_triggers for each row
  when (abs(new.trigger_strength - old.trigger_strength) > 0.1) execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_preferences for each row
  when (new.version_strength is distinct from old.version_strength
    or abs(coalesce(new.stated_strength, 0) - coalesce(old.stated_strength, 0)) > 0.1 or new.is_contradiction <> old.is_contradiction)
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_memory_loops for each row
  when (abs(new.loop_strength - old.loop_strength) > 0.1 or old.loop_description is distinct from new.loop_description)
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_friction_points for each row
  when (abs(new.friction_severity - old.friction_severity) > 0.1 or new.is_resolved <> old.is_resolved)
  execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_contradictions for each row
  when (abs(new.contradiction_strength - old.contradiction_strength) > 0.1 or new.is_resolved <> old.is_resolved)
  execute function private.keep_version();
create function private.queue_new_vectors()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  insert into private.vectors_due (brand_id, actor_id, is_stale)
  select n.brand_id, n.actor_id, false from new_rows n where n.is_current and n.vector_name = 'belief' order by n.actor_id
  on conflict (brand_id, actor_id) do nothing;
  return null;
end
$$;
comment on function private.queue_new_vectors() is
  'Trigger (after insert of vectors, per statement): notes people who had no current vector before. Definer: the queue is closed to clients.';
create trigger _300_queue_new_vectors after insert on actors.actor_belief_vectors
  referencing new table as new_rows for each statement execute function private.queue_new_vectors();

-- Vectors are standardised: 1.5 is about a tenth of the distance between two strangers.
create trigger _200_keep_version before update on actors.actor_belief_vectors for each row
  when (old.vector_data operator(extensions.<->) new.vector_data > 1.5) execute function private.keep_version();
create trigger _200_keep_version before update on actors.actor_drivers for each row
  when (new.leading_driver <> old.leading_driver or new.driver_state <> old.driver_state or abs(new.coherence - old.coherence) > 0.1)
  execute function private.keep_version();
