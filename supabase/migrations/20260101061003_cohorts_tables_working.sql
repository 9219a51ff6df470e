-- What a run needs between its steps. Logged, unlike most working rows: a run survives a crash of the server.
create table private.clustering_points (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  actor_id uuid not null,
  vector_id uuid,
  vector extensions.vector not null,
  sample_place integer,
  label integer,
  posteriors double precision[],
  distances double precision[],
  primary key (run_id, actor_id)
);
create unique index clustering_points_sample_idx on private.clustering_points (run_id, sample_place) where sample_place is not null;
-- What was counted about the runs of yesterday says that a new one has no rows: let the planner assume an average run.
alter table private.clustering_points alter column run_id set statistics 0;
comment on table private.clustering_points is
  'The vectors that a run read, so that all its steps see the same ones, and where each was placed. Emptied at its end.';
comment on column private.clustering_points.sample_place is 'Place in the sample on which the groups are looked for, from 1; null outside.';
comment on column private.clustering_points.label is 'The likeliest cohort of the run, from 1; 0: like none of them.';
comment on column private.clustering_points.posteriors is 'Probability of each cohort of the run; what is missing to 1 is the probability of none.';
comment on column private.clustering_points.distances is 'Euclidean distance to the mean of each cohort of the run.';

create table private.clustering_steps (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  place integer not null,
  kind text not null,
  arguments jsonb not null default '{}',
  progress_cursor jsonb,
  attempts integer not null default 0,
  interruptions integer not null default 0,
  retry_at timestamptz,
  last_error text,
  spent_ms double precision not null default 0,
  done_at timestamptz,
  primary key (run_id, place)
);
comment on table private.clustering_steps is
  'What a run has to do, in the order of place. A step is private.clustering_<kind>, which takes what it needs of p_run, p_arguments and p_cursor; it returns null when it is done, or the cursor to go on from. Each call is one transaction: whoever kills it loses nothing else. Of the last five runs of a brand.';
comment on column private.clustering_steps.attempts is 'How often the step failed.';
comment on column private.clustering_steps.interruptions is 'How often the step was cancelled, timed out, or gave way to another session: no failure of its own, unless it never ends.';
comment on column private.clustering_steps.retry_at is 'The job leaves the run alone until then.';

create table private.clustering_candidates (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  algorithm text not null,
  k integer not null,
  labels integer[] not null,
  jaccard_sums double precision[] not null,
  rounds integer not null default 0,
  valley double precision,
  score double precision,
  is_chosen boolean not null default false,
  resampled_sums double precision[] not null,
  resamples integer not null default 0,
  primary key (run_id, algorithm, k)
);
comment on table private.clustering_candidates is 'The partitions of the sample that a run compares.';
comment on column private.clustering_candidates.labels is 'Group of each point of the sample, from 1; 0: noise.';
comment on column private.clustering_candidates.jaccard_sums is 'Per group, the sum over rounds of its best Jaccard overlap with a group of a half of the sample that was clustered by itself.';
comment on column private.clustering_candidates.valley is 'Mean over the halves of the shallowest valley between neighbouring groups (private.shallowest_valley); null while nobody asked.';
comment on column private.clustering_candidates.score is 'Of a partition all of whose groups are stable and lie apart: mean overlap x (1 - valley) x ln k.';
comment on column private.clustering_candidates.resampled_sums is 'As jaccard_sums, over bootstrap draws: what the published stability is the mean of. Of the chosen one only.';

create table private.clustering_halves (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  round integer not null,
  fitted integer[] not null,
  held_out integer[] not null,
  neighbours integer[] not null,
  primary key (run_id, round)
);
comment on table private.clustering_halves is 'The halves of the sample that a run clusters by themselves: places in the sample.';
comment on column private.clustering_halves.neighbours is 'Of each point held out the nine nearest fitted ones (places in fitted), nine in a row: they decide its group.';

create table private.clustering_refits (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  algorithm text not null,
  round integer not null,
  k integer not null,
  labels integer[] not null,
  gaps double precision[],
  primary key (run_id, algorithm, k, round)
);
comment on table private.clustering_refits is 'What an algorithm makes of a half of the sample: the group of each of its points.';

create table private.clustering_components (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  label integer not null,
  place integer not null,
  mean extensions.vector not null,
  variance double precision not null,
  weight double precision not null,
  primary key (run_id, label, place)
);
comment on table private.clustering_components is
  'The mixture by which people are placed: each cohort (label) of a run is one or more spheres. Kept for as long as people are placed by the run: of the last completed one, and of those that living cohorts come from.';
comment on column private.clustering_components.variance is 'Per dimension.';
comment on column private.clustering_components.weight is 'Share of the sample; all weights of a run and the share of noise add up to 1.';

create table private.rule_sweeps (
  brand_id uuid not null,
  cohort_id uuid not null,
  after_actor uuid not null default '00000000-0000-0000-0000-000000000000',
  primary key (brand_id, cohort_id),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade
);
comment on table private.rule_sweeps is
  'Cohorts made by rules whose rule is being held against all people of the brand, in the order of their ids; the job loopwise-cohorts-assign goes on.';

create table private.clustering_samples (
  run_id uuid not null references cohorts.clustering_runs (id) on delete cascade,
  actor_id uuid not null,
  label integer not null,
  confidence double precision not null,
  primary key (run_id, actor_id)
);
comment on table private.clustering_samples is
  'How the last completed run placed the people of its sample, to see later who has gone or moved (private.clustering_due).';
comment on column private.clustering_samples.label is 'As in private.clustering_points.';
comment on column private.clustering_samples.confidence is 'Posterior probability of the label; of label 0 that of none.';

-- Here, because the domain actors, which owns the table, stands before cohorts.
alter table actors.actor_clustering_metadata
  add foreign key (brand_id, clustering_run_id) references cohorts.clustering_runs (brand_id, id) on delete cascade;
