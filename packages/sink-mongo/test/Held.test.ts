import { Canonical, Entity, Field } from "@waybill/core"
import fc from "fast-check"
import { BSON } from "mongodb"
import { describe, expect, it } from "vitest"
import { Held } from "../src/internal/held.ts"
import { differing, documentOf, keyOfDocument, keyOfValues, layoutOf } from "../src/internal/layout.ts"

const Thing = Entity.make("thing", {
  key: ["text", "integer"],
  schema: {
    text: Field.text(),
    integer: Field.integer(),
    a: Field.optional(Field.nullable(Field.text())),
    ab: Field.optional(Field.nullable(Field.number())),
    b: Field.optional(Field.boolean()),
    c: Field.optional(Field.date()),
    d: Field.optional(Field.decimal()),
    e: Field.optional(Field.bigint()),
    f: Field.optional(Field.json()),
  },
})
const few = <A>(...values: ReadonlyArray<A>) => fc.constantFrom(undefined, ...values)
const record = fc.tuple(
  fc.constantFrom("x", "é", "x\0y"),
  fc.constantFrom(1, 2 ** 31, -(2 ** 40)),
  few(null, "", "a", "é", "Ã©", "ab", "x".repeat(70), `${"x".repeat(69)}y`, "1"),
  few(null, 0, 1, 1.5, 2 ** 31, 2 ** 60),
  few(true, false),
  few("2026-01-01", "1969-12-31"),
  few("1", "1.0", "-0", "0"),
  few("1", "-1", "9223372036854775807"),
  few<Canonical.Json>(
    null,
    1,
    "1",
    true,
    [],
    {},
    [1],
    [1, 2],
    { a: 1 },
    { a: 1, b: 1 },
    { b: 1, a: 1 },
    { a: null },
    { é: 1 },
    [[]],
    [{}],
    { a: [] },
  ),
)
const layout = layoutOf(Thing, {})
const bytesOf = (values: Entity.Values, extra: object = {}) =>
  BSON.serialize({ ...extra, ...documentOf(layout, values) }, { ignoreUndefined: true })

describe("a document compared by its bytes", () => {
  it("differs where its object differs, and where canonical values do", () => {
    fc.assert(
      fc.property(
        record,
        record,
        fc.constantFrom({}, { _id: new BSON.ObjectId(), z: /x/, y: [1], b2: "" }),
        (held, wanted, extra) => {
          const found = new Held(bytesOf(held, extra)).differing(layout, wanted).map(({ name }) => name)
          const expected = Thing.compared.filter(
            (at) =>
              wanted[at] !== undefined &&
              (held[at] === undefined || Canonical.stringify(wanted[at]) !== Canonical.stringify(held[at])),
          )
          expect(found).toEqual(expected.map((at) => Thing.fields[at]!.name))
          expect(found).toEqual(differing(layout, wanted, BSON.deserialize(bytesOf(held))).map(({ name }) => name))
        },
      ),
      { numRuns: 3000 },
    )
  })

  it("has the key of its record", () => {
    fc.assert(
      fc.property(record, (values) => {
        const bytes = bytesOf(values)
        expect(new Held(bytes).key(layout)).toBe(keyOfValues(layout, values))
        expect(keyOfDocument(layout, BSON.deserialize(bytes))).toBe(keyOfValues(layout, values))
      }),
    )
  })

  it("is no other for a field that stands in it twice", () => {
    const one = BSON.serialize({ a: "a" })
    const twice = Buffer.concat([one.subarray(0, -1), one.subarray(4)])
    twice.writeInt32LE(twice.length)
    expect(new Held(twice).differing(layout, ["x", 1, "a", 1]).map(({ name }) => name)).toEqual(["ab"])
  })
})
