/**
 * Values of every kind come back as they went in: unchanged in a second plan, canonical as the old value of a change, and to the bit when
 * the commit that changed them is taken back.
 */
import { Entity, Field } from "@waybill/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, plan, tallyOf, undo, useDatabase } from "./harness.ts"

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
    let runs = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 30 }),
        fc.array(value, { minLength: 30, maxLength: 30 }),
        async (some, others) => {
          await database.rows(`TRUNCATE ${schema}.value`)
          const first = some.map((it, at) => ({ key: `k${at}`, ...it }))
          const planned = await plan(sink, [[Value, batches(Value, first)]])
          expect(tallyOf(planned, Value).create).toBe(first.length)
          expect((await commit(sink, planned, { job: `first ${++runs}` })).mismatches).toEqual([])
          expect(tallyOf(await plan(sink, [[Value, batches(Value, first)]]), Value).unchanged).toBe(first.length)

          const second = first.map((it, at) => ({ key: it.key, ...others[at]! }))
          const turned = await plan(sink, [[Value, batches(Value, second)]])
          for (const { changes, index } of turned.get(Value)![0]!.planned.updates)
            for (const { after, before, field } of changes) {
              expect([field, before]).toEqual([field, (first[index] as any)[field]])
              expect([field, after]).toEqual([field, (second[index] as any)[field]])
            }
          const texts = () => database.rows(`SELECT v::text FROM ${schema}.value v ORDER BY key`)
          const held = await texts()
          const transaction = runs % 2 === 0 ? "atomic" : "batched"
          expect((await commit(sink, turned, { job: `second ${runs}`, transaction })).mismatches).toEqual([])
          expect(tallyOf(await plan(sink, [[Value, batches(Value, second)]]), Value).unchanged).toBe(first.length)
          expect((await undo(sink, turned, { job: `second ${runs}`, transaction })).left).toEqual([])
          expect(await texts()).toEqual(held)
          expect((await undo(sink, planned, { job: `first ${runs}` })).left).toEqual([])
          expect(await texts()).toEqual([])
        },
      ),
      { numRuns: 12, endOnFailure: true },
    )
  })

  it("that no import would write are given back as the server had them", async () => {
    const schema = await database.schema(`CREATE DOMAIN $S.short AS text CHECK (length(VALUE) < 9);
      CREATE TABLE $S.value (key text PRIMARY KEY, text $S.short, "integer" bigint, "bigint" bigint, number float8, "decimal" numeric, money numeric(16,4),
        "boolean" bool, date date, "timestamp" timestamptz, local timestamp, json jsonb, plain json, uuid uuid, "char" char(9), place inet);
      INSERT INTO $S.value VALUES
        ('k0', e'\\t"\\\\,()', NULL, NULL, '-0', '1.500', 1.5, NULL, 'infinity', '-infinity', '0044-03-15 12:00:00.000001 BC',
          '{"b": 1.50, "a": null}', '{"b" : 1.50,  "a":[ ], "b":2}', NULL, 'ab  ', '10.0.0.1/8'),
        ('k1', '', 0, 0, 'NaN', 'NaN', 0, false, '4713-01-01 BC', '2026-01-01 00:00:00.000001+14', 'infinity', 'null', ' null ',
          'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '', '::1'),
        ('k2', '  ', 1, 1, 'Infinity', '1e300', 1, true, '5874897-12-31', 'infinity', NULL, '[]', '""', NULL, NULL, NULL),
        ('k3', 'é😀', 1, 1, '5e-324', '1e-300', 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`)
    const sink = PostgresSink.make({ pool: database.pool, schema, tables: { value: PostgresSink.table(`${schema}.value`) } })
    const texts = () => database.rows(`SELECT v::text FROM ${schema}.value v ORDER BY key`)
    const held = await texts()
    const nothing = Object.fromEntries(Value.fields.map(({ name }) => [name, null]))
    const records = [0, 1, 2, 3].map((at) => ({ ...nothing, key: `k${at}`, text: "new", number: 7 }))
    const planned = await plan(sink, [[Value, batches(Value, records)]])
    expect((await commit(sink, planned, { job: "odd" })).counts.updated).toBe(4)
    expect(await undo(sink, planned, { job: "odd" })).toMatchObject({ left: [], counts: { reversed: 4 } })
    expect(await texts()).toEqual(held)
  })
})
