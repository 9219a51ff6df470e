insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('signals.max_bytes', '65536', 'number', 'Largest signal, in bytes of its JSON.'),
  ('signals.default_country', '""', 'string', 'ISO 3166 alpha-2 country of phone numbers that are given without one; empty: such numbers are rejected.'),
  ('signals.quality_weights', '{"completeness": 0.3, "plausibility": 0.35, "freshness": 0.1, "source_trust": 0.25}', 'object', 'Weights w_k of the quality of a signal, q = exp(sum of w_k ln q_k); they are normalised to 1.'),
  ('signals.freshness_half_life_days', '180', 'number', 'Age in days at which the freshness of a signal has lost half of what it can lose.'),
  ('signals.freshness_floor', '0.5', 'number', 'Freshness of a signal of any age, above 0 and at most 1: a late signal still tells of its own time.'),
  ('signals.source_trust', '{"default": 0.8, "shop": 0.95, "pos": 0.95, "crm": 0.85, "whatsapp": 0.9, "web": 0.7}', 'object', 'Trust in a source by source_platform in lower case, above 0 and at most 1; default for all others.'),
  ('signals.near_duplicate_similarity', '0.7', 'number', 'Trigram similarity, 0 to 1, from which two texts are the same text.'),
  ('signals.near_duplicate_least_words', '6', 'number', 'Texts with fewer words are never near-duplicates: everybody writes "thank you very much".');

select private.register_function('signals.ingest', 'signal_processing', 'validation',
  'Checks, compares, weighs and stores a batch of signals.',
  '{"parameters": ["signals.max_bytes", "signals.default_country", "signals.quality_weights", "signals.freshness_half_life_days", "signals.freshness_floor", "signals.source_trust", "signals.near_duplicate_similarity", "signals.near_duplicate_least_words"]}');

insert into private.calling_codes (country, calling_code, trunk_prefix) values
  ('AE', '971', '0'), ('AR', '54', '0'), ('AT', '43', '0'), ('AU', '61', '0'), ('BD', '880', '0'), ('BE', '32', '0'), ('BG', '359', '0'),
  ('BR', '55', '0'), ('CA', '1', '1'), ('CH', '41', '0'), ('CL', '56', ''), ('CN', '86', '0'), ('CO', '57', '0'), ('CY', '357', ''),
  ('CZ', '420', ''), ('DE', '49', '0'), ('DK', '45', ''), ('EE', '372', ''), ('EG', '20', '0'), ('ES', '34', ''), ('FI', '358', '0'),
  ('FR', '33', '0'), ('GB', '44', '0'), ('GH', '233', '0'), ('GR', '30', ''), ('HK', '852', ''), ('HR', '385', '0'), ('HU', '36', '06'),
  ('ID', '62', '0'), ('IE', '353', '0'), ('IL', '972', '0'), ('IN', '91', '0'), ('IS', '354', ''), ('IT', '39', ''), ('JP', '81', '0'),
  ('KE', '254', '0'), ('KR', '82', '0'), ('LB', '961', '0'), ('LT', '370', '0'), ('LU', '352', ''), ('LV', '371', ''), ('MA', '212', '0'),
  ('MT', '356', ''), ('MX', '52', ''), ('MY', '60', '0'), ('NG', '234', '0'), ('NL', '31', '0'), ('NO', '47', ''), ('NZ', '64', '0'),
  ('PE', '51', '0'), ('PH', '63', '0'), ('PK', '92', '0'), ('PL', '48', ''), ('PT', '351', ''), ('QA', '974', ''), ('RO', '40', '0'),
  ('RS', '381', '0'), ('SA', '966', '0'), ('SE', '46', '0'), ('SG', '65', ''), ('SI', '386', '0'), ('SK', '421', '0'), ('TH', '66', '0'),
  ('TR', '90', '0'), ('TW', '886', '0'), ('UA', '380', '0'), ('US', '1', '1'), ('VN', '84', '0'), ('ZA', '27', '0');
