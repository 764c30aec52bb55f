import { Cell, Engine, Entity, Field, Import, JobStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schema, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { run } from "./support/products.ts"

const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: { sku: Field.text(), brand: Field.nullable(Field.text()) },
  key: "sku",
  references: { brand: Brand },
})
// refers to another part, which it replaces
const Part = Entity.make("part", { schema: { id: Field.text(), replaces: Field.nullable(Field.text()) }, key: "id" })
Object.assign(Part, { references: [{ name: "replaces", entity: Part, positions: [1] }] })

const Row = Schema.Struct({
  sku: Cell.optional(Cell.text()),
  brand: Cell.optional(Cell.text()),
  part: Cell.optional(Cell.text()),
  replaces: Cell.optional(Cell.text()),
})

const validate = (sink: MemorySink.MemorySink, rows: ReadonlyArray<ReadonlyArray<unknown>>, batch: number) =>
  Effect.gen(function* () {
    const definition = Import.make<typeof Row.Type>({
      name: "parts",
      row: Row,
      entities: [Brand, Product, Part],
      map: ({ brand, part, replaces, sku }) => [
        ...(sku === null ? [] : [Product.of({ sku, brand })]),
        ...(part === null ? [] : [Part.of({ id: part, replaces })]),
      ],
      sink,
      allowPartial: true,
      limits: { batch },
    })
    const job = yield* Engine.validate(definition, TestSource.make({ columns: ["sku", "brand", "part", "replaces"], rows }))
    expect(job.failure).toBeNull()
    const changes = yield* Stream.runCollect(Engine.changes(definition, job.id))
    const actions = Object.fromEntries(changes.map(({ action, key }) => [key, action]))
    const store = yield* JobStore.JobStore
    const codes = (yield* store.issues(job.id)).map(({ code, ref }) => [ref, code])
    return { job, actions, codes, definition }
  })

describe.each([1, 2, 100])("what is refused, with batches of %i", (batch) => {
  test("takes the other records of its row with it, and all that refers to these, back over any number of batches", async () => {
    await run(
      Effect.gen(function* () {
        const { actions, codes, definition, job } = yield* validate(
          MemorySink.make(),
          [
            // each replaces the next one; the last comes with a product whose brand there is not
            [null, null, "p1", "p2"],
            [null, null, "p2", "p3"],
            [null, null, "p3", "p4"],
            ["A", "none", "p4", null],
            ["B", null, "p5", null],
          ],
          batch,
        )
        expect(actions).toEqual({
          A: "refuse",
          B: "create",
          p1: "refuse",
          p2: "refuse",
          p3: "refuse",
          p4: "refuse",
          p5: "create",
        })
        expect(job.counts).toMatchObject({ imported: 1, rejected: 4, created: 2, failed: 5 })
        expect(job.counts.skippedByCode).toEqual({ "reference.missing": 1, "reference.refused": 3 })
        expect(codes).toContainEqual(["test:4", "row.rejected"])
        const done = yield* Engine.commit(definition, job.id)
        expect(done.counts).toEqual(job.counts)
      }),
    )
  })

  test("leaves a record that another row has brought as well", async () => {
    await run(
      Effect.gen(function* () {
        const { actions, job } = yield* validate(
          MemorySink.make(),
          [
            ["A", "none", "p1", null],
            ["B", null, "p1", null],
            [null, null, "p2", "p1"],
          ],
          batch,
        )
        expect(actions).toEqual({ A: "refuse", B: "create", p1: "create", p2: "create" })
        expect(job.counts).toMatchObject({ imported: 2, rejected: 1 })
      }),
    )
  })

  test("records may refer to each other in a circle, and to themselves, and go in", async () => {
    await run(
      Effect.gen(function* () {
        const rows = [
          [null, null, "p1", "p2"],
          [null, null, "p2", "p1"],
          [null, null, "p3", "p3"],
        ]
        const { actions, job } = yield* validate(MemorySink.make(), rows, batch)
        expect(actions).toEqual({ p1: "create", p2: "create", p3: "create" })
        expect(job.counts.rejected).toBe(0)
      }),
    )
  })
})

test("a reference to a record that was rejected while it was read is one that leads nowhere", async () => {
  await run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      const { actions, job } = yield* validate(
        sink,
        [
          ["A", null, "p1", null],
          // the key of p1 again, with other content
          [null, null, "p1", "p1"],
          // and one of a row that has another key of its own
          ["A", "x", "p2", null],
          [null, null, "p3", "p2"],
        ],
        100,
      )
      expect(actions).toEqual({ A: "create", p1: "create", p3: "refuse" })
      expect(job.counts.skippedByCode).toEqual({ "key.conflict": 2, "reference.missing": 1 })
    }),
  )
})

test("a reference that the target answers is none that is missing, though the input has not got it", async () => {
  await run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      sink.tables.set("brand", new Map([["b1", ["b1"]]]))
      const { actions, job } = yield* validate(
        sink,
        [
          ["A", "b1", null, null],
          ["B", "b2", null, null],
        ],
        100,
      )
      expect(actions).toEqual({ A: "create", B: "refuse" })
      expect(yield* Engine.candidates(job.id)).toEqual([
        { entity: "brand", key: "b2", rows: 1, firstRef: "test:2", created: false },
      ])
    }),
  )
})
