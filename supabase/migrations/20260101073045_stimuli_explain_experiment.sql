create function private.explain_experiment(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'experiment', 'id', e.id, 'brand_id', e.brand_id, 'at', e.started_at, 'status', e.status, 'hypothesis', e.hypothesis,
    'summary', e.experiment_name || case when d.id is null then '' else ': ' || coalesce(w.variant_name || ' won', 'no winner') end,
    'plan', to_jsonb(e) - '{id,brand_id,experiment_name,hypothesis,status,created_at,updated_at}'::text[],
    'looks', (
      select coalesce(jsonb_agg(jsonb_build_object('at', l.looked_at, 'information', l.information, 'verdict', l.verdict) order by l.looked_at), '[]')
      from (select k.* from stimuli.experiment_looks k where k.brand_id = e.brand_id and k.experiment_id = e.id order by k.looked_at desc limit 50) l),
    'decision', case when d.id is not null then jsonb_build_object('at', d.decided_at, 'winner', w.variant_name, 'reason', d.reason,
      'is_override', d.is_override, 'lift', d.lift) end,
    'because', (
      select coalesce(jsonb_agg(distinct jsonb_build_object('kind', 'stimulus', 'id', s.id)), '[]')
      from (
        select v.stimulus_id from stimuli.experiment_variants v where v.brand_id = e.brand_id and v.experiment_id = e.id
        union select e.campaign_id
      ) s (id) where s.id is not null))
  from stimuli.experiments e
  left join stimuli.experiment_decisions d on d.experiment_id = e.id
  left join stimuli.experiment_variants w on w.experiment_id = e.id and w.id = d.winner_id
  where e.id = p_id
$$;
comment on function private.explain_experiment(uuid) is 'Explainer of stimuli.experiments: plan, looks and decision, then what its variants send.';
