select private.grant_access('public.oasis_events', 'append');
select private.grant_access('public.vtid_ledger', 'staff');
