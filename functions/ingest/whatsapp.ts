import { z } from "zod";

// Only what is used of a WhatsApp Cloud API notification; whatever else Meta adds passes by.
const media = z.looseObject({ caption: z.string().optional(), mime_type: z.string().optional() });
const titled = z.looseObject({ title: z.string().optional() });
const message = z.looseObject({
  id: z.string(),
  from: z.string(),
  timestamp: z.string().regex(/^\d{1,12}$/),
  type: z.string(),
  text: z.looseObject({ body: z.string() }).optional(),
  image: media.optional(),
  sticker: media.optional(),
  audio: media.optional(),
  video: media.optional(),
  document: media.optional(),
  location: z.looseObject({ name: z.string().optional(), address: z.string().optional() }).optional(),
  button: z.looseObject({ text: z.string() }).optional(),
  interactive: z.looseObject({ button_reply: titled.optional(), list_reply: titled.optional() }).optional(),
  reaction: z.looseObject({ message_id: z.string(), emoji: z.string().optional() }).optional(),
  context: z
    .looseObject({
      id: z.string().optional(),
      forwarded: z.boolean().optional(),
      frequently_forwarded: z.boolean().optional(),
    })
    .optional(),
});
const status = z.looseObject({
  id: z.string(),
  status: z.string(),
  timestamp: z.string().regex(/^\d{1,12}$/),
  recipient_id: z.string(),
  biz_opaque_callback_data: z.string().max(512).optional(),
});
const value = z.looseObject({
  metadata: z.looseObject({ phone_number_id: z.string().optional() }).optional(),
  contacts: z
    .array(z.looseObject({ wa_id: z.string(), profile: z.looseObject({ name: z.string() }).optional() }))
    .optional(),
  messages: z.array(z.unknown()).optional(),
  statuses: z.array(z.unknown()).optional(),
});
const notification = z.looseObject({
  entry: z.array(z.looseObject({ changes: z.array(z.looseObject({ value: z.unknown() })) })),
});

const TYPES: Record<string, string> = {
  image: "image",
  sticker: "image",
  audio: "audio",
  video: "video",
  document: "document",
  location: "location",
  contacts: "contact",
};

/** The signals in a notification: each message, reactions and button replies included, and each delivery status. */
export function toSignals(body: unknown): Record<string, unknown>[] {
  const parsed = notification.safeParse(body);
  if (!parsed.success) return [];
  return parsed.data.entry
    .flatMap((entry) => entry.changes)
    .flatMap((change) => {
      const content = value.safeParse(change.value);
      if (!content.success) return [];
      const { metadata, contacts = [], messages = [], statuses = [] } = content.data;
      const names = new Map(contacts.map((contact) => [contact.wa_id, contact.profile?.name]));
      return [
        ...understood(message, messages).map((m) => fromMessage(m, names, metadata?.phone_number_id)),
        ...understood(status, statuses).map((s) => fromStatus(s, metadata?.phone_number_id)),
      ];
    });
}

/** Meta sends kinds of messages that are not described here; one of them must not cost the others. */
function understood<T extends z.ZodType>(schema: T, candidates: unknown[]): z.infer<T>[] {
  return candidates.flatMap((candidate) => schema.safeParse(candidate).data ?? []);
}

function fromMessage(
  m: z.infer<typeof message>,
  names: Map<string, string | undefined>,
  phoneNumberId?: string,
): Record<string, unknown> {
  const attachment = m.image ?? m.sticker ?? m.audio ?? m.video ?? m.document;
  const name = names.get(m.from)?.slice(0, 200);
  return {
    type: "whatsapp_message",
    source_platform: "whatsapp",
    source_id: m.id,
    occurred_at: timeOf(m.timestamp),
    identifiers: { phone: `+${m.from}` },
    name,
    data: {
      message_text: (
        m.text?.body ??
        attachment?.caption ??
        m.button?.text ??
        m.interactive?.button_reply?.title ??
        m.interactive?.list_reply?.title ??
        m.reaction?.emoji ??
        m.location?.name ??
        m.location?.address ??
        ""
      ).slice(0, 16_000),
      message_type: TYPES[m.type] ?? "text",
      // Without parameters: audio/ogg; codecs=opus is audio/ogg.
      media_type: attachment?.mime_type?.split(";")[0]?.trim(),
      conversation_id: phoneNumberId && `${phoneNumberId}:${m.from}`,
      is_inbound: true,
      reply_to_message_id: m.reaction?.message_id ?? m.context?.id,
      sender_phone: `+${m.from}`,
      sender_name: name,
      whatsapp_message_id: m.id,
    },
    metadata: {
      kind: m.type,
      forwarded: Boolean(m.context?.forwarded || m.context?.frequently_forwarded),
    },
  };
}

/** Sent, delivered, read or failed: what became of a message of the brand's. */
function fromStatus(s: z.infer<typeof status>, phoneNumberId?: string): Record<string, unknown> {
  return {
    type: "crm_event",
    source_platform: "whatsapp",
    source_id: `${s.id}:${s.status}`,
    occurred_at: timeOf(s.timestamp),
    identifiers: { phone: `+${s.recipient_id}` },
    data: {
      event_type: "status_changed",
      event_name: `whatsapp.${s.status}`,
      crm_system: "other",
      crm_record_id: s.id,
      crm_object_type: "other",
      event_source: "webhook",
      event_data: { status: s.status, phone_number_id: phoneNumberId, key: s.biz_opaque_callback_data },
    },
  };
}

function timeOf(seconds: string): string {
  return new Date(Number(seconds) * 1000).toISOString();
}
