create function private.explain_reasoning(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'reasoning', 'id', r.id, 'brand_id', r.brand_id, 'summary', r.decision_made, 'type', r.reasoning_type,
    'confidence', r.decision_confidence, 'at', r.reasoning_started_at, 'alternatives', r.decision_alternatives,
    'steps', r.reasoning_steps, 'evidence', r.evidence_used,
    'because',
      (select coalesce(jsonb_agg(e.item order by e.place), '[]')
       from jsonb_array_elements(r.evidence_used) with ordinality e (item, place)
       where jsonb_typeof(e.item) = 'object' and e.item ? 'kind' and e.item ? 'id')
      || (select coalesce(jsonb_agg(jsonb_build_object('kind', 'call', 'id', c.id) order by c.place), '[]')
          from jsonb_array_elements_text(r.function_calls_used) with ordinality c (id, place)))
  from ai.reasoning_logs r where r.id = p_id
$$;
comment on function private.explain_reasoning(uuid) is 'Explainer of ai.reasoning_logs: its evidence, then the calls that decided.';

create function private.explain_call(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'call', 'id', c.id, 'brand_id', c.brand_id, 'summary', format('%s %s %s', f.function_name, f.version, c.execution_status),
    'function', f.function_name, 'version', f.version, 'purpose', f.purpose, 'input', c.input_data, 'output', c.output_data,
    'error', c.error_data, 'confidence', c.confidence_score, 'execution_time_ms', c.execution_time_ms, 'at', c.call_timestamp,
    'because', jsonb_path_query_array(jsonb_build_array(
      jsonb_build_object('kind', c.related_entity_type, 'id', c.related_entity_id),
      jsonb_build_object('kind', 'call', 'id', c.parent_call_id)), '$[*] ? (@.id != null)'))
  from ai.function_calls c join ai.functions f on f.id = c.function_id
  where c.id = p_id
$$;
comment on function private.explain_call(uuid) is 'Explainer of ai.function_calls: what the call was about, then the call that made it.';

create function private.explain_learning(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'learning', 'id', l.id, 'brand_id', l.brand_id, 'summary', l.learning_description, 'type', l.learning_type,
    'confidence', l.confidence_in_learning, 'at', l.learned_at, 'knowledge', l.knowledge_gained,
    'because', (select coalesce(jsonb_agg(jsonb_build_object('kind', 'outcome', 'id', o.id) order by o.place), '[]')
      from jsonb_array_elements_text(l.source_outcomes) with ordinality o (id, place)))
  from ai.learning_logs l where l.id = p_id
$$;
comment on function private.explain_learning(uuid) is 'Explainer of ai.learning_logs: the outcomes it came from.';
