/** Request and response shapes of the delivery routes of the Edge Function `stimuli`. */
import { z } from "zod";

/** How long the worker may go on, and how many messages it takes at once. */
export const deliverRequest = z.object({
  seconds: z.number().min(1).max(120).default(45),
  concurrency: z.int().min(1).max(200).default(50),
});

export const deliverResponse = z.object({
  handed_over: z.int(),
  sent: z.int(),
  rejected: z.int(),
  retry: z.int(),
  unknown: z.int(),
  released: z.int(),
});
export type DeliverResponse = z.infer<typeof deliverResponse>;

/** What a provider tells of a message; `message_id` is the id that the connector gave it, or the provider. */
export const deliveryEvent = z.object({
  event_id: z.string().min(1).max(255),
  type: z.enum(["sent", "delivered", "opened", "clicked", "bounced", "failed", "complained", "unsubscribed"]),
  deployment_id: z.uuid().optional(),
  provider_message_id: z.string().max(500).optional(),
  occurred_at: z.iso.datetime({ offset: true }).optional(),
  is_permanent: z.boolean().optional(),
  address: z.string().max(320).optional(),
  link: z.string().max(4000).optional(),
  code: z.string().max(100).optional(),
});
export type DeliveryEvent = z.infer<typeof deliveryEvent>;

export const deliveryEvents = z.object({ events: z.array(deliveryEvent).min(1).max(1000) });

export const recordedEvents = z.object({ recorded: z.int(), known: z.int() });
export type RecordedEvents = z.infer<typeof recordedEvents>;
