create index actors_merged_into_idx on actors.actors (brand_id, merged_into);
create index actors_last_seen_at_idx on actors.actors (brand_id, last_seen_at desc) where is_active;
create index actor_identifiers_value_idx on actors.actor_identifiers (brand_id, identifier_type, identifier_value);
-- Refolding reads one actor's evidence for one attribute.
create index evidence_actor_idx on actors.evidence (brand_id, actor_id, attribute);

-- signals is the lower domain and cannot name actors: the reference is made here.
alter table signals.signals_base
  add constraint signals_base_actor_fkey foreign key (brand_id, actor_id)
  references actors.actors (brand_id, id) on delete set null (actor_id);
-- private.order_evidence looks for an earlier telling of the same order.
create index order_history_order_number_idx on signals.order_history (brand_id, order_number);
