/** What is wrong at a place of an HTML text with Liquid in it. */
export interface HtmlFault {
  line: number;
  problem: string;
  mend: string;
}

const FORBIDDEN =
  "script iframe object embed applet form input button textarea select option meta link base svg math template frame frameset noscript xmp plaintext noembed noframes".split(
    " ",
  );
const ADDRESSES = new Set(["href", "src", "background", "cite", "poster", "longdesc"]);
const TOKEN = /\{%[\s\S]*?%\}|\{\{[\s\S]*?\}\}|<!--[\s\S]*?-->|<\/?[a-zA-Z]|[\s\S]/gy;

/**
 * Where values may stand in HTML so that escaping them is enough: in text, and in double-quoted values of attributes
 * that are neither scripts nor styles; an address begins with a field of type url, or is written out up to its path.
 * Liquid's tags stand between elements only, so that the state at each place is the same whichever way they go.
 */
export function htmlFaults(source: string, isUrl: (name: string) => boolean): HtmlFault[] {
  const faults: HtmlFault[] = [];
  const lineAt = (at: number) => source.slice(0, at).split("\n").length;
  const fault = (at: number, problem: string, mend: string) =>
    faults.push({ line: lineAt(at), problem, mend });
  let inStyle = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match && faults.length < 50; match = TOKEN.exec(source)) {
    const [token] = match;
    if (token.startsWith("<!--")) {
      if (/\{\{|\{%/.test(token))
        fault(match.index, "there is Liquid in a comment", "Use {% comment %} instead.");
    } else if (token.startsWith("{") && inStyle && token.length > 1 && /^\{[{%]/.test(token)) {
      fault(match.index, "there is Liquid in a style sheet", "Write the style out.");
    } else if (token.startsWith("<") && token.length > 1) {
      const end = readTag(source, match.index, fault, isUrl);
      const name = /^<\/?([a-zA-Z][^\s/>{]*)/.exec(source.slice(match.index))?.[1]?.toLowerCase() ?? "";
      if (FORBIDDEN.includes(name)) fault(match.index, `<${name}> is not allowed`, "Leave it out.");
      if (name === "style") inStyle = !token.startsWith("</");
      TOKEN.lastIndex = end;
    } else if (token === "<" && !/^<!doctype html>/i.test(source.slice(match.index, match.index + 15))) {
      // A value behind it would name an element.
      fault(match.index, "there is a < that begins no element", "Write it as &lt;.");
    }
  }
  return faults;
}

type Report = (at: number, problem: string, mend: string) => void;
const ATTRIBUTE = /\s*(?:([^\s"'<>/={}]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>`]+))?|\/|(>)|([\s\S]))/gy;

/** Reads a tag from its `<` on, and returns the place behind its `>`. */
function readTag(source: string, start: number, fault: Report, isUrl: (name: string) => boolean): number {
  ATTRIBUTE.lastIndex = start + (/^<\/?[a-zA-Z][^\s/>{]*/.exec(source.slice(start))?.[0].length ?? 1);
  for (let match = ATTRIBUTE.exec(source); match; match = ATTRIBUTE.exec(source)) {
    const [, name, value = "", end, other] = match;
    if (end) return ATTRIBUTE.lastIndex;
    if (other) {
      fault(
        match.index,
        "a tag has something in it that is no attribute",
        'Write attributes as name="value"; Liquid stands in their values only.',
      );
      return ATTRIBUTE.lastIndex;
    }
    if (name) checkAttribute(name.toLowerCase(), value, match.index, fault, isUrl);
  }
  fault(start, "a tag is not closed", "Close it with >.");
  return source.length;
}

function checkAttribute(
  name: string,
  value: string,
  at: number,
  fault: Report,
  isUrl: (name: string) => boolean,
) {
  const text = value.replace(/^["']|["']$/g, "").trim();
  const hasOutput = text.includes("{{");
  if (/^on/.test(name) || name === "srcdoc" || name === "formaction" || name === "action") {
    fault(at, `the attribute ${name} is not allowed`, "Leave it out.");
  } else if (text.includes("{%")) {
    fault(at, `there is a Liquid tag in the attribute ${name}`, "Put {% … %} around the whole element.");
  } else if (hasOutput && !value.startsWith('"')) {
    fault(at, `the attribute ${name} takes a value and is not in double quotes`, 'Write it as name="…".');
  } else if (hasOutput && name === "style") {
    fault(at, "there is a value in a style", "Write the style out.");
  } else if (ADDRESSES.has(name)) {
    const field = /^\{\{\s*([a-z][a-z0-9_]*)\s*\}\}$/.exec(text)?.[1];
    if (field ? !isUrl(field) : !/^(https:\/\/[^\s/{}?#@\\]+([/?#]|$)|mailto:|tel:|#|cid:)/i.test(text)) {
      fault(
        at,
        `${name} is no safe address`,
        "Use a field of type url alone, or write https:// and the host out.",
      );
    }
  } else if (name === "srcset" || name === "ping") {
    fault(at, `the attribute ${name} is not allowed`, "Use src and href.");
  }
}
