-- Named by the run that fills it and emptied at its end. Unlogged: a crash ends the run, and its rows with it.
create unlogged table private.clustering_points (
  run_id uuid not null,
  actor_id uuid not null,
  vector_id uuid not null,
  vector extensions.vector not null,
  label integer,
  distances double precision[],
  primary key (run_id, actor_id)
);
comment on table private.clustering_points is
  'Working rows of cohorts.discover: the vectors a run read (so that all its steps see the same ones) and the label each got.';
comment on column private.clustering_points.label is 'Index of the nearest centroid of the run, from 1; distances are those to all of them.';

-- Here, because the domain actors, which owns the table, stands before cohorts.
alter table actors.actor_clustering_metadata
  add foreign key (brand_id, clustering_run_id) references cohorts.clustering_runs (brand_id, id) on delete cascade;
