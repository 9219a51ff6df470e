const WORDS =
  "the a we had great slow warm cold fresh soup bread lamb fish rice salad tea coffee table garden waiter music light town evening morning lunch dinner family friends birthday window street price menu plate sauce spice sweet bitter salty crisp soft quick kind rude clean noisy quiet again never always maybe very".split(
    " ",
  );

/** Signals of all eight types in turn, each one of a kind, as real senders shape them; `metadata.n` numbers them. */
export function mixedSignals(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => mixedSignal(from + i));
}

function mixedSignal(n: number) {
  const person = n % 997;
  const email = `person${person}@example.com`;
  const phone = `+4917${String(10_000_000 + person)}`;
  const signal = (type: string, source_platform: string, identifiers: object, data: object) => ({
    type,
    source_platform,
    source_id: `${type}-${n}`,
    occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    identifiers,
    name: `Person ${person}`,
    data,
    metadata: { n },
  });
  switch (n % 8) {
    case 0: {
      const items = [1, 2, 3].map((k) => ({
        product_id: `p${(n + k) % 60}`,
        name: `Product ${(n + k) % 60}`,
        category: `category ${k}`,
        quantity: k,
        unit_price: 4.5,
      }));
      return signal(
        "order",
        "shop",
        { email, customer_id: `c${person}` },
        {
          order_number: `o${n}`,
          order_status: "delivered",
          subtotal: 27,
          total_amount: 27,
          payment_method: "card",
          items,
        },
      );
    }
    case 1:
      return signal(
        "review",
        "google",
        { email },
        { rating: 1 + (n % 5), platform: "google", review_text: words(n, 25) },
      );
    case 2:
      return signal(
        "whatsapp_message",
        "whatsapp",
        { phone },
        { sender_phone: phone, message_text: words(n, 15) },
      );
    case 3:
      return signal(
        "social_comment",
        "instagram",
        {},
        { commenter_username: `u${person}`, platform: "instagram", comment_text: words(n, 10) },
      );
    case 4:
      return signal(
        "web_behavior",
        "web",
        { customer_id: `c${person}` },
        {
          session_id: `s${n}`,
          page_url: `/products/${n % 60}`,
          action_type: "page_view",
          device_type: "mobile",
          time_on_page: 20,
        },
      );
    case 5:
      return signal(
        "email_interaction",
        "sendgrid",
        { email },
        { email_type: "opened", recipient_email: email, email_subject: "News", platform: "sendgrid" },
      );
    case 6:
      return signal(
        "survey_response",
        "survey",
        { email },
        {
          survey_id: "s1",
          question_id: `q${n % 10}`,
          question_text: "How was it?",
          question_type: "rating_scale",
          response_numeric: 4,
        },
      );
    default:
      return signal(
        "crm_event",
        "crm",
        { phone },
        { event_type: "created", event_name: "Call", crm_system: "hubspot", event_data: { minutes: n % 30 } },
      );
  }
}

/** Words drawn by a linear congruential generator, so that every run sends the same texts. */
function words(seed: number, count: number): string {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return WORDS[(state >>> 16) % WORDS.length];
  }).join(" ");
}
