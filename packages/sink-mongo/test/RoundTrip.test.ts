import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { batchOf, counts, run, useScenes } from "./support.ts"
import { kinds, Thing } from "./things.ts"

const noNegativeZero = (value: number) => (value === 0 ? 0 : value)
const text = fc.string({ unit: "binary", maxLength: 80 })
const day = fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 34n - 1n }), fc.nat(40))
  .map(([negative, digits, scale]) => {
    const padded = digits.toString().padStart(scale + 1, "0")
    const whole = padded.slice(0, padded.length - scale)
    return `${negative ? "-" : ""}${whole}${scale === 0 ? "" : `.${padded.slice(padded.length - scale)}`}`
  })
const key = fc.string({ unit: "binary", maxLength: 8 }).filter((it) => !/^\$|[.\0]|^__proto__$|^_bsontype$/.test(it))
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1e21, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, Number.MAX_VALUE, 5e-324),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(noNegativeZero),
    fc.integer(),
    text,
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(key, tie("json"), { maxKeys: 4 }),
  ),
}))
const values: { readonly [kind in keyof typeof kinds]: fc.Arbitrary<unknown> } = {
  text,
  integer: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1)).map(noNegativeZero),
  bigint: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constantFrom("9223372036854775807", "-9223372036854775808", "9007199254740993", "0"),
  ),
  number: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()).map(noNegativeZero),
  decimal: fc.oneof(decimal, fc.constantFrom("0", "-0.00", "12.50", "0.00000001", "1000000", "1".repeat(34))),
  boolean: fc.boolean(),
  date: day.map((it) => it.toISOString().slice(0, 10)),
  timestamp: day.map((it) => it.toISOString().replace(/\.?0*Z$/, "Z")),
  json: fc.option(json, { nil: null }),
}
const record = fc.record(
  Object.fromEntries(
    Object.entries(values).map(([kind, value]) => [kind, fc.oneof({ weight: 8, arbitrary: value }, fc.constant(null))]),
  ),
  { requiredKeys: [] },
)

describe("what is written is read as the same canonical values", () => {
  const { scene } = useScenes()

  for (const fields of [undefined, { json: "deep.down.json", decimal: "deep.decimal" }])
    it(fields === undefined ? "in flat documents" : "in nested documents", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 60 }), async (drawn) => {
          const s = scene({ collections: { thing: fields === undefined ? {} : { fields } } })
          const records = drawn.map((it, at) => ({ ...it, code: `K${at}` }) as Record<string, unknown>)
          const batches = [batchOf(Thing, 0, records)]
          const planned = await s.plan(batches)
          expect(planned[0]!.refusals).toEqual([])
          const done = await run(s.commit(batches, planned))
          expect(counts(done).created).toBe(records.length)
          expect(done.mismatches).toEqual([])

          const again = await s.plan(batches)
          expect(again[0]!.updates).toEqual([])
          expect([...again[0]!.actions].every((action) => action === 0)).toBe(true)

          // a plan that makes everything null tells what is there now
          const emptied = records.map(({ code }) => ({
            code,
            ...Object.fromEntries(Object.keys(kinds).map((kind) => [kind, null])),
          }))
          const [plan] = await s.plan([batchOf(Thing, 0, emptied)])
          const seen = records.map(({ code }) => ({ code }) as Record<string, unknown>)
          for (const { changes, index } of plan!.updates)
            for (const { before, field } of changes) if (before !== undefined) seen[index]![field] = before
          expect(seen).toEqual(records.map((it) => Object.fromEntries(Object.entries(it).filter(([, value]) => value !== null))))
          await s.db.collection(s.name("thing")).drop()
        }),
        { numRuns: 15 },
      )
    })

  it("has the BSON types that the README names", async () => {
    const s = scene()
    const batches = [
      batchOf(Thing, 0, [
        {
          code: "A",
          text: "é",
          integer: 5,
          bigint: "5",
          number: 1,
          decimal: "1.50",
          boolean: true,
          date: "2026-01-02",
          timestamp: "2026-01-02T03:04:05.6Z",
          json: { a: [1, 1.5] },
        },
        { code: "B", integer: 2 ** 31 },
      ]),
    ]
    await run(s.commit(batches, await s.plan(batches)))
    const typed = await s.db
      .collection(s.name("thing"))
      .aggregate([
        { $sort: { code: 1 } },
        {
          $project: {
            _id: 0,
            types: { $map: { input: { $objectToArray: "$$ROOT" }, in: { $concat: ["$$this.k", " ", { $type: "$$this.v" }] } } },
          },
        },
      ])
      .toArray()
    expect(typed[0]!["types"].slice(2)).toEqual([
      "text string",
      "integer int",
      "bigint long",
      "number double",
      "decimal decimal",
      "boolean bool",
      "date date",
      "timestamp date",
      "json object",
    ])
    expect(typed[1]!["types"].slice(2)).toEqual(["integer long"])
  })
})
