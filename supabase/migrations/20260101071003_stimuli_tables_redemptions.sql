create table stimuli.offer_redemptions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  stimulus_id uuid not null,
  deployment_id uuid,
  actor_id uuid,
  idempotency_key text not null
    constraint idempotency_key_is_short check (length(idempotency_key) between 1 and 255),
  order_number text
    constraint order_number_is_short check (length(order_number) <= 255),
  order_data jsonb not null
    constraint order_data_is_an_object check (jsonb_typeof(order_data) = 'object'),
  order_total numeric(12, 2) not null
    constraint order_total_is_not_negative check (order_total >= 0),
  eligible_total numeric(12, 2) not null
    constraint eligible_total_is_not_negative check (eligible_total >= 0),
  discount numeric(12, 2) not null
    constraint discount_is_not_negative check (discount >= 0),
  benefit jsonb not null default '{}'
    constraint benefit_is_an_object check (jsonb_typeof(benefit) = 'object'),
  currency text not null,
  redeemed_at timestamptz not null,
  redeemed_by uuid,
  reversed_at timestamptz,
  reversed_by uuid,
  reversal_reason text
    constraint reversal_reason_is_short check (length(reversal_reason) <= 1000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, idempotency_key),
  constraint a_discount_takes_no_more_than_the_order check (discount <= order_total),
  constraint a_reversal_has_its_reason check ((reversed_at is null) = (reversal_reason is null)),
  foreign key (brand_id, stimulus_id) references stimuli.offers (brand_id, stimulus_id) on delete cascade,
  foreign key (brand_id, deployment_id) references stimuli.stimulus_deployments (brand_id, id) on delete set null (deployment_id),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete set null (actor_id),
  foreign key (brand_id, redeemed_by) references core.users (brand_id, id) on delete set null (redeemed_by),
  foreign key (brand_id, reversed_by) references core.users (brand_id, id) on delete set null (reversed_by)
);
create index offer_redemptions_stimulus_idx on stimuli.offer_redemptions (brand_id, stimulus_id, actor_id);
create index offer_redemptions_deployment_idx on stimuli.offer_redemptions (brand_id, deployment_id);
create index offer_redemptions_actor_idx on stimuli.offer_redemptions (brand_id, actor_id);
create index offer_redemptions_redeemed_by_idx on stimuli.offer_redemptions (brand_id, redeemed_by);
create index offer_redemptions_reversed_by_idx on stimuli.offer_redemptions (brand_id, reversed_by);
comment on table stimuli.offer_redemptions is
  'Offers that people made use of, one row per order; taken back by reversed_at, never deleted. Written by stimuli.redeem and stimuli.reverse_redemption, under a lock of the offer, together with its counters.';
comment on column stimuli.offer_redemptions.order_total is 'Of the lines of the order and its delivery, before the discount, in the currency of the brand.';
comment on column stimuli.offer_redemptions.eligible_total is 'Of the lines that the offer is for.';
comment on column stimuli.offer_redemptions.benefit is 'What else than money off it gives: {"points_factor"}, {"free_delivery"}, {"access"} …';

-- A person's own code is in the deployment; a till asks for it by brand and code.
create unique index stimulus_deployments_offer_code_idx on stimuli.stimulus_deployments (brand_id, (personalization_applied ->> 'offer_code'))
  where personalization_applied ? 'offer_code';
