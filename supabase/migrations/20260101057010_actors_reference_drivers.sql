insert into private.drivers (driver, place, prior, belief, advice) values
  ('safety', 1, 0.16, 'wants to be sure that nothing goes wrong', 'Lead with guarantees, clear terms and what stays the same; never hurry.'),
  ('connection', 2, 0.16, 'wants to belong and to be known', 'Write personally, by name and history; invite to share.'),
  ('status', 3, 0.17, 'wants to stand out and be recognised', 'Offer first access and visible recognition; do not discount.'),
  ('growth', 4, 0.17, 'wants to learn and get better', 'Explain, teach, and show the next step up.'),
  ('freedom', 5, 0.17, 'wants to choose and not be bound', 'Offer choice, easy changes and no obligation.'),
  ('purpose', 6, 0.17, 'wants it to mean something', 'Tell where it comes from and what good it does.');
insert into private.driver_pairs (driver_a, driver_b, conflict, reinforcement)
select least(a, b), greatest(a, b), c, r from (values
  ('safety', 'freedom', 0.85, 0), ('status', 'purpose', 0.73, 0), ('safety', 'growth', 0.72, 0), ('safety', 'status', 0.68, 0),
  ('freedom', 'purpose', 0.67, 0), ('connection', 'status', 0.61, 0), ('purpose', 'safety', 0.58, 0), ('connection', 'freedom', 0.54, 0),
  ('growth', 'connection', 0.48, 0), ('safety', 'connection', 0, 0.82), ('growth', 'freedom', 0, 0.78), ('connection', 'purpose', 0, 0.75),
  ('growth', 'purpose', 0, 0.71), ('status', 'freedom', 0, 0.65), ('status', 'growth', 0, 0.58)) p (a, b, c, r);
