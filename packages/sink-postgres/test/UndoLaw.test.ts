/** Whatever a job wrote, and whatever others did after it: undo gives back what nobody touched, and keeps the rest. */
import { Entity, Field } from "@waybill/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, plan, undo, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", {
  schema: {
    key: Field.text(),
    a: Field.nullable(Field.integer()),
    b: Field.optional(Field.nullable(Field.text())),
    seen: Field.integer(),
  },
  key: "key",
  volatile: ["seen"],
})

interface Row {
  readonly a: number | null
  readonly b: string | null
  readonly seen: number
  readonly own: string | null
}

const a = fc.option(fc.integer({ min: 0, max: 3 }))
const b = fc.option(fc.constantFrom("x", "é", ""))
const seen = fc.integer({ min: 0, max: 2 })
const key = fc.integer({ min: 0, max: 11 }).map((it) => `k${String(it).padStart(2, "0")}`)
const rows = fc.dictionary(key, fc.record({ a, b, seen, own: fc.option(fc.constant("theirs")) }), { noNullPrototype: true })
const records = fc.dictionary(key, fc.record({ a, b, seen }, { requiredKeys: ["a", "seen"], noNullPrototype: true }), {
  noNullPrototype: true,
})
const edits = fc.array(
  fc.tuple(
    key,
    fc.oneof(
      fc.record({ a }),
      fc.record({ b }),
      fc.record({ seen }),
      fc.record({ own: fc.constantFrom("x", "y") }),
      fc.constant("delete" as const),
      // somebody takes it back by hand
      fc.constant("back" as const),
    ),
  ),
  { maxLength: 6 },
)

const same = (one: Row, other: Partial<Row>, fields: ReadonlyArray<keyof Row>) => fields.every((it) => one[it] === other[it])

describe("undo", () => {
  it("is the state before, but for what others have done since", async () => {
    const schema = await database.schema(
      "CREATE TABLE $S.item (key text PRIMARY KEY, a int, b text DEFAULT 'default', seen int NOT NULL, own text)",
    )
    const sink = PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } })
    const target = async (): Promise<Map<string, Row>> =>
      new Map(
        (await database.rows(`SELECT * FROM ${schema}.item ORDER BY key`)).map(({ key, ...row }) => [key as string, row as Row]),
      )
    let runs = 0
    await fc.assert(
      fc.asyncProperty(
        rows,
        records,
        edits,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom("atomic" as const, "batched" as const),
        async (there, wanted, edits, size, transaction) => {
          const job = `job ${++runs}`
          await database.rows(`TRUNCATE ${schema}.item`)
          for (const [key, { a, b, own, seen }] of Object.entries(there))
            await database.pool.query(`INSERT INTO ${schema}.item VALUES ($1, $2, $3, $4, $5)`, [key, a, b, seen, own])
          const before = await target()
          const all = Object.entries(wanted).map(([key, record]) => ({ key, ...record }))
          const planned = await plan(sink, [[Item, batches(Item, all, size)]], { preferred: transaction })
          await commit(sink, planned, { job, transaction })
          const after = await target()
          for (const [key, edit] of edits)
            if (edit === "back") {
              const { a, b, seen } = before.get(key) ?? {}
              if (seen !== undefined)
                await database.pool.query(`UPDATE ${schema}.item SET a = $2, b = $3, seen = $4 WHERE key = $1`, [key, a, b, seen])
            } else if (edit === "delete") await database.pool.query(`DELETE FROM ${schema}.item WHERE key = $1`, [key])
            else
              for (const [column, value] of Object.entries(edit))
                await database.pool.query(`UPDATE ${schema}.item SET ${column} = $2 WHERE key = $1`, [key, value])
          const now = await target()

          const expected = new Map<string, Row>()
          const counts = { reversed: 0, kept: 0, errored: 0 }
          const isWritten = new Set(
            planned
              .get(Item)!
              .flatMap(({ batch, planned }) =>
                [...planned.actions].flatMap((action, at) => (action === 1 || action === 2 ? [all[batch.first + at]!.key] : [])),
              ),
          )
          for (const key of new Set([...before.keys(), ...after.keys()])) {
            const [was, made, is] = [before.get(key), after.get(key), now.get(key)]
            if (!isWritten.has(key)) {
              if (is !== undefined) expected.set(key, is)
              continue
            }
            const fields: ReadonlyArray<keyof Row> = "b" in wanted[key]! ? ["a", "b", "seen"] : ["a", "seen"]
            const isLeft = is !== undefined && same(is, made!, fields)
            const isBefore = is === undefined ? was === undefined : was !== undefined && same(is, was, fields)
            if (isLeft || isBefore) counts.reversed++
            else counts.kept++
            if (is === undefined || (isLeft && was === undefined)) continue
            expected.set(key, isLeft ? { ...is, ...Object.fromEntries(fields.map((it) => [it, was![it]])) } : is)
          }
          const preview = await undo(sink, planned, { job, transaction, preview: true })
          expect(await target()).toEqual(now)
          const done = await undo(sink, planned, { job, transaction })
          expect(done.counts).toEqual(counts)
          expect([preview.counts, preview.left]).toEqual([done.counts, done.left])
          expect([...(await target())].sort()).toEqual([...expected].sort())
        },
      ),
      { numRuns: 40, endOnFailure: true },
    )
  })
})
