import { type Field, type Locale, oneLine, printable, readFields, safeUrl } from "./fields.ts";
import { type Escaping, fill, parse, TemplateFault } from "./liquid.ts";

export type Channel = "whatsapp" | "sms" | "email" | "push" | "in_app" | "web" | "social" | "other";

export interface RenderOptions {
  /** Takes what the source says of this channel under `channels`, and puts the footer under an e-mail. */
  channel?: Channel;
  /** As the template declares them; without one a value is text. */
  fields?: unknown;
  language?: string;
  currency?: string;
  timeZone?: string;
}

/** A text of a source that cannot be filled. */
export class RenderFault extends Error {
  readonly field: string;
  readonly line?: number;

  constructor(field: string, message: string, line?: number) {
    super(message);
    this.field = field;
    this.line = line;
  }
}

/** More than any channel takes. */
const MAX_OUTPUT = 200_000;
const MAX_TEXTS = 100;
const MAX_DEPTH = 4;

/**
 * Fills the texts of a source (stimuli_base.content_data) with values: those of the stimulus and, over them, those of
 * the person. Plain texts come out as they are, `html` and `*_html` with every value escaped, `url` and `*_url` with
 * every value encoded; `subject` is one line. Values are printed once and never read as a template.
 * Throws RenderFault where a text is no sound template, a value is missing or not of its type, or a limit is passed.
 */
export function render(
  source: Record<string, unknown>,
  values: Record<string, unknown>,
  options: RenderOptions = {},
): Record<string, unknown> {
  const known = print(values, readFields(options.fields), options);
  const texts = textsOf(source, options.channel);
  const state = { left: MAX_TEXTS };
  const filled = fillAll(texts, known, state) as Record<string, unknown>;
  return options.channel === "email" ? withFooter(filled) : filled;
}

/** The texts of a channel: those of the source, and over them what it says of the channel. */
function textsOf(source: Record<string, unknown>, channel?: Channel): Record<string, unknown> {
  const { channels, footer, ...texts } = source;
  const own = channel && isObject(channels) && Object.hasOwn(channels, channel) ? channels[channel] : {};
  const takesFooter = channel === undefined || channel === "email";
  return {
    ...texts,
    ...(takesFooter && footer !== undefined ? { footer } : {}),
    ...(isObject(own) ? own : {}),
  };
}

export function escapingOf(field: string): Escaping {
  if (/(^|_)html$/.test(field)) return "html";
  return /(^|_)url$/.test(field) ? "url" : "text";
}

function renderText(field: string, text: string, values: Record<string, unknown>): string {
  try {
    const escaping = escapingOf(field);
    const template = parse(text, escaping);
    const output = escaping === "url" ? fillUrl(text, values) : fill(template, escaping, values);
    if (output.length > MAX_OUTPUT) throw new TemplateFault(`comes to more than ${MAX_OUTPUT} characters`);
    return field === "subject" ? oneLine(output) : output;
  } catch (error) {
    if (error instanceof TemplateFault) throw new RenderFault(field, error.message, error.line);
    throw error;
  }
}

/** A value may be a whole address; after a written beginning it is a part, and encoded. The result is an https URL. */
function fillUrl(text: string, values: Record<string, unknown>): string {
  const isWhole = /^\s*\{\{[^{}|]*\}\}\s*$/.test(text);
  const output = fill(parse(text, isWhole ? "text" : "url"), isWhole ? "text" : "url", values).trim();
  if (output === "") return output;
  try {
    return safeUrl(output);
  } catch (error) {
    throw new TemplateFault((error as Error).message);
  }
}

function print(
  values: Record<string, unknown>,
  fields: ReadonlyMap<string, Field>,
  { language = "en", currency = "USD", timeZone }: RenderOptions,
): Record<string, unknown> {
  const locale: Locale = { language, currency, timeZone };
  const printed: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    try {
      if (value !== null && value !== undefined) printed[name] = printable(value, fields.get(name), locale);
    } catch (error) {
      throw new RenderFault(name, `the value of ${name} ${(error as Error).message}`);
    }
  }
  return printed;
}

/** Texts at any place of the source; the name of the nearest key says how they are escaped. */
function fillAll(
  value: unknown,
  values: Record<string, unknown>,
  state: { left: number },
  field = "",
  depth = 0,
): unknown {
  if (typeof value === "string") {
    state.left -= 1;
    if (state.left < 0) throw new RenderFault(field, `there are more than ${MAX_TEXTS} texts`);
    return renderText(field, value, values);
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) throw new RenderFault(field, `is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item) => fillAll(item, values, state, field, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillAll(item, values, state, key, depth + 1)]),
  );
}

/** The plain text of an e-mail ends with the footer; its HTML has a link of its own. */
function withFooter({ footer, ...texts }: Record<string, unknown>): Record<string, unknown> {
  if (typeof footer !== "string" || footer === "") return texts;
  const body = typeof texts.body === "string" ? texts.body : "";
  return { ...texts, body: `${body}\n\n${footer}`.trim() };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
