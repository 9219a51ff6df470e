import { expect, test } from "vitest";
import { checkTemplate, type TemplateContent } from "../../functions/stimuli/check.ts";

const sound: TemplateContent = {
  template_structure: {
    subject: "10% off {{top_category}}",
    body: "Hello {{first_name}}",
    footer: "Out: {{unsubscribe_url}}",
  },
  default_content: { first_name: "there" },
  required_fields: ["top_category"],
  optional_fields: ["first_name", "unsubscribe_url"],
  template_category: "promotional",
  language: "en",
  currency: "EUR",
};
/** The problems of a template that is sound but for a change. */
const problems = (structure: object, change: Partial<TemplateContent> = {}) =>
  checkTemplate({ ...sound, ...change, template_structure: { ...sound.template_structure, ...structure } });
const html = (text: string, fields: unknown[] = []) =>
  problems(
    { html: `${text}<a href="{{unsubscribe_url}}">out</a>` },
    {
      optional_fields: [...sound.optional_fields, ...fields],
      default_content: { first_name: "there", link: "https://example.com/x" },
    },
  ).map(({ field, line, problem }) => `${field}:${line} ${problem}`);

test("a sound template has no problems", () => {
  expect(checkTemplate(sound)).toEqual([]);
});

test("a problem says where it is and how it is mended", () => {
  expect(problems({ body: "Hello\n{{ frist_name }}", subject: "{% if %}" })).toMatchObject([
    { field: "subject", line: 1, mend: expect.any(String) },
    {
      field: "body",
      line: 2,
      problem: "frist_name is not declared",
      mend: expect.stringContaining("optional_fields"),
    },
  ]);
});

test.for([
  [
    "a name that is none",
    { optional_fields: [...sound.optional_fields, "First Name"] },
    "optional_fields",
    /has a name of/,
  ],
  [
    "an unknown type",
    { optional_fields: [...sound.optional_fields, { name: "top_trait", type: "html" }] },
    "optional_fields",
    /type of top_trait/,
  ],
  [
    "a field twice",
    { optional_fields: [...sound.optional_fields, "top_category"] },
    "optional_fields",
    /declared twice/,
  ],
  [
    "a field without a source",
    { optional_fields: [...sound.optional_fields, "shoe_size"] },
    "optional_fields",
    /nothing gives shoe_size/,
  ],
  [
    "a person's field without a default",
    { default_content: {} },
    "default_content",
    /not known of everybody/,
  ],
  [
    "a person's field asked of the cohort",
    { required_fields: ["top_category", "offer_code"] },
    "required_fields",
    /not of the cohort/,
  ],
  [
    "a link to unsubscribe made a text",
    { optional_fields: ["first_name", { name: "unsubscribe_url", type: "text" }] },
    "optional_fields",
    /is a url/,
  ],
  [
    "a default of another type",
    {
      default_content: { first_name: "x", price: "much" },
      optional_fields: [...sound.optional_fields, { name: "price", type: "money" }],
    },
    "price",
    /is no number/,
  ],
] as const)("fields: %s", ([, change, field, problem]) => {
  expect(problems({}, change as Partial<TemplateContent>)).toContainEqual(
    expect.objectContaining({ field, problem: expect.stringMatching(problem) }),
  );
});

test("an e-mail that advertises has a link to unsubscribe in each of its forms, one that confirms needs none", () => {
  expect(problems({ footer: "Bye" })).toMatchObject([{ field: "footer" }]);
  expect(problems({ html: "<p>Hello</p>" })).toMatchObject([{ field: "html" }]);
  expect(problems({ footer: "Bye", html: "<p>Hello</p>" }, { template_category: "transactional" })).toEqual(
    [],
  );
});

test("texts are as short as each channel takes them, filled in", () => {
  expect(problems({ body: "x".repeat(1531) })).toMatchObject([
    { field: "body", problem: expect.stringContaining("by sms") },
    { field: "body", problem: expect.stringContaining("by push") },
  ]);
  expect(
    problems({ body: "x".repeat(1531), channels: { sms: { body: "short" }, push: { body: "short" } } }),
  ).toEqual([]);
  expect(problems({ subject: "{% for i in (1..300) %}x{% endfor %}" })).toMatchObject([
    { field: "subject" },
    { field: "subject" },
  ]);
});

test("HTML takes values in texts and quoted attributes, and addresses of type url", () => {
  const url = { name: "link", type: "url", sample: "https://example.com/x" };
  const given = [url, "brand_name"];
  expect(
    html(
      '<!doctype html><p class="a" title="For {{first_name}}">Hi {{first_name}} & co</p>{% if first_name %}<b>x</b>{% endif %}<img src="https://example.com/{{top_category}}.png" alt=""><a href=\'mailto:x@example.com\'>y</a><a href="{{ link }}">z</a><br/>',
      given,
    ),
  ).toEqual([]);
});

test.for([
  ["<script>x</script>", /<script> is not allowed/],
  ["<SCRIPT src=x>", /<script> is not allowed/],
  ["<svg/onload=alert(1)>", /<svg> is not allowed/],
  ['<p onclick="x">', /attribute onclick/],
  ["<p title={{first_name}}>", /double quotes|no attribute/],
  ["<p title='{{first_name}}'>", /double quotes/],
  ["<p {{first_name}}>", /no attribute/],
  ["<{{first_name}}>", /begins no element/],
  ["</{{first_name}}>", /begins no element/],
  ['<p style="color: {{first_name}}">', /value in a style/],
  ["<style>p { color: {{first_name}} }</style>", /style sheet/],
  ["<!-- {{first_name}} -->", /comment/],
  ['<a href="{{first_name}}">', /no safe address/],
  ['<a href="https://{{first_name}}/">', /no safe address/],
  ['<a href="https://example.com{{first_name}}">', /no safe address/],
  ['<a href="java\nscript:x">', /no safe address/],
  ['<a href="http://example.com">', /no safe address/],
  ['<p title="{% if first_name %}x{% endif %}">', /Liquid tag in the attribute/],
  ['<p {% if first_name %}title="x"{% endif %}>', /no attribute/],
  ['<p title="x', /no attribute|not closed/],
] as const)("HTML: %s is no place for it", ([text, problem]) => {
  const found = html(text);
  expect(found.join("\n")).toMatch(problem);
});

test("addresses begin where a stranger has no say", () => {
  expect(problems({ url: "https://example.com/{{top_category}}" })).toEqual([]);
  for (const url of [
    "{{top_category}}",
    "https://{{top_category}}.example.com/",
    "javascript:x",
    "http://example.com/",
  ]) {
    expect(problems({ url }), url).toContainEqual(expect.objectContaining({ field: "url" }));
  }
});

test("a template of a hostile manager is checked to its end, and has at most fifty problems", () => {
  expect(problems({ body: "{{a}}".repeat(300) }).length).toBe(1);
  expect(
    problems(Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`t${i}`, `{{a${i}}}`]))).length,
  ).toBe(50);
  expect(
    problems({ body: "{% for i in (1..9000) %}{% for j in (1..9000) %}x{% endfor %}{% endfor %}" }),
  ).toMatchObject([{ field: "body" }]);
  html(`${"<p ".repeat(30_000)}`);
  html("<".repeat(90_000));
});
