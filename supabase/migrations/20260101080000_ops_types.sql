create schema ops;
comment on schema ops is 'The business itself: sites, sales, stock, suppliers, service cases, metrics, alerts.';

create type ops.transaction_type as enum ('sale', 'refund', 'void', 'adjustment', 'gift_card', 'loyalty_redemption');
-- completed is missing in the original, although it is the default there.
create type ops.sale_status as enum ('pending', 'confirmed', 'preparing', 'ready', 'delivered', 'completed', 'cancelled', 'refunded');
create type ops.alert_status as enum ('active', 'acknowledged', 'resolved', 'dismissed', 'expired');
