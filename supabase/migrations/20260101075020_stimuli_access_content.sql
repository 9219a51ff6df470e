select private.grant_access('stimuli.template_versions', 'append');
select private.grant_access('stimuli.template_checks', 'append');
select private.grant_access('stimuli.offer_redemptions', 'staff');
