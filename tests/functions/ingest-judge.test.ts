import { expect, test } from "vitest";
import { judge } from "../../functions/ingest/judge.ts";

const review = {
  type: "review",
  source_platform: "google",
  occurred_at: "2026-01-01T10:00:00Z",
  data: { rating: 5, review_text: "Good" },
};

test("a sound signal goes on, a bad one is told its field, each keeps its place", () => {
  const { sound, rejected } = judge([{ ...review, data: { rating: 9, review_text: "Good" } }, review, 7]);
  expect(sound).toEqual([{ index: 1, signal: review }]);
  expect(rejected.map((r) => [r.index, r.error_code, r.field])).toEqual([
    [0, "invalid_field", "data.rating"],
    [2, "not_an_object", ""],
  ]);
});

test("null is the same as left out", () => {
  expect(judge([{ ...review, source_id: null, data: { ...review.data, title: null } }]).rejected).toEqual([]);
});

test("unknown fields pass: they are kept with the signal", () => {
  expect(judge([{ ...review, extra: 1, data: { ...review.data, extra: 1 } }]).sound).toHaveLength(1);
});

test("depth is measured without a call stack", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(judge([{ ...review, metadata: { deep } }]).rejected[0]?.error_code).toBe("too_deep");
});

test("NUL and lone surrogates are refused in values and in keys, whole pairs are not", () => {
  const codes = ["\0", "\ud83d", "\ude00", "😀"].flatMap((text) => [
    judge([{ ...review, name: text }]).rejected[0]?.error_code,
    judge([{ ...review, metadata: { [text]: 1 } }]).rejected[0]?.error_code,
  ]);
  expect(codes).toEqual([...Array(6).fill("invalid_characters"), undefined, undefined]);
});

test("a signal has at most 64 kB", () => {
  const sized = (size: number) => judge([{ ...review, metadata: { x: "ä".repeat(size) } }]).rejected[0];
  expect(sized(32_000)).toBeUndefined();
  expect(sized(33_000)?.error_code).toBe("too_large");
});

test("infinities are no numbers", () => {
  const order = {
    ...review,
    type: "order",
    data: JSON.parse(
      '{"total_amount": 1e400, "items": [{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 1}]}',
    ),
  };
  expect(judge([order]).rejected[0]).toMatchObject({
    error_code: "invalid_field",
    field: "data.total_amount",
  });
});

test("an identifier of an unknown kind is named", () => {
  expect(judge([{ ...review, identifiers: { shoe_size: "44" } }]).rejected[0]).toMatchObject({
    error_code: "invalid_identifier",
    field: "identifiers.shoe_size",
  });
});
