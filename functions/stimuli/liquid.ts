import { Liquid, type Template } from "liquidjs";

/** What an output tag does with its value: nothing, HTML's characters escaped, or a part of a URL. */
export type Escaping = "text" | "html" | "url";

/** Everything that a template may call. The others read files, tell the time, print raw, or compute without bound. */
const FILTERS =
  "upcase downcase capitalize strip lstrip rstrip squish truncate truncatewords replace_first remove_first append prepend default plus minus times divided_by modulo round ceil floor abs at_least at_most date size first last join split slice compact reverse sort".split(
    " ",
  );
const TAGS = "if unless case for break continue assign capture comment #".split(" ");

export const MAX_SOURCE = 100_000;
/** Nested blocks recurse in the parser, and every tag is a step of the renderer. */
const MAX_TAGS = 300;

const engines: Record<Escaping, Liquid> = {
  text: engine(undefined),
  html: engine(escapeHtml),
  url: engine((value) => encodeURIComponent(print(value))),
};

function engine(outputEscape: ((value: unknown) => string) | undefined): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    parseLimit: MAX_SOURCE,
    renderLimit: 500,
    memoryLimit: 100_000,
    timezoneOffset: 0,
    outputEscape,
  });
  for (const name of Object.keys(liquid.filters)) if (!FILTERS.includes(name)) delete liquid.filters[name];
  for (const name of Object.keys(liquid.tags)) if (!TAGS.includes(name)) delete liquid.tags[name];
  return liquid;
}

/** Why a text is no sound template, or cannot be filled. */
export class TemplateFault extends Error {
  readonly line?: number;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

export function parse(source: string, escaping: Escaping): Template[] {
  if (source.length > MAX_SOURCE)
    throw new TemplateFault(`has ${source.length} characters, above ${MAX_SOURCE}`);
  if ((source.match(/\{%|\{\{/g)?.length ?? 0) > MAX_TAGS)
    throw new TemplateFault(`has more than ${MAX_TAGS} tags`);
  return attempt(() => engines[escaping].parse(source));
}

/** Names that a text takes from outside, each with the lines where it stands. */
export function namesIn(template: Template[], escaping: Escaping): Map<string, number> {
  const { globals } = attempt(() => engines[escaping].analyzeSync(template, { partials: false }));
  return new Map(Object.entries(globals).map(([name, uses]) => [name, uses[0]?.location.row ?? 1]));
}

export function fill(template: Template[], escaping: Escaping, values: Record<string, unknown>): string {
  return attempt(() => engines[escaping].renderSync(template, values) as string);
}

/** The words of the library without its place and source lines, and the line as a number. */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [message = "", line] =
      /^([^\n]*?)(?:, (?:file:.*?, )?line:(\d+), col:\d+)?$/m.exec(error.message)?.slice(1) ?? [];
    throw new TemplateFault(message.slice(0, 300), line === undefined ? undefined : Number(line));
  }
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

function escapeHtml(value: unknown): string {
  return print(value).replace(/[&<>"'`]/g, (sign) => ENTITIES[sign] as string);
}

/** As Liquid prints it: lists without commas, nothing for null. */
function print(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.map(print).join("") : String(value);
}
