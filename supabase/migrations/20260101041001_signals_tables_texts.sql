-- A detail row has the key of its signal. Duplicates have none: their content stays in raw_content, and no sum over a
-- detail table counts them. `include (brand_id)` puts the whole foreign key under the primary key's index.
create table signals.whatsapp_messages (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  message_text text not null,
  message_type text not null default 'text'
    constraint message_type_is_known
      check (message_type in ('text', 'image', 'audio', 'video', 'document', 'location', 'contact')),
  media_url text,
  media_type text
    constraint media_type_is_a_mime_type check (media_type ~ '^[a-z]+/[a-zA-Z0-9.+-]+$'),
  conversation_id text,
  is_inbound boolean not null default true,
  reply_to_message_id text,
  sender_phone text not null,
  sender_name text,
  sender_profile_pic_url text,
  whatsapp_message_id text,
  "timestamp" timestamptz not null,
  sentiment_score double precision
    constraint sentiment_score_is_between_minus_1_and_1 check (sentiment_score between -1 and 1),
  intent_classification jsonb not null default '{}',
  entities_extracted jsonb not null default '{}',
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index whatsapp_messages_recent_idx on signals.whatsapp_messages (brand_id, "timestamp" desc);
comment on table signals.whatsapp_messages is 'WhatsApp messages, inbound and outbound.';
comment on column signals.whatsapp_messages.message_text is 'Text, caption, or emoji of a reaction; empty for media without a caption.';
comment on column signals.whatsapp_messages.is_inbound is 'True: written by the person. False: sent by the brand, and never evidence of what the person thinks.';
comment on column signals.whatsapp_messages.sender_phone is 'As it was sent; the normalised number is in the signal''s identifiers.';

create table signals.reviews (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  review_text text not null,
  rating integer not null
    constraint rating_is_between_1_and_5 check (rating between 1 and 5),
  title text,
  platform text not null
    constraint review_platform_is_known
      check (platform in ('google', 'yelp', 'facebook', 'tripadvisor', 'opentable', 'zomato', 'other')),
  platform_review_id text,
  platform_url text,
  reviewer_name text,
  reviewer_photo_url text,
  is_verified_purchase boolean not null default false,
  review_date timestamptz not null,
  helpful_votes integer not null default 0
    constraint helpful_votes_are_not_negative check (helpful_votes >= 0),
  total_votes integer not null default 0
    constraint total_votes_are_not_negative check (total_votes >= 0),
  business_response text,
  business_response_date timestamptz,
  sentiment_score double precision
    constraint sentiment_score_is_between_minus_1_and_1 check (sentiment_score between -1 and 1),
  topics_mentioned jsonb not null default '[]',
  keywords jsonb not null default '[]',
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index reviews_recent_idx on signals.reviews (brand_id, review_date desc);
comment on table signals.reviews is 'Reviews on public platforms, rated 1 to 5.';

create table signals.social_comments (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  comment_text text not null,
  comment_type text not null default 'comment'
    constraint comment_type_is_known check (comment_type in ('comment', 'reply', 'mention', 'share')),
  platform text not null
    constraint social_platform_is_known
      check (platform in ('instagram', 'facebook', 'twitter', 'tiktok', 'youtube', 'linkedin', 'other')),
  platform_post_id text,
  platform_comment_id text,
  platform_url text,
  commenter_username text,
  commenter_display_name text,
  commenter_photo_url text,
  commenter_followers_count integer
    constraint followers_are_not_negative check (commenter_followers_count >= 0),
  is_verified boolean not null default false,
  likes_count integer not null default 0 constraint likes_are_not_negative check (likes_count >= 0),
  replies_count integer not null default 0 constraint replies_are_not_negative check (replies_count >= 0),
  shares_count integer not null default 0 constraint shares_are_not_negative check (shares_count >= 0),
  comment_date timestamptz not null,
  is_reply boolean not null default false,
  parent_comment_id text,
  sentiment_score double precision
    constraint sentiment_score_is_between_minus_1_and_1 check (sentiment_score between -1 and 1),
  hashtags jsonb not null default '[]',
  mentions jsonb not null default '[]',
  topics_mentioned jsonb not null default '[]',
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index social_comments_recent_idx on signals.social_comments (brand_id, comment_date desc);
comment on table signals.social_comments is 'Comments, replies, mentions and shares on social platforms.';
