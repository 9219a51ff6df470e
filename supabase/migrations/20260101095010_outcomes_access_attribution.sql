select private.grant_access('outcomes.attribution_runs', 'staff');
select private.grant_access('outcomes.attributions', 'staff');
select private.grant_access('outcomes.attribution_credits', 'staff');
select private.grant_access('private.attribution_' || t, 'service') from unnest(array['groups', 'touches', 'conversions', 'people']) t;
