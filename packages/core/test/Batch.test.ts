import { Batch, Engine, Entity, Field } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { LineWriter } from "../src/internal/LineWriter.ts"
import { columns, definition, lines, run } from "./support/products.ts"

const Everything = Entity.make("everything", {
  schema: {
    text: Field.text(),
    integer: Field.integer(),
    number: Field.number(),
    bigint: Field.bigint(),
    decimal: Field.decimal(),
    boolean: Field.boolean(),
    date: Field.date(),
    timestamp: Field.timestamp(),
    json: Field.json(),
  },
  key: "text",
})

// any canonical value of each kind; absent and null as well, which a batch keeps for any field
const values = fc.tuple(
  fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme-ascii" })),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom("0", "-12.50", "1234567890123456789.1"),
  fc.boolean(),
  fc.constantFrom("2024-02-29", "0001-01-01"),
  fc.constantFrom("2024-02-29T10:30:00Z", "2024-02-29T10:30:00.123456Z"),
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Field.Value),
)
const record: fc.Arbitrary<Entity.Values> = fc
  .tuple(values, fc.array(fc.constantFrom("value", "null", "absent"), { minLength: 9, maxLength: 9 }))
  .map(([all, how]) => all.map((value, at): Field.Value => (how[at] === "value" ? value : how[at] === "null" ? null : undefined)))

const bytesOf = (records: ReadonlyArray<Entity.Values>): Buffer =>
  Buffer.from(records.map((it) => `${Batch.writeLine(Everything, it)}\n`).join(""), "utf8")

describe("the lines of a batch", () => {
  test("are read back as the records that were written: values, nulls and absent fields", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        const bytes = bytesOf(records)
        const batch = Batch.make({ entity: Everything, part: 0, first: 0, count: records.length, bytes })
        expect(batch.records()).toEqual(records)
        // toEqual takes an absent element for an undefined one
        for (const [at, it] of batch.records().entries()) expect(it.length).toBe(records[at]!.length)
      }),
      { numRuns: 300 },
    )
  })

  test("absent, null and values of json fields stay apart; a JSON null is null", () => {
    const line = (value: Field.Value): string => Batch.writeValue("json", value)
    expect([undefined, null, [], [null], "null", { a: null }].map((value) => line(value))).toEqual([
      "[]",
      "null",
      "[[]]",
      "[[null]]",
      '["null"]',
      '[{"a":null}]',
    ])
  })

  test("hold each record in one line, whatever its text", () => {
    const text = 'a\nb\r\u2028\u0000"\\'
    const line = Batch.writeLine(Everything, [text])
    expect(line).not.toContain("\n")
    expect((JSON.parse(line) as Array<unknown>)[0]).toBe(text)
  })
})

describe("the line writer", () => {
  test("writes the bytes that writeLine writes, for any records, kept or forgotten, however large", () => {
    const kept = fc.array(fc.tuple(record, fc.boolean()), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(kept, { maxLength: 4 }), fc.integer({ min: 1, max: 256 }), (rows, capacity) => {
        const writer = new LineWriter(capacity)
        const expected: Array<Entity.Values> = []
        const hashes = new Map<string, string>()
        for (const row of rows) {
          const spans = row.map(([it, keep]) => {
            const start = writer.write(Everything, it)
            const line = Batch.writeLine(Everything, it)
            const hash = `${writer.high}/${writer.low}`
            // the same line has the same hash wherever it stands, and another line another one
            expect(hashes.get(hash) ?? line).toBe(line)
            hashes.set(hash, line)
            return { it, keep, start, end: writer.end }
          })
          for (const { end, it, keep, start } of spans)
            if (keep) {
              writer.keep(start, end)
              expected.push(it)
            }
          writer.release()
        }
        expect(writer.take().toString("utf8")).toBe(bytesOf(expected).toString("utf8"))
        expect(writer.take().length).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test("grows with a text that is larger than all it has", () => {
    const writer = new LineWriter(1)
    for (const text of ["x".repeat(200_000), "é".repeat(200_000), '"'.repeat(200_000)]) {
      const start = writer.write(Everything, [text])
      writer.keep(start, writer.end)
      writer.release()
      expect((JSON.parse(writer.take().toString("utf8")) as Array<unknown>)[0]).toBe(text)
    }
  })
})

test("every part of a snapshot but the last has as many records as the limit says, or a row more, and positions go on", async () => {
  const Part = Entity.make("part", { schema: { id: Field.text() }, key: "id" })
  const firsts: Array<readonly [first: number, count: number]> = []
  const sink = MemorySink.make()
  const looking = {
    ...sink,
    plan: (context: Parameters<typeof sink.plan>[0]) =>
      Effect.map(sink.plan(context), (session) => ({
        ...session,
        plan: <E>(entity: Entity.Any, batches: Stream.Stream<Batch.Batch, E>) =>
          session.plan(
            entity,
            Stream.tap(batches, ({ count, first }) => Effect.sync(() => void firsts.push([first, count]))),
          ),
      })),
  }
  await run(
    Effect.gen(function* () {
      const rows = [1, 3, 2, 3, 1].map((count, row) => [`A-${row}`, String(count), null, null])
      const job = yield* Engine.validate(
        definition(looking, {
          entities: [Part],
          map: ({ sku, title }) => Array.from({ length: Number(title) }, (_, at) => Part.of({ id: `${sku}/${at}` })),
          limits: { batch: 2 },
        }),
        TestSource.make({ columns, rows }),
      )
      expect(job.failure).toBeNull()
      expect(yield* lines(job.id, "records/part/")).toHaveLength(10)
      expect(firsts).toEqual([
        [0, 4],
        [4, 2],
        [6, 3],
        [9, 1],
      ])
    }),
  )
})

test("keys that no UTF-8 can tell apart are one key", async () => {
  await run(
    Effect.gen(function* () {
      const rows = [
        ["\ud800", "a", null, null],
        ["\udbff", "b", null, null],
        ["\ud800", "a", null, null],
      ]
      const job = yield* Engine.validate(
        definition(MemorySink.make(), { allowPartial: true }),
        TestSource.make({ columns, rows }),
      )
      expect(job.counts).toMatchObject({ imported: 1, rejected: 1, skipped: 1, skippedByCode: { "key.conflict": 1 } })
    }),
  )
})
