/**
 * Imports whose fields are not all the feed's: what is kept, seen from the preview to the undo.
 */
import { type Canonical, Cell, Engine, Entity, Field, Import, Mirror, type Plan, type Sink } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { run } from "./support/products.ts"

const Row = Schema.Struct({
  sku: Cell.text(),
  title: Cell.optional(Cell.text()),
  price: Cell.optional(Cell.decimal({ precision: 10, scale: 2 })),
  about: Cell.optional(Cell.text()),
  origin: Cell.optional(Cell.text()),
})
const columns = ["sku", "title", "price", "about", "origin"]
const ownership = { price: "keepEdits", about: "whenEmpty", origin: "atCreation" } as const
const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.nullable(Field.text()),
    price: Field.nullable(Field.decimal({ precision: 10, scale: 2 })),
    about: Field.nullable(Field.text()),
    origin: Field.nullable(Field.text()),
  },
  key: "sku",
  ownership,
})

type Cells = ReadonlyArray<string | null>

const definition = (sink: Sink.Sink, options: Partial<Import.Options<typeof Row.Type>> = {}) =>
  Import.make({ name: "products", row: Row, entities: [Product], map: Import.columns(Product), sink, ...options })
const feed = (...rows: ReadonlyArray<Cells>) => TestSource.make({ columns, rows })
const changesOf = (of: Import.Import, job: string) => Stream.runCollect(Engine.changes(of, job))
const tableOf = (sink: MemorySink.MemorySink) => sink.tables.get("product")!
const edit = (sink: MemorySink.MemorySink, sku: string, field: keyof typeof Row.Type, value: Canonical.Json) => {
  const values = [...tableOf(sink).get(sku)!]
  values[columns.indexOf(field)] = value
  tableOf(sink).set(sku, values)
}

describe.each(["atomic", "batched"] as const)("fields that are not the feed's, %s", (transaction) => {
  const of = (sink: MemorySink.MemorySink) => definition(sink, { transaction })

  test("are written when the record is created, and kept by their owner's rule; the preview says what and why", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(of(sink), feed(["A", "Lamp", "1.00", "bright", "PT"], ["B", "Shade", "2.00", null, null]))
        expect(tableOf(sink).get("A")).toEqual(["A", "Lamp", "1.00", "bright", "PT"])
        edit(sink, "A", "price", "9.99")
        const job = yield* Engine.validate(
          of(sink),
          feed(["A", "Lamp 2", "1.50", "dim", "ES"], ["B", "Shade", "2.50", "soft", "ES"]),
        )
        expect(job.counts).toMatchObject({ updated: 2, unchanged: 0 })
        expect(job.counts.entities["product"]?.kept).toEqual({ price: 1, about: 1, origin: 2 })
        expect((yield* changesOf(of(sink), job.id)).map(({ changes, kept, key }) => [key, changes, kept])).toEqual([
          [
            "A",
            [{ field: "title", before: "Lamp", after: "Lamp 2" }],
            [
              { field: "price", target: "9.99", feed: "1.50", why: "edited" },
              { field: "about", target: "bright", feed: "dim", why: "notEmpty" },
              { field: "origin", target: "PT", feed: "ES", why: "atCreation" },
            ],
          ],
          [
            "B",
            [
              { field: "price", before: "2.00", after: "2.50" },
              { field: "about", before: null, after: "soft" },
            ],
            [{ field: "origin", target: null, feed: "ES", why: "atCreation" }],
          ],
        ])
        const done = yield* Engine.commit(of(sink), job.id)
        expect(done).toMatchObject({ status: "success", counts: { updated: 2 } })
        expect(done.counts.entities["product"]?.kept).toEqual({ price: 1, about: 1, origin: 2 })
        expect(tableOf(sink).get("A")).toEqual(["A", "Lamp 2", "9.99", "bright", "PT"])
        expect(tableOf(sink).get("B")).toEqual(["B", "Shade", "2.50", "soft", null])
      }),
    ))

  test("are no update by themselves: a second validation shows nothing but unchanged, and what is kept", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(of(sink), feed(["A", "Lamp", "1.00", "bright", "PT"], ["B", "Shade", "2.00", null, null]))
        edit(sink, "A", "price", "9.99")
        const rows: ReadonlyArray<Cells> = [
          ["A", "Lamp", "1.50", "dim", "ES"],
          ["B", "Shade", "2.00", null, null],
        ]
        const done = yield* Engine.run(of(sink), feed(...rows), { force: true })
        expect(done).toMatchObject({ status: "success", counts: { updated: 0, unchanged: 2 } })
        const again = yield* Engine.validate(of(sink), feed(...rows), { force: true })
        expect(again.counts).toMatchObject({ created: 0, updated: 0, unchanged: 2 })
        const [first, second] = yield* changesOf(of(sink), again.id)
        expect(first).toMatchObject({ action: "unchanged", changes: [] })
        expect(first?.kept?.map(({ field }) => field)).toEqual(["price", "about", "origin"])
        expect(second?.kept).toBeUndefined()
      }),
    ))

  test("that no commit ever wrote are somebody else's, unless they are empty", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        sink.tables.set(
          "product",
          new Map([
            ["A", ["A", "Lamp", "1.00", "", null]],
            ["B", ["B", "Shade", null, null, null]],
            ["C", ["C", "Bulb", "3.00", null, null]],
          ]),
        )
        const rows = (price: string): ReadonlyArray<Cells> => ["A", "B", "C"].map((sku) => [sku, null, price, "new", null])
        const job = yield* Engine.run(of(sink), feed(...rows("3.00")))
        expect((yield* changesOf(of(sink), job.id)).map(({ kept }) => kept?.map(({ field, why }) => [field, why]))).toEqual([
          [["price", "neverWritten"]],
          undefined,
          undefined,
        ])
        // what was equal was not written, and stays somebody's; what was empty is the feed's from now on
        yield* Engine.run(of(sink), feed(...rows("4.00")))
        expect([...tableOf(sink).values()].map((values) => values[2])).toEqual(["1.00", "4.00", "3.00"])
        expect([...tableOf(sink).values()].map((values) => values[3])).toEqual(["new", "new", "new"])
      }),
    ))

  test("come back with an undo, and so does the knowledge of who wrote them", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(of(sink), feed(["A", "Lamp", "1.00", null, null]))
        const job = yield* Engine.run(of(sink), feed(["A", "Lamp 2", "2.00", "bright", null], ["B", "Shade", "5.00", null, null]))
        edit(sink, "A", "about", "by hand")
        edit(sink, "B", "price", "6.00")
        const undo = yield* Engine.undo(of(sink), job.id)
        // a text that somebody changed keeps its record; the price of B is somebody's too
        expect(undo.undo).toMatchObject({ reversed: 0, kept: 2 })
        edit(sink, "A", "about", "bright")
        edit(sink, "B", "price", "5.00")
        yield* Engine.run(of(sink), feed(["A", "Lamp", "1.00", null, null], ["B", "Shade", "5.00", null, null]), { force: true })
        const last = yield* Engine.run(of(sink), feed(["A", "Lamp", "3.00", null, null]))
        expect(yield* Engine.undo(of(sink), last.id)).toMatchObject({ status: "success", undo: { reversed: 1 } })
        expect(tableOf(sink).get("A")?.[2]).toBe("1.00")
        // 1.00 is what was written last once more, and 3.00 an edit
        edit(sink, "A", "price", "3.00")
        const kept = yield* Engine.validate(of(sink), feed(["A", "Lamp", "1.50", null, null]))
        expect(kept.counts.entities["product"]?.kept?.["price"]).toBe(1)
        edit(sink, "A", "price", "1.00")
        const free = yield* Engine.validate(of(sink), feed(["A", "Lamp", "1.60", null, null]))
        expect(free.counts.entities["product"]?.kept?.["price"]).toBeUndefined()
      }),
    ))

  test("of a record that is deleted and comes back with an undo are whose they were", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const mirrors = [Mirror.remove(Product, { maxShare: 1 })]
        const both: ReadonlyArray<Cells> = [
          ["A", "Lamp", "1.00", null, null],
          ["B", "Lamp", "1.00", null, null],
        ]
        yield* Engine.run(of(sink), feed(...both))
        edit(sink, "A", "price", "9.99")
        const without = definition(sink, { transaction, mirrors })
        const job = yield* Engine.run(without, feed(["C", "Lamp", "1.00", null, null]))
        expect([...tableOf(sink).keys()]).toEqual(["C"])
        expect(yield* Engine.undo(without, job.id)).toMatchObject({ status: "success" })
        const again = yield* Engine.validate(of(sink), feed(...both.map(([sku, title]) => [sku!, title!, "2.00", null, null])))
        expect((yield* changesOf(of(sink), again.id)).map(({ kept }) => kept?.map(({ why }) => why))).toEqual([
          ["edited"],
          undefined,
        ])
      }),
    ))

  test("are a conflict where the plan writes them and somebody edits them meanwhile", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(of(sink), feed(["A", "Lamp", "1.00", null, null]))
        const job = yield* Engine.validate(of(sink), feed(["A", "Lamp", "2.00", null, null]))
        edit(sink, "A", "price", "7.00")
        const done = yield* Engine.commit(of(sink), job.id)
        expect(done).toMatchObject({ status: "failed", failure: { code: "conflict" } })
        expect(tableOf(sink).get("A")?.[2]).toBe("7.00")
      }),
    ))
})

describe("a sink that does not know what was written last", () => {
  const ignorant = (): MemorySink.MemorySink => {
    const { keepsEdits: _, ...sink } = MemorySink.make()
    return sink
  }

  test("is refused an import that has to know it, before a row is read", () =>
    run(
      Effect.gen(function* () {
        const sink = ignorant()
        const job = yield* Engine.validate(definition(sink), feed(["A", "Lamp", "1.00", null, null]))
        expect(job).toMatchObject({ status: "failed", failure: { code: "ownership.unsupported" }, counts: { processed: 0 } })
        expect(job.failure?.message).toContain("product has fields that are owned keepEdits")
      }),
    ))

  test("takes one with the other owners", () =>
    run(
      Effect.gen(function* () {
        const sink = ignorant()
        const { price: _, ...others } = ownership
        const Other = Entity.make("product", { schema: Product.schemas, key: "sku", ownership: others })
        const of = definition(sink, { entities: [Other], map: Import.columns(Other) })
        yield* Engine.run(of, feed(["A", "Lamp", "1.00", "bright", "PT"]))
        yield* Engine.run(of, feed(["A", "Lamp", "2.00", "dim", "ES"]))
        expect(tableOf(sink).get("A")).toEqual(["A", "Lamp", "2.00", "bright", "PT"])
      }),
    ))
})

describe("always", () => {
  const text = fc.constantFrom(null, "a", "b", "c")
  const cells = fc.tuple(fc.constantFrom("A", "B", "C"), text, fc.constantFrom(null, "1.00", "2.00", "3.00"), text, text)
  const rows = fc.uniqueArray(cells, { selector: ([sku]) => sku })

  test("what a commit does is what its preview said; then nothing is left to do, and what is kept stays kept", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.array(cells), rows, async (first, edits, second) => {
        await run(
          Effect.gen(function* () {
            const sink = MemorySink.make()
            const of = definition(sink)
            yield* Engine.run(of, feed(...first))
            for (const [sku, ...values] of edits) tableOf(sink)?.set(sku, [sku, ...values])
            const before = new Map(sink.tables.get("product"))
            const job = yield* Engine.validate(of, feed(...second), { force: true })
            const planned = yield* changesOf(of, job.id)
            yield* Engine.commit(of, job.id)
            for (const { action, changes, key, kept = [] } of planned) {
              if (action === "create") continue
              const now = columns.map((field, at) => changes.find((it) => it.field === field)?.after ?? before.get(key)![at])
              const nulled = columns.map((field, at) =>
                changes.some((it) => it.field === field && it.after === null) ? null : now[at],
              )
              expect(tableOf(sink).get(key)).toEqual(nulled)
              for (const { field, target } of kept) expect(before.get(key)![columns.indexOf(field)]).toEqual(target)
            }
            const again = yield* Engine.validate(of, feed(...second), { force: true })
            expect(again.counts).toMatchObject({ created: 0, updated: 0 })
            const stays = (all: ReadonlyArray<{ readonly key: string; readonly kept?: ReadonlyArray<Plan.KeptField> }>) =>
              all.flatMap(({ key, kept = [] }) => kept.map(({ field, feed: theirs, target }) => [key, field, target, theirs]))
            expect(stays(yield* changesOf(of, again.id))).toEqual(expect.arrayContaining(stays(planned)))
          }),
        )
      }),
      { numRuns: 60 },
    )
  })
})

test("a value that is kept is looked up nowhere: only who would write it is refused for what it refers to", () =>
  run(
    Effect.gen(function* () {
      const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
      const Lamp = Entity.make("lamp", {
        schema: { sku: Field.text(), title: Field.text(), brand: Field.nullable(Field.text()) },
        key: "sku",
        references: { brand: Brand },
        ownership: { brand: "whenEmpty" },
      })
      const sink = MemorySink.make()
      sink.tables.set("brand", new Map([["ours", ["ours"]]]))
      sink.tables.set(
        "lamp",
        new Map([
          ["A", ["A", "Old", "ours"]],
          ["B", ["B", "Same", "ours"]],
          ["C", ["C", "Empty", null]],
        ]),
      )
      const d = Import.make({
        name: "lamps",
        row: Schema.Struct({ sku: Cell.text(), title: Cell.text(), brand: Cell.optional(Cell.text()) }),
        entities: [Lamp, Brand],
        map: Import.columns(Lamp),
        allowPartial: true,
        sink,
      })
      const rows = [
        ["A", "New", "gone"],
        ["B", "Same", "gone"],
        ["C", "Empty", "gone"],
        ["D", "Fresh", "gone"],
      ]
      const job = yield* Engine.run(d, TestSource.make({ columns: ["sku", "title", "brand"], rows }))
      expect(
        (yield* changesOf(d, job.id)).map(({ action, issues, key }) => [key, action, issues.map(({ code }) => code)]),
      ).toEqual([
        ["A", "update", []],
        ["B", "unchanged", []],
        ["C", "refuse", ["reference.missing"]],
        ["D", "refuse", ["reference.missing"]],
      ])
      expect(job).toMatchObject({ status: "partial", counts: { updated: 1, unchanged: 1, rejected: 2 } })
      expect([...sink.tables.get("lamp")!.values()]).toEqual([
        ["A", "New", "ours"],
        ["B", "Same", "ours"],
        ["C", "Empty", null],
      ])
    }),
  ))
