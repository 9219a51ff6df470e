-- The original of an id is unique until it is retracted, and so is each further version of it.
create unique index signals_base_one_original_per_id_idx on signals.signals_base (brand_id, source_platform, source_id)
  where not is_duplicate and retracted_at is null;
create unique index signals_base_one_version_per_content_idx
  on signals.signals_base (brand_id, source_platform, source_id, content_sha256) where is_duplicate;
create unique index signals_base_one_original_per_content_idx on signals.signals_base (brand_id, content_sha256)
  where not is_duplicate;
-- The brand is part of each band's hash. No pending list: every search would read it from end to end.
create index signals_base_text_bands_idx on signals.signals_base using gin (text_bands) with (fastupdate = off)
  where not is_duplicate and text_bands is not null;

create index signals_base_recent_idx on signals.signals_base (brand_id, occurred_at desc);
create index signals_base_actor_idx on signals.signals_base (brand_id, actor_id, occurred_at desc);
create index signals_base_duplicate_of_idx on signals.signals_base (brand_id, duplicate_of);
create index signals_base_pending_idx on signals.signals_base (brand_id, occurred_at) where processing_status = 'pending';
create index signals_base_failed_idx on signals.signals_base (brand_id, occurred_at)
  where processing_status in ('failed', 'processing');
