import { Field } from "@waybill/core"
import { Schema } from "effect"
import { describe, expect, test } from "vitest"

const only = (schema: Schema.Codec<any, any>): Field.Field => Field.compile({ it: schema })[0]!

const accepts = (schema: Schema.Codec<any, any>, good: ReadonlyArray<unknown>, bad: ReadonlyArray<unknown>) => {
  const field = only(schema)
  const decode = Schema.decodeUnknownResult(schema)
  test.each(good.map((value) => [value]))("takes %o", (value) => {
    expect(field.problem(value)).toBeUndefined()
    expect(decode(value)).toMatchObject({ _tag: "Success", success: value })
  })
  test.each(bad.map((value) => [value]))("refuses %o and says what would be right", (value) => {
    expect(field.problem(value)).toMatch(/^[Ee]xpected /)
    expect(decode(value)._tag).toBe("Failure")
  })
}

describe("a field takes exactly the canonical values of its kind, and so does its schema", () => {
  describe("text", () => accepts(Field.text(), ["", "a", " "], [1, null, undefined, true, ["a"]]))
  describe("text within bounds", () =>
    accepts(Field.text({ minLength: 2, maxLength: 3, pattern: /^[a-z]+$/ }), ["ab", "abc"], ["a", "abcd", "A1"]))
  describe("text of some words", () => accepts(Field.text({ oneOf: ["a", "b"] }), ["a", "b"], ["c", "", "A"]))
  describe("integer", () => accepts(Field.integer(), [0, -1, 2 ** 53 - 1], [2 ** 53, 0.5, "1", Number.NaN, null]))
  describe("integer within bounds", () => accepts(Field.integer({ min: 1, max: 2 }), [1, 2], [0, 3]))
  describe("bigint", () =>
    accepts(
      Field.bigint(),
      ["0", "-1", "9223372036854775807", "-9223372036854775808"],
      ["9223372036854775808", "-0", "+1", "01", "", "1.0", 1],
    ))
  describe("number", () => accepts(Field.number({ max: 10 }), [0.1, -5e300], [Number.NaN, Number.POSITIVE_INFINITY, 11, "1"]))
  describe("decimal", () =>
    accepts(Field.decimal(), ["0", "-1.50", "12345678901234567890.1"], ["-0", "-0.00", "+1", "01", "1.", ".5", "1e2", "", 1]))
  describe("decimal of a scale", () =>
    accepts(Field.decimal({ precision: 4, scale: 2 }), ["0.00", "99.99", "-99.99"], ["1", "1.5", "1.500", "100.00"]))
  describe("boolean", () => accepts(Field.boolean(), [true, false], ["true", 0, null]))
  describe("date", () => accepts(Field.date(), ["2024-02-29"], ["2023-02-29", "2024-02-31", "2024-2-9", "2024-02-29T00:00:00Z"]))
  describe("timestamp", () =>
    accepts(
      Field.timestamp(),
      ["2024-02-29T10:30:00Z", "2024-02-29T10:30:00.12Z"],
      ["2024-02-29T10:30:00", "2024-02-29T10:30:00.120Z", "2024-02-29T10:30:00+00:00", "2024-02-30T10:30:00Z", "2024-02-29"],
    ))
  describe("json", () =>
    accepts(
      Field.json(),
      [null, "a", 1, [1, { a: null }], { __proto__: null, a: 1 }],
      [Number.NaN, new Map(), [1n], new Date(0)],
    ))
})

describe("what a field says of itself", () => {
  test("its kind, its precision and scale, whether it may be null or absent", () => {
    const compiled = Field.compile({
      price: Field.nullable(Field.decimal({ precision: 10, scale: 2 })),
      day: Field.optional(Field.nullable(Field.date())),
      title: Field.text(),
    })
    expect(compiled).toMatchObject([
      { name: "price", kind: "decimal", precision: 10, scale: 2, nullable: true, optional: false },
      { name: "day", kind: "date", nullable: true, optional: true },
      { name: "title", kind: "text", nullable: false, optional: false, free: true },
    ])
  })

  test.each([
    ["text", Schema.String],
    ["text", Schema.Literals(["a", "b"])],
    ["text", Schema.NullOr(Schema.Literals(["a", "b"]))],
    ["text", Schema.String.pipe(Schema.brand("Slug"))],
    ["number", Schema.Int],
    ["boolean", Schema.Boolean],
    ["json", Schema.Struct({ a: Schema.String })],
    ["json", Schema.Union([Schema.String, Schema.Number])],
  ])("a schema of Effect's own is %s", (kind, schema) => {
    expect(only(schema).kind).toBe(kind)
  })

  test("a further check of the user's own is held as well, and its message is for people", () => {
    const field = only(Field.text({ maxLength: 3 }).check(Schema.isMinLength(2)))
    expect(field).toMatchObject({ kind: "text", free: false })
    expect(field.problem("ab")).toBeUndefined()
    expect(field.problem("a")).toContain("at least 2")
    expect(field.problem("abcd")).toContain("at most 3")
    expect(only(Schema.String).problem(3)).toContain("string")
  })
})
