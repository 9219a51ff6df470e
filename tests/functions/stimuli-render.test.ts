import { expect, test } from "vitest";
import { RenderFault, render } from "../../functions/stimuli/render.ts";

const body = (text: string, values: Record<string, unknown> = {}, options = {}) =>
  render({ body: text }, values, options).body;
const fault = (source: Record<string, unknown>, values: Record<string, unknown> = {}, options = {}) => {
  try {
    render(source, values, options);
  } catch (error) {
    if (error instanceof RenderFault) return { field: error.field, line: error.line, message: error.message };
    throw error;
  }
};

test("texts are filled in every script, and values are printed by their types", () => {
  expect(body("Hello {{first_name}}!", { first_name: "Zoë 👩‍🌾" })).toBe("Hello Zoë 👩‍🌾!");
  expect(body("مرحبا {{first_name}}", { first_name: "ليلى" })).toBe("مرحبا ليلى");
  const fields = [
    { name: "a", type: "money" },
    { name: "b", type: "number", format: "1" },
    { name: "c", type: "date", format: "long" },
    { name: "d", type: "list" },
    { name: "e", type: "url" },
  ];
  const values = { a: 1234.5, b: 2, c: "2026-01-31", d: ["x", "y"], e: "https://example.com/ä?q='x'" };
  expect(
    body("{{a}}|{{b}}|{{c}}|{{d | join: ', '}}|{{e}}", values, { fields, currency: "EUR", language: "de" }),
  ).toBe("1.234,50 €|2,0|31. Januar 2026|x, y|https://example.com/%C3%A4?q=%27x%27");
});

test("what a channel says of itself goes before what is said to all, and only e-mails have the footer", () => {
  const source = {
    body: "Long {{x}}",
    footer: "Out: {{unsubscribe_url}}",
    channels: { sms: { body: "Short {{x}}" } },
  };
  const values = { x: "1", unsubscribe_url: "https://example.com/u" };
  expect(render(source, values, { channel: "sms" })).toEqual({ body: "Short 1" });
  expect(render(source, values, { channel: "email" })).toEqual({
    body: "Long 1\n\nOut: https://example.com/u",
  });
  expect(render(source, { x: "1" }, { channel: "push" })).toEqual({ body: "Long 1" });
});

test("a value never becomes markup, a line, a header, an address or Liquid", () => {
  const evil = '"><script>alert(1)</script>\r\nBcc: all@example.com {{ secret }} {% raw %}\u202Eevil\u0000';
  const source = {
    subject: "For {{x}}",
    html: '<p title="{{x}}">{{x}}</p>',
    body: "{{x}}",
    url: "https://example.com/?name={{x}}",
  };
  const out = render(source, { x: evil }) as Record<string, string>;
  expect(out.subject).not.toMatch(/\p{Cc}|\u202E/u);
  expect(out.subject).toContain("{{ secret }} {% raw %}evil");
  expect(out.html).not.toMatch(/<script|"><|\n/);
  expect(out.body).not.toMatch(/\p{Cc}/u);
  expect(new URL(out.url as string).searchParams.get("name")).toContain("<script>");
  expect(new URL(out.url as string).host).toBe("example.com");
});

test.for([
  "javascript:alert(1)",
  "http://example.com",
  "https://a:b@example.com",
  "//example.com",
  "data:text/html,x",
  7,
])("%s is no address of a link", (url) => {
  expect(
    fault({ html: '<a href="{{x}}">y</a>' }, { x: url }, { fields: [{ name: "x", type: "url" }] })?.message,
  ).toBe("the value of x is no https URL");
  expect(fault({ url: "{{x}}" }, { x: url })).toMatchObject({ field: "url", message: "is no https URL" });
});

test.for([
  ["an unknown name", "a\nb {{ nobody }}", 2, /undefined variable/],
  ["the prototype", "{{ x.constructor }}", 1, /undefined variable/],
  ["a name of the prototype", "{{ __proto__ }}{{ toString }}", 1, /undefined variable/],
  ["a filter that is not there", "{{ x | base64_encode }}", 1, /undefined filter/],
  ["raw output", "{{ x | raw }}", 1, /undefined filter/],
  ["a file", "{% include '/etc/passwd' %}", 1, /tag "include" not found/],
  ["a layout", "{% layout 'x' %}", 1, /tag "layout" not found/],
  ["an open tag", "{% if x %}", 1, /not closed/],
  ["a long loop", "{% for i in (1..1000000000) %}x{% endfor %}", 1, /limit exceeded/],
  [
    "loops in loops",
    "{% for i in (1..9000) %}{% for j in (1..9000) %}xxxxxxxxxx{% endfor %}{% endfor %}",
    1,
    /limit exceeded/,
  ],
  [
    "a doubling list",
    `{% assign a = "1,2" | split: "," %}${'{% assign a = a | join: "," | append: a | split: "," %}'.repeat(40)}`,
    1,
    /limit exceeded/,
  ],
  [
    "deep nesting",
    `${"{% if x %}".repeat(3000)}${"{% endif %}".repeat(3000)}`,
    undefined,
    /more than 300 tags/,
  ],
  ["a huge text", "x".repeat(100_001), undefined, /above 100000/],
  ["a huge output", `{% for i in (1..5000) %}${"x".repeat(1000)}{% endfor %}`, undefined, /more than 200000/],
] as const)("%s ends in a fault that names its place", ([, text, line, message]) => {
  expect(fault({ body: text }, { x: "y" })).toMatchObject({
    field: "body",
    line,
    message: expect.stringMatching(message),
  });
});

test("a source that is nested too deep or has too many texts ends in a fault", () => {
  expect(fault({ a: { b: { c: { d: { e: "x" } } } } })?.message).toMatch(/deeper than 4/);
  expect(fault({ a: Array(101).fill("x") })?.message).toMatch(/more than 100 texts/);
  expect(render({ buttons: [{ title: "{{x}}", id: 7, on: true }] }, { x: "Yes" })).toEqual({
    buttons: [{ title: "Yes", id: 7, on: true }],
  });
});

test("values of the wrong type are refused before anything is filled", () => {
  const given = (type: string, value: unknown) =>
    fault({ body: "{{x}}" }, { x: value }, { fields: [{ name: "x", type }] })?.message;
  expect(given("money", "a lot")).toBe("the value of x is no number");
  expect(given("number", Number.POSITIVE_INFINITY)).toBe("the value of x is no number");
  expect(given("date", "2026-13-45")).toBe("the value of x is no date");
  expect(given("list", "a")).toBe("the value of x is no list");
  expect(given("text", { toString: () => "boo" })).toBe("the value of x is no text");
});

test("what is missing may be asked for, and has a default", () => {
  expect(body("{% if x %}Dear {{x}}{% else %}Hello{% endif %}{{ y | default: '!' }}")).toBe("Hello!");
});
