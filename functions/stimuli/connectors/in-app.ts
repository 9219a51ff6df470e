import type { Connector } from "./connector.ts";

/** The deployment itself is the message: the app reads it with stimuli.inbox. */
export const inApp: Connector = {
  send: async () => ({ kind: "sent", providerMessageId: null, isDelivered: true }),
  close() {},
};
