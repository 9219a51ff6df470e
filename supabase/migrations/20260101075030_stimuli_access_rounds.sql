select private.grant_access('stimuli.choice_rounds', 'staff');
select private.grant_access('stimuli.choice_odds', 'staff');
