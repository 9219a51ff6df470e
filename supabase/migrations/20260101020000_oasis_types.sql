-- Legacy words of older task boards are mapped on the way in: pending is scheduled, active is in_progress, complete is completed.
create type public.vtid_status as enum ('allocated', 'scheduled', 'in_progress', 'review', 'blocked', 'completed', 'cancelled');
create type public.vtid_outcome as enum ('success', 'failed', 'cancelled');
create type public.oasis_event_status as enum ('info', 'in_progress', 'success', 'warning', 'error');
