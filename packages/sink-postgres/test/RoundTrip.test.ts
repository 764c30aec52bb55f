/** Values of every kind come back as they went in: unchanged in a second plan, and canonical as the old value of a change. */
import { Entity, Field } from "@waybill/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, plan, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Value = Entity.make("value", {
  schema: {
    key: Field.text(),
    text: Field.nullable(Field.text()),
    integer: Field.nullable(Field.integer()),
    bigint: Field.nullable(Field.bigint()),
    number: Field.nullable(Field.number()),
    decimal: Field.nullable(Field.decimal()),
    money: Field.nullable(Field.decimal({ precision: 14, scale: 3 })),
    boolean: Field.nullable(Field.boolean()),
    date: Field.nullable(Field.date()),
    timestamp: Field.nullable(Field.timestamp()),
    local: Field.nullable(Field.timestamp()),
    json: Field.nullable(Field.json()),
    plain: Field.nullable(Field.json()),
    uuid: Field.nullable(Field.text()),
    char: Field.nullable(Field.text()),
    place: Field.nullable(Field.text()),
  },
  key: "key",
})

const ddl = `CREATE TABLE $S.value (
  key text PRIMARY KEY, text text, "integer" bigint, "bigint" bigint, number float8, "decimal" numeric, money numeric(16,4), "boolean" bool,
  date date, "timestamp" timestamptz, local timestamp, json jsonb, plain json, uuid uuid, "char" varchar(300), place inet)`

const two = (value: number) => String(value).padStart(2, "0")
const date = fc
  .record({ y: fc.integer({ min: 1, max: 9999 }), m: fc.integer({ min: 1, max: 12 }), d: fc.integer({ min: 1, max: 28 }) })
  .map(({ d, m, y }) => `${String(y).padStart(4, "0")}-${two(m)}-${two(d)}`)
const fraction = fc.constantFrom("", ".1", ".12", ".123", ".1234", ".12345", ".123456", ".000001", ".5")
const moment = fc
  .tuple(date, fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fraction)
  .map(([day, hour, minute, part]) => `${day}T${two(hour)}:${two(minute)}:59${part}Z`)
const digits = (max: number) => fc.bigInt({ min: -(10n ** BigInt(max)) + 1n, max: 10n ** BigInt(max) - 1n }).map(String)
const decimal = fc
  .tuple(digits(30), fc.integer({ min: 1, max: 20 }))
  .map(([whole, scale]) => `${whole}.${"0".repeat(scale - 1)}7`)
  .filter((it) => !it.startsWith("-0."))
const text = fc.string({ unit: "binary", maxLength: 40 }).map((it) => it.replaceAll("\0", "").toWellFormed())
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((it) => JSON.parse(JSON.stringify(it).replaceAll("\\u0000", "")) as unknown)
  .filter(
    (it) =>
      it !== null &&
      !JSON.stringify(it).includes("-0") &&
      JSON.stringify(it).isWellFormed() &&
      !/\\ud[89a-f]/i.test(JSON.stringify(it)),
  )

const nullable = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { freq: 6 })
const value = fc.record(
  {
    text: nullable(text),
    integer: nullable(fc.maxSafeInteger()),
    bigint: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
    number: nullable(fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => (Object.is(it, -0) ? 0 : it))),
    decimal: nullable(decimal),
    money: nullable(
      fc
        .tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 999 }))
        .map(([a, b]) => `${a}.${String(b).padStart(3, "0")}`),
    ),
    boolean: nullable(fc.boolean()),
    date: nullable(date),
    timestamp: nullable(moment),
    local: nullable(moment),
    json: nullable(json),
    plain: nullable(json),
    uuid: nullable(fc.uuid()),
    char: nullable(text.map((it) => it.slice(0, 20).toWellFormed())),
    place: nullable(fc.ipV4()),
  },
  { noNullPrototype: true },
)

describe("values", () => {
  it("come back as they went in", async () => {
    const schema = await database.schema(ddl)
    const sink = PostgresSink.make({ pool: database.pool, schema, tables: { value: PostgresSink.table(`${schema}.value`) } })
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 30 }),
        fc.array(value, { minLength: 30, maxLength: 30 }),
        async (some, others) => {
          await database.rows(`TRUNCATE ${schema}.value`)
          const first = some.map((it, at) => ({ key: `k${at}`, ...it }))
          const planned = await plan(sink, [[Value, batches(Value, first)]])
          expect(tallyOf(planned, Value).create).toBe(first.length)
          expect((await commit(sink, planned)).mismatches).toEqual([])
          expect(tallyOf(await plan(sink, [[Value, batches(Value, first)]]), Value).unchanged).toBe(first.length)

          const second = first.map((it, at) => ({ key: it.key, ...others[at]! }))
          const turned = await plan(sink, [[Value, batches(Value, second)]])
          for (const { changes, index } of turned.get(Value)![0]!.planned.updates)
            for (const { after, before, field } of changes) {
              expect([field, before]).toEqual([field, (first[index] as any)[field]])
              expect([field, after]).toEqual([field, (second[index] as any)[field]])
            }
          expect((await commit(sink, turned)).mismatches).toEqual([])
          expect(tallyOf(await plan(sink, [[Value, batches(Value, second)]]), Value).unchanged).toBe(first.length)
        },
      ),
      { numRuns: 12, endOnFailure: true },
    )
  })
})
