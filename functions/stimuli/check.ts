import { type Field, KNOWN, OF_PERSON, readField } from "./fields.ts";
import { htmlFaults } from "./html.ts";
import { MAX_SOURCE, namesIn, parse, TemplateFault } from "./liquid.ts";
import { type Channel, escapingOf, RenderFault, render } from "./render.ts";

/** One thing that keeps a template from being used. */
export interface TemplateProblem {
  field: string;
  line: number;
  problem: string;
  mend: string;
}

export interface TemplateContent {
  template_structure: Record<string, unknown>;
  default_content: Record<string, unknown>;
  required_fields: unknown[];
  optional_fields: unknown[];
  template_category: string;
  language?: string;
  currency?: string;
}

const CHANNELS: Channel[] = ["email", "whatsapp", "sms", "push", "in_app", "web", "social", "other"];
/** Longest text that a channel takes, with the samples filled in. WhatsApp: a message; SMS: ten parts; e-mail: Gmail cuts at 102 kB. */
const LIMITS: Partial<Record<Channel, Record<string, number>>> = {
  email: { subject: 200, body: 50_000, html: 100_000 },
  whatsapp: { body: 4096, call_to_action: 20 },
  sms: { body: 1530 },
  push: { subject: 120, body: 1000 },
};
const MAX_PROBLEMS = 50;
const UNSUBSCRIBE = "https://example.com/unsubscribe-of-the-check";

/** Everything that is wrong with a template; nothing where it may be used. */
export function checkTemplate(content: TemplateContent): TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  const add = (field: string, problem: string, mend: string, line = 1) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ field, line, problem, mend });
  };
  const fields = declaredFields(content, add);
  const texts = [...allTexts(content.template_structure)];
  if (!texts.some(({ key, text }) => /^(body|html|subject)$/.test(key) && text.trim() !== "")) {
    add("template_structure", "there is no text to send", "Give it a body.");
  }
  for (const { path, key, text } of texts) checkText(path, key, text, fields, add);
  if (problems.length === 0) checkRendered(content, fields, add);
  return problems;
}

type Add = (field: string, problem: string, mend: string, line?: number) => void;

function declaredFields(content: TemplateContent, add: Add): Map<string, Field> {
  const fields = new Map<string, Field>();
  const all = [...content.required_fields, ...content.optional_fields];
  for (const [index, declared] of all.entries()) {
    const place = index < content.required_fields.length ? "required_fields" : "optional_fields";
    const field = readField(declared);
    if (typeof field === "string") {
      add(place, field, 'Write {"name": "order_value", "type": "money"}, or the name alone.');
    } else if (fields.has(field.name)) {
      add(place, `${field.name} is declared twice`, "Declare it once.");
    } else {
      fields.set(field.name, field);
      checkSource(field, place, content.default_content, add);
    }
  }
  return fields;
}

/** A field that nothing gives a value would keep the template from ever being sent. */
function checkSource({ name }: Field, place: string, defaults: Record<string, unknown>, add: Add) {
  const isPersonal = OF_PERSON.includes(name);
  const isKnown = Object.hasOwn(KNOWN, name);
  if (place === "required_fields" && (isPersonal || name === "offer_code" || name === "unsubscribe_url")) {
    add(place, `${name} is not of the cohort`, "Declare it in optional_fields.");
  } else if (isPersonal && !Object.hasOwn(defaults, name)) {
    add(
      "default_content",
      `${name} is not known of everybody`,
      `Give default_content.${name} for the others.`,
    );
  } else if (!isKnown && !Object.hasOwn(defaults, name)) {
    add(
      place,
      `nothing gives ${name} a value`,
      `Give default_content.${name}, or use one of ${Object.keys(KNOWN).join(", ")}.`,
    );
  }
}

function checkText(path: string, key: string, text: string, fields: ReadonlyMap<string, Field>, add: Add) {
  const escaping = escapingOf(key);
  try {
    for (const [name, line] of namesIn(parse(text, escaping), escaping)) {
      if (!fields.has(name))
        add(
          path,
          `${name.slice(0, 60)} is not declared`,
          "Declare it in optional_fields, or take it out.",
          line,
        );
    }
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    add(path, error.message, "Correct the Liquid of this line.", error.line);
    return;
  }
  if (escaping === "html") {
    const isUrl = (name: string) => fields.get(name)?.type === "url";
    for (const { line, problem, mend } of htmlFaults(text, isUrl)) add(path, problem, mend, line);
  }
  const unsafe = /\b(http:\/\/|javascript:|vbscript:|data:(?=[a-z]+\/))/i.exec(text);
  if (unsafe)
    add(path, `${unsafe[1]} is not safe`, "Use https://.", text.slice(0, unsafe.index).split("\n").length);
  const name = /^\s*\{\{\s*([a-z][a-z0-9_]*)\s*\}\}\s*$/.exec(text)?.[1];
  const isSafe = name
    ? fields.get(name)?.type === "url"
    : /^\s*(https:\/\/[^\s/{}?#@\\]+([/?#]|$)|$)/.test(text);
  if (escaping === "url" && !isSafe) {
    add(
      path,
      "this is no safe address",
      "Use a field of type url alone, or write https:// and the host out.",
    );
  }
}

/** Renders once per channel, with the defaults and samples for what has none. */
function checkRendered(content: TemplateContent, fields: ReadonlyMap<string, Field>, add: Add) {
  const samples = Object.fromEntries([...fields.values()].map(({ name, sample }) => [name, sample]));
  const defaults = Object.fromEntries(
    Object.entries(content.default_content).filter(([name]) => fields.has(name)),
  );
  const values = {
    ...samples,
    ...defaults,
    ...(fields.has("unsubscribe_url") ? { unsubscribe_url: UNSUBSCRIBE } : {}),
  };
  for (const channel of CHANNELS) {
    try {
      const { language, currency } = content;
      const options = { channel, fields: [...fields.values()], language, currency };
      const rendered = render(content.template_structure, values, options);
      for (const [key, most] of Object.entries(LIMITS[channel] ?? {})) {
        const length = typeof rendered[key] === "string" ? rendered[key].length : 0;
        if (length > most)
          add(
            key,
            `comes to ${length} characters by ${channel}, which takes ${most}`,
            `Shorten it, or give channels.${channel}.${key}.`,
          );
      }
      if (channel === "email" && content.template_category !== "transactional")
        checkUnsubscribe(rendered, add);
    } catch (error) {
      if (!(error instanceof RenderFault)) throw error;
      add(error.field, error.message, "Correct it, its field or its default.", error.line);
      return;
    }
  }
}

/** Whoever reads either form of an e-mail that advertises finds the way out of it. */
function checkUnsubscribe(email: Record<string, unknown>, add: Add) {
  const mend =
    "Put {{unsubscribe_url}} there, and declare it; the footer stands under the plain text of e-mails only.";
  if (typeof email.body === "string" && !email.body.includes(UNSUBSCRIBE))
    add("footer", "the e-mail has no link to unsubscribe", mend);
  if (typeof email.html === "string" && !email.html.includes(UNSUBSCRIBE))
    add("html", "the e-mail has no link to unsubscribe", mend);
}

interface Text {
  /** Where it stands: channels.sms.body. */
  path: string;
  key: string;
  text: string;
}

function* allTexts(value: unknown, path = "", key = "", depth = 0): Generator<Text> {
  if (typeof value === "string") yield { path, key, text: value.slice(0, MAX_SOURCE + 1) };
  if (typeof value !== "object" || value === null || depth > 6) return;
  for (const [name, item] of Object.entries(value)) {
    const isListed = Array.isArray(value);
    yield* allTexts(item, path ? `${path}.${name}` : name, isListed ? key : name, depth + 1);
  }
}
