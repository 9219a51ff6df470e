import { expect, test } from "vitest";
import { parseCsv } from "../../scripts/demo/orders/csv.ts";

async function records(...chunks: string[]): Promise<string[][]> {
  const all: string[][] = [];
  for await (const record of parseCsv(chunks)) all.push(record);
  return all;
}

test("Quoted fields keep commas, quotes and line breaks", async () => {
  expect(await records('a,"b, c","say ""hi"""\n"two\nlines",,x\n')).toEqual([
    ["a", "b, c", 'say "hi"'],
    ["two\nlines", "", "x"],
  ]);
});

test("Records are the same wherever the stream is cut", async () => {
  const text = '\uFEFFa,"b ""q"", c"\r\n1,2\r\n"x\r\ny",z';
  const whole = await records(text);
  expect(whole).toEqual([
    ["a", 'b "q", c'],
    ["1", "2"],
    ["x\r\ny", "z"],
  ]);
  for (let cut = 1; cut < text.length; cut++) {
    expect(await records(text.slice(0, cut), text.slice(cut))).toEqual(whole);
  }
});
