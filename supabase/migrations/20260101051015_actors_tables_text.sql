create table private.text_lexicon (
  language text not null
    constraint language_is_a_code check (language ~ '^[a-z]{2}$'),
  phrase text not null
    constraint phrase_is_one_to_three_lower_words check (phrase = lower(phrase) and phrase ~ '^\S+( \S+){0,2}$'),
  kind text not null
    constraint kind_is_known check (kind in ('sentiment', 'topic', 'intent', 'driver', 'archetype', 'tone', 'negation', 'intensifier')),
  target text not null default '',
  score double precision not null default 1,
  primary key (language, phrase, kind, target)
);
comment on table private.text_lexicon is
  'What words mean to the offline reader of texts (private.read_texts). Words without apostrophes, phrases of up to three words, emoji; further languages are further rows.';
comment on column private.text_lexicon.target is 'Topic, intent, driver, archetype or tone; empty for the other kinds.';
comment on column private.text_lexicon.score is
  'sentiment: -1 to 1. driver, archetype: likelihood. intensifier: what the next word is multiplied with. negation: what the words after it are multiplied with. Else 1.';
