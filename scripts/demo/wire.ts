/** A signal as it is sent to the Edge Function `ingest`. */
export interface WireSignal {
  type: string;
  source_platform: string;
  source_id?: string;
  occurred_at: string;
  identifiers: { email?: string; phone?: string; customer_id?: string; social_handle?: string };
  name?: string;
  data: Record<string, unknown>;
  metadata?: Record<string, unknown>;
}
