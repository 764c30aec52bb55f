/** Whatever text, number or JSON a record holds comes out of COPY as it went in. */
import { Batch, Entity, Field } from "@waybill/core"
import fc from "fast-check"
import { from as copyFrom } from "pg-copy-streams"
import { describe, expect, it } from "vitest"
import { CopyText } from "../src/internal/CopyText.ts"
import { batches, useDatabase } from "./harness.ts"

const database = useDatabase()

const Thing = Entity.make("thing", {
  schema: {
    key: Field.text(),
    text: Field.nullable(Field.text()),
    number: Field.number(),
    flag: Field.boolean(),
    json: Field.optional(Field.nullable(Field.json())),
    maybe: Field.optional(Field.text()),
  },
  key: "key",
})
const shape = { json: Thing.fields.map(({ kind }) => kind === "json"), optional: [4, 5] }

// everything that a line, a cell or an escape could be mistaken for
const hostile = fc.oneof(
  fc.constantFrom(
    "\\.",
    "\\N",
    "\\",
    "\\\\",
    "\t",
    "\n",
    "\r\n",
    '"',
    '\\"',
    "\b\f\v",
    "\u0001\u001f\u007f",
    "[]",
    "null",
    "😀",
    "ÿ",
    "\u2028",
  ),
  fc.string({ unit: "binary" }).filter((it) => !it.includes("\0")),
  fc.string({ unit: fc.constantFrom("\\", '"', "\t", "n", "u", "0", "1", "[", "]", "{", "}", ",", "\n", ".", "N", "ğ", "🙂") }),
)
const number = fc.oneof(
  fc.constantFrom(0, 1e21, -1e-7, 5e-324, 1.7976931348623157e308, 9007199254740991, -9007199254740991, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => (Object.is(it, -0) ? 0 : it)),
)
const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    hostile,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(hostile, tie("value"), { maxKeys: 3, noNullPrototype: true }).map((it) => ({ ...it })),
  ),
})).value

const record = fc.record(
  { text: fc.option(hostile), number, flag: fc.boolean(), json: json, maybe: hostile },
  { requiredKeys: ["text", "number", "flag"], noNullPrototype: true },
)

describe("CopyText", () => {
  it("round-trips hostile records", async () => {
    const client = await database.pool.connect()
    try {
      await client.query(
        "CREATE TEMP TABLE stage (n int, key text, text text, number float8, flag bool, json jsonb, maybe text, absent int)",
      )
      const text = new CopyText(shape)
      await fc.assert(
        fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (some) => {
          const records = some.map((it, at) => ({ ...it, key: `k${at}` }))
          const [batch] = batches(Thing, records)
          await client.query("TRUNCATE stage")
          await new Promise<void>((resolve, reject) => {
            const stream = client.query(copyFrom("COPY stage FROM STDIN"))
            stream.on("error", reject).on("finish", () => resolve())
            stream.end(Buffer.from(text.encode(batch!).bytes))
          })
          const rows = (await client.query("SELECT text, number, flag, json::text, maybe, absent FROM stage ORDER BY n")).rows
          expect(rows.map((row) => ({ ...row, json: row.json === null ? null : JSON.parse(row.json) }))).toEqual(
            records.map((it) => {
              const hasJson = it.json !== undefined
              return {
                text: it.text?.toWellFormed() ?? null,
                number: it.number,
                flag: it.flag,
                json: hasJson ? JSON.parse(JSON.stringify(it.json)) : null,
                maybe: it.maybe?.toWellFormed() ?? null,
                absent: (hasJson ? 0 : 1) + (it.maybe === undefined ? 2 : 0),
              }
            }),
          )
        }),
        { numRuns: 300 },
      )
    } finally {
      client.release(true)
    }
  })

  it("sends the records that are selected, with their fingerprints", () => {
    const [batch] = batches(
      Thing,
      [0, 1, 2].map((at) => ({ key: `k${at}`, text: "x", number: at, flag: true, json: null, maybe: "" })),
    )
    const encoded = new CopyText(shape).encode(
      { ...batch!, first: 70 },
      { takes: (index) => index !== 1, fingerprint: (index) => (index === 0 ? "-12" : null) },
    )
    expect(encoded.bytes.toString()).toBe("70\t-12\tk0\tx\t0\ttrue\t\\N\t\t0\n72\t\\N\tk2\tx\t2\ttrue\t\\N\t\t0\n")
    expect([...encoded.indexes.subarray(0, encoded.count)]).toEqual([0, 2])
  })

  it("leaves out records with a NUL, in text and in JSON, and says which field has it", () => {
    const [batch] = batches(Thing, [
      { key: "a", text: "a\0b", number: 0, flag: true },
      { key: "b", text: "\\u0000", number: 0, flag: true, json: { a: ["\\u0000"] } },
      { key: "c", text: "c", number: 0, flag: true, json: { a: ["\0"] } },
    ])
    const encoded = new CopyText(shape).encode(batch!)
    expect(encoded.count).toBe(1)
    expect(encoded.indexes[0]).toBe(1)
    expect(encoded.refused).toEqual([
      { index: 0, position: 1 },
      { index: 2, position: 4 },
    ])
  })

  it("tells apart more optional fields than one number has bits", () => {
    const names = Array.from({ length: 40 }, (_, at) => `f${at}`)
    const Wide = Entity.make("wide", {
      schema: { key: Field.text(), ...Object.fromEntries(names.map((name) => [name, Field.optional(Field.integer())])) },
      key: "key",
    })
    const lines = Buffer.from(
      `${Batch.writeLine(Wide, ["k", ...names.map((_, at) => (at === 29 || at === 30 ? undefined : at))])}\n`,
    )
    const text = new CopyText({ json: Wide.fields.map(() => false), optional: names.map((_, at) => at + 1) })
    const [cells] = text.encode({ bytes: lines, count: 1, first: 0 }).bytes.toString().trimEnd().split("\n")
    expect(cells!.split("\t").slice(-2)).toEqual([String(2 ** 29), "1"])
  })
})
