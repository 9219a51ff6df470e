const TEXTS = {
  ask: ["Unsubscribe", "You will get no more messages of this kind. Press the button to confirm."],
  done: ["Unsubscribed", "It is done: you will get no more messages of this kind."],
  invalid: ["Link not valid", "Please use the link of the newest message, or answer it with STOP."],
} as const;

/** The page behind an unsubscribe link. Nothing of the request stands in it, so that nothing has to be escaped. */
export function page(state: keyof typeof TEXTS): string {
  const [title, sentence] = TEXTS[state];
  const form = state === "ask" ? '<form method="post"><button>Unsubscribe</button></form>' : "";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><body style="font:1.1rem system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem"><h1>${title}</h1><p>${sentence}</p>${form}`;
}
