/** Request and response shapes of the Edge Functions: the zod schemas here are their only definition. */
import { z } from "zod";

const short = z.string().max(255);
const name = z.string().max(200);
const id = z.string().trim().min(1).max(255);
const url = z.string().max(4000);
const link = z.string().max(2000);
const longText = z.string().max(16_000);
const paragraph = z.string().max(4000);
const count = z.int().min(0).max(2_147_483_647);
const money = z.number().min(0).max(9_999_999_999);
const share = z.number().min(0).max(1);
const polarity = z.number().min(-1).max(1);
const object = z.record(z.string(), z.unknown());
const list = z.array(z.unknown());
const phone = z.string().trim().min(1).max(40);
const email = z.string().trim().min(1).max(320);
/** Event times always say their offset; SQL has the last word on which days exist. */
const time = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$/,
    "must be a time with its zone, such as 2026-01-31T10:00:00Z",
  );

/** Null means left out, at every optional place. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish();

/** What the sender knows of who the person is, beside identifiers. Evidence of identity, never taken for certain. */
export const person = z.strictObject({
  given_name: optional(z.string().max(100)),
  family_name: optional(z.string().max(100)),
  street: optional(z.string().max(200)),
  house_number: optional(z.string().max(20)),
  city: optional(z.string().max(100)),
  postcode: optional(z.string().max(20)),
  region: optional(z.string().max(100)),
  country: optional(z.string().max(100)),
  birth_date: optional(z.string().regex(/^\d{4}[\d-]{0,6}$/, "must be a date such as 1980-12-31, or a year")),
});

const orderItem = z.looseObject({
  product_id: z.string().min(1),
  name: z.string(),
  category: optional(z.string()),
  quantity: z.number().positive().max(1_000_000),
  unit_price: money,
});

/** What stands under `data`, per signal type: the columns of the detail tables. Unknown fields are kept with the signal. */
export const signalData = {
  whatsapp_message: z.looseObject({
    message_text: optional(longText),
    message_type: optional(z.enum(["text", "image", "audio", "video", "document", "location", "contact"])),
    media_url: optional(link),
    media_type: optional(
      z.string().regex(/^[a-z]+\/[a-zA-Z0-9.+-]{1,100}$/, "must be a media type such as image/jpeg"),
    ),
    conversation_id: optional(short),
    is_inbound: optional(z.boolean()),
    reply_to_message_id: optional(short),
    sender_phone: phone,
    sender_name: optional(short),
    sender_profile_pic_url: optional(link),
    whatsapp_message_id: optional(short),
    timestamp: optional(time),
    sentiment_score: optional(polarity),
    intent_classification: optional(object),
    entities_extracted: optional(object),
  }),
  review: z.looseObject({
    review_text: longText.trim().min(1),
    rating: z.int().min(1).max(5),
    title: optional(short),
    platform: optional(z.enum(["google", "yelp", "facebook", "tripadvisor", "opentable", "zomato", "other"])),
    platform_review_id: optional(short),
    platform_url: optional(link),
    reviewer_name: optional(short),
    reviewer_photo_url: optional(link),
    is_verified_purchase: optional(z.boolean()),
    review_date: optional(time),
    helpful_votes: optional(count),
    total_votes: optional(count),
    business_response: optional(longText),
    business_response_date: optional(time),
    sentiment_score: optional(polarity),
    topics_mentioned: optional(list),
    keywords: optional(list),
  }),
  social_comment: z.looseObject({
    comment_text: longText.trim().min(1),
    comment_type: optional(z.enum(["comment", "reply", "mention", "share"])),
    platform: optional(
      z.enum(["instagram", "facebook", "twitter", "tiktok", "youtube", "linkedin", "other"]),
    ),
    platform_post_id: optional(short),
    platform_comment_id: optional(short),
    platform_url: optional(link),
    commenter_username: optional(z.string().trim().min(1).max(100)),
    commenter_display_name: optional(short),
    commenter_photo_url: optional(link),
    commenter_followers_count: optional(count),
    is_verified: optional(z.boolean()),
    likes_count: optional(count),
    replies_count: optional(count),
    shares_count: optional(count),
    comment_date: optional(time),
    is_reply: optional(z.boolean()),
    parent_comment_id: optional(short),
    sentiment_score: optional(polarity),
    hashtags: optional(list),
    mentions: optional(list),
    topics_mentioned: optional(list),
  }),
  order: z.looseObject({
    order_number: optional(id),
    order_date: optional(time),
    order_status: optional(
      z.enum(["pending", "confirmed", "preparing", "ready", "delivered", "cancelled", "refunded"]),
    ),
    customer_phone: optional(phone),
    customer_email: optional(email),
    customer_name: optional(name),
    delivery_address: optional(object),
    items: z.array(orderItem).min(1).max(500),
    subtotal: optional(money),
    tax_amount: optional(money),
    tip_amount: optional(money),
    delivery_fee: optional(money),
    total_amount: money,
    currency: optional(z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR")),
    order_method: optional(z.enum(["online", "phone", "in_store", "app", "third_party"])),
    payment_method: optional(z.enum(["cash", "card", "digital_wallet", "online_payment", "other"])),
    delivery_method: optional(z.enum(["delivery", "pickup", "dine_in", "drive_through"])),
    order_time: optional(time),
    estimated_ready_time: optional(time),
    actual_ready_time: optional(time),
    delivery_time: optional(time),
    special_instructions: optional(paragraph),
    dietary_restrictions: optional(list),
    order_patterns: optional(object),
    customer_preferences: optional(object),
    satisfaction_indicators: optional(object),
  }),
  web_behavior: z.looseObject({
    session_id: id,
    user_agent: optional(z.string().max(1000)),
    ip_address: optional(z.string()),
    page_url: url.trim().min(1),
    page_title: optional(z.string().max(1000)),
    action_type: z.enum(["page_view", "click", "scroll", "form_submit", "download", "video_play", "exit"]),
    element_id: optional(short),
    element_text: optional(z.string().max(1000)),
    referrer_url: optional(url),
    utm_source: optional(short),
    utm_medium: optional(short),
    utm_campaign: optional(short),
    utm_term: optional(short),
    utm_content: optional(short),
    timestamp: optional(time),
    time_on_page: optional(count),
    scroll_depth: optional(share),
    device_type: optional(z.enum(["desktop", "mobile", "tablet", "other"])),
    browser: optional(short),
    operating_system: optional(short),
    screen_resolution: optional(z.string().max(40)),
    conversion_goal: optional(short),
    conversion_value: optional(money),
    funnel_step: optional(short),
    behavior_patterns: optional(object),
    intent_signals: optional(object),
    engagement_score: optional(share),
  }),
  email_interaction: z.looseObject({
    email_subject: optional(z.string().max(1000)),
    email_content: optional(z.string().max(32_000)),
    email_type: z.enum(["sent", "received", "bounced", "opened", "clicked", "unsubscribed", "complained"]),
    sender_email: optional(email),
    recipient_email: optional(email),
    sender_name: optional(short),
    recipient_name: optional(short),
    email_id: optional(short),
    message_id: optional(z.string().max(1000)),
    thread_id: optional(short),
    campaign_id: optional(short),
    campaign_name: optional(short),
    template_id: optional(short),
    interaction_timestamp: optional(time),
    link_clicked: optional(url),
    attachment_downloaded: optional(z.string().max(1000)),
    platform: optional(
      z.enum(["sendgrid", "mailchimp", "constant_contact", "hubspot", "active_campaign", "other"]),
    ),
    platform_event_id: optional(short),
    sentiment_score: optional(polarity),
    topics_mentioned: optional(list),
    call_to_action_clicked: optional(z.string().max(1000)),
    unsubscribe_requested: optional(z.boolean()),
  }),
  survey_response: z.looseObject({
    survey_id: id,
    survey_name: optional(short),
    question_id: id,
    question_text: paragraph.trim().min(1),
    question_type: z.enum([
      "text",
      "multiple_choice",
      "rating_scale",
      "yes_no",
      "numeric",
      "date",
      "email",
      "phone",
    ]),
    response_text: optional(longText),
    response_value: optional(paragraph),
    response_numeric: optional(z.number().min(-1e15).max(1e15)),
    response_boolean: optional(z.boolean()),
    survey_version: optional(z.string().max(40)),
    survey_channel: optional(z.enum(["email", "sms", "web", "in_person", "phone", "other"])),
    completion_percentage: optional(share),
    respondent_id: optional(short),
    respondent_email: optional(email),
    respondent_phone: optional(phone),
    response_timestamp: optional(time),
    time_to_complete: optional(count),
    response_sentiment: optional(polarity),
    response_confidence: optional(share),
    topics_mentioned: optional(list),
  }),
  crm_event: z.looseObject({
    event_type: z.enum([
      "created",
      "updated",
      "deleted",
      "status_changed",
      "assigned",
      "unassigned",
      "converted",
      "merged",
    ]),
    event_name: id,
    event_description: optional(paragraph),
    crm_system: optional(z.enum(["salesforce", "hubspot", "pipedrive", "zoho", "monday", "other"])),
    crm_record_id: optional(short),
    crm_object_type: optional(
      z.enum(["contact", "lead", "opportunity", "deal", "account", "company", "task", "note", "other"]),
    ),
    event_timestamp: optional(time),
    event_source: optional(z.enum(["api", "webhook", "import", "manual", "integration"])),
    related_contact_id: optional(short),
    related_company_id: optional(short),
    related_deal_id: optional(short),
    event_data: optional(object),
    event_metadata: optional(object),
    event_importance: optional(share),
    event_sentiment: optional(polarity),
    patterns_detected: optional(object),
  }),
} as const;

export type SignalType = keyof typeof signalData;

const envelope = <T extends SignalType>(type: T) =>
  z.looseObject({
    type: z.literal(type),
    source_platform: z.string().trim().min(1).max(100),
    /** The sender's own id, unique inside source_platform; without one the content is the id. */
    source_id: optional(z.string().min(1).max(255)),
    occurred_at: time,
    identifiers: optional(
      z.strictObject({
        email: optional(z.string()),
        phone: optional(z.string()),
        customer_id: optional(z.string()),
        social_handle: optional(z.string()),
      }),
    ),
    name: optional(name),
    person: optional(person),
    data: signalData[type],
    metadata: optional(object),
  });

/** One signal on the wire. */
export const signal = z.discriminatedUnion("type", [
  envelope("whatsapp_message"),
  envelope("review"),
  envelope("social_comment"),
  envelope("order"),
  envelope("web_behavior"),
  envelope("email_interaction"),
  envelope("survey_response"),
  envelope("crm_event"),
]);
export type Signal = z.infer<typeof signal>;

/** POST /ingest takes this or a single signal. Each signal is then judged on its own. */
export const ingestRequest = z.object({
  brand_id: optional(z.uuid()),
  signals: z.array(z.unknown()).min(1).max(1000),
});
export type IngestRequest = Omit<z.infer<typeof ingestRequest>, "signals"> & { signals: Signal[] };

/** What became of the signal at place `index` of the request. */
export const ingestVerdict = z.object({
  index: z.int(),
  verdict: z.enum(["accepted", "duplicate", "rejected"]),
  /** Id it is stored under; null when rejected. */
  signal_id: z.uuid().nullable(),
  duplicate_of: z.uuid().nullable(),
  duplicate_kind: z
    .enum([
      "same_id_same_content",
      "same_id_other_content",
      "other_id_same_content",
      "near_same_text",
      "same_order",
    ])
    .nullable(),
  error_code: z.string().nullable(),
  /** Place of the mistake, such as data.rating. */
  field: z.string().nullable(),
  /** How to mend it. */
  reason: z.string().nullable(),
  quality_score: z.number().nullable(),
});
export type IngestVerdict = z.infer<typeof ingestVerdict>;

/** Answer of POST /ingest: status 200 when nothing was rejected, else 207. */
export const ingestResponse = z.object({
  accepted: z.int(),
  duplicate: z.int(),
  rejected: z.int(),
  results: z.array(ingestVerdict),
});
export type IngestResponse = z.infer<typeof ingestResponse>;

/** POST /cohorts/runs: begins a search for cohorts, or joins the one of the brand that is under way. */
export const startRunRequest = z.strictObject({
  brand_id: z.uuid(),
  /** Registered in ai.functions as cohorts.cluster_<name>; auto: the best of all. */
  algorithm: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,49}$/, "must be the name of an algorithm, such as kmeans, or auto")
    .default("auto"),
  /** Same data and same seed give the same cohorts. */
  seed: z.int32().default(42),
});
export type StartRunRequest = z.input<typeof startRunRequest>;

/** GET /cohorts/runs */
export const runsQuery = z.strictObject({
  brand_id: z.uuid(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  /** next_cursor of the page before. */
  cursor: z.uuid().optional(),
});

/** A search for cohorts and how far it is. */
export const clusteringRun = z.object({
  id: z.uuid(),
  brand_id: z.uuid(),
  status: z.enum(["running", "completed", "failed", "cancelled", "paused"]),
  /** Kind of the step that comes next; done at the end. */
  stage: z.string(),
  progress: share,
  /** The same in a sentence for people. */
  progress_text: z.string(),
  trigger: z.enum(["manual", "schedule", "drift", "change"]),
  trigger_reason: z.string().nullable(),
  run_type: z.enum(["full", "incremental", "targeted", "validation"]),
  algorithm: z.string(),
  seed: z.int32(),
  people: z.int(),
  started_at: z.string(),
  completed_at: z.string().nullable(),
  /** The last thing that went wrong; a run that is still running tries again. */
  error: z.object({ message: z.string(), during: z.string().nullable() }).nullable(),
  /** What came out; null until the run is completed. */
  figures: z
    .object({
      cohorts: z.int(),
      memberships: z.int(),
      average_size: z.number().nullable(),
      coherence: z.number().nullable(),
      separation: z.number().nullable(),
      quality: z.number().nullable(),
      silhouette: z.number().nullable(),
      davies_bouldin: z.number().nullable(),
      execution_time_ms: z.int().nullable(),
    })
    .nullable(),
});
export type ClusteringRun = z.infer<typeof clusteringRun>;

/** Answer of POST /cohorts/runs: status 202 when a run was begun, 200 when one was joined. */
export const startedRun = clusteringRun.extend({ joined: z.boolean() });

/** Answer of GET /cohorts/runs/:id. */
export const runDetails = clusteringRun.extend({
  steps: z.array(
    z.object({
      kind: z.string(),
      what: z.string(),
      steps: z.int(),
      done: z.int(),
      failures: z.int(),
      spent_ms: z.number(),
    }),
  ),
});

/** Answer of GET /cohorts/runs, newest first. next_cursor is null on the last page. */
export const runList = z.object({ runs: z.array(clusteringRun), next_cursor: z.uuid().nullable() });

/** Answer of POST /cohorts/:id/describe. Nothing is stored offline: the cohort keeps the name that its run gave it. */
export const describedCohort = z.object({
  cohort_id: z.uuid(),
  name: z.string(),
  description: z.string(),
  provider: z.string(),
  model: z.string(),
  stored: z.boolean(),
});

/** One thing that keeps a text from being sent: where, what, and how it is mended. */
export const templateProblem = z.object({
  field: z.string(),
  line: z.int(),
  problem: z.string(),
  mend: z.string(),
});

const brandId = z.uuid();
const channel = z.enum(["whatsapp", "sms", "email", "push", "in_app", "web", "social", "other"]);

/** POST /stimuli/templates/check: a stored template, which comes into use if it passes, or one that is not stored. */
export const checkTemplateRequest = z.union([
  z.strictObject({ brand_id: brandId, template_id: z.uuid() }),
  z.strictObject({
    brand_id: brandId,
    template: z.strictObject({
      template_structure: object,
      default_content: object.default({}),
      required_fields: list.max(100).default([]),
      optional_fields: list.max(100).default([]),
      template_category: z.string().max(40).default("other"),
    }),
  }),
]);
export const checkedTemplate = z.object({
  passed: z.boolean(),
  problems: z.array(templateProblem),
  /** Of a stored template. */
  version: z.int().nullable(),
});

/** POST /stimuli/preview: for a person, or with samples; a campaign shows every variant. */
export const previewRequest = z.strictObject({
  brand_id: brandId,
  stimulus_id: z.uuid(),
  actor_id: z.uuid().nullish(),
  channel: channel.default("email"),
});
export const preview = z.object({
  channel,
  stimuli: z.array(
    z.object({
      id: z.uuid(),
      name: z.string(),
      type: z.string(),
      status: z.string(),
      is_checked: z.boolean(),
      /** Null where it cannot be filled. */
      rendered: object.nullable(),
      problem: z.string().nullable(),
    }),
  ),
});

/** POST /stimuli/generate: a draft for a cohort or a person; its texts by an AI provider where there is one. */
export const generateRequest = z
  .strictObject({
    brand_id: brandId,
    cohort_id: z.uuid().nullish(),
    actor_id: z.uuid().nullish(),
    template_id: z.uuid().nullish(),
    use_ai: z.boolean().default(true),
    seed: z.int().min(-2_147_483_648).max(2_147_483_647).optional(),
  })
  .refine((request) => !request.cohort_id !== !request.actor_id, "give either cohort_id or actor_id");
export const generatedStimulus = z.object({
  id: z.uuid(),
  name: z.string(),
  status: z.string(),
  template_id: z.uuid().nullable(),
  content: object,
  expected_outcomes: object,
  propensity: z.number().nullable(),
  /** Whether the provider wrote the texts; if not, they are the template's, and why. */
  written_by_ai: z.boolean(),
  not_written_because: z.string().nullable(),
  provider: z.string(),
  model: z.string(),
});

/** POST /stimuli/approve and /stimuli/deploy. */
export const stimulusRequest = z.strictObject({ brand_id: brandId, stimulus_id: z.uuid() });
export const approvedStimulus = z.object({
  id: z.uuid(),
  /** draft where the check found problems. */
  status: z.string(),
  problems: z.array(templateProblem.extend({ stimulus_id: z.uuid() })),
});
export const deployedStimulus = z.object({ id: z.uuid(), deployed: z.int(), held_out: z.int() });

/** POST /stimuli/redeem, with an Idempotency-Key. */
export const redeemRequest = z
  .strictObject({
    brand_id: brandId,
    code: z.string().max(100).nullish(),
    deployment_id: z.uuid().nullish(),
    order: z.strictObject({
      items: z
        .array(
          z.strictObject({
            product_id: short.optional(),
            category: short.optional(),
            quantity: z.number().positive().max(10_000),
            unit_price: z.number().min(0).max(999_999.99),
          }),
        )
        .min(1)
        .max(500),
      delivery_fee: z.number().min(0).max(999_999.99).optional(),
      currency: z.string().length(3).optional(),
      order_number: short.optional(),
      actor_id: z.uuid().optional(),
    }),
  })
  .refine((request) => !request.code !== !request.deployment_id, "give either code or deployment_id");
export const redemption = z.object({
  id: z.uuid(),
  stimulus_id: z.uuid(),
  deployment_id: z.uuid().nullable(),
  order_total: z.number(),
  eligible_total: z.number(),
  discount: z.number(),
  benefit: object,
  currency: z.string(),
  redeemed_at: z.string(),
  reversed_at: z.string().nullable(),
});

/** RFC 9457 problem document: the body of every error of an Edge Function. `code` is stable, the texts are for people. */
export const problem = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string().optional(),
  request_id: z.string(),
});
export type ProblemDocument = z.infer<typeof problem>;
