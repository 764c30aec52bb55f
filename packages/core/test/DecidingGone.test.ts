/**
 * A key is not read as one whose record is refused, is deleted, or is about to be: whoever decided so would lead the rows of the next file to nothing.
 */
import { Candidates, Engine, Entity, Field, Import, Mirror } from "@waybill/core"
import { MemoryDecisionStore, MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import { expect, test } from "vitest"
import { Category, columns, definition, Product, Row, run } from "./support/products.ts"

const targetWith = (...slugs: ReadonlyArray<string>) => {
  const sink = MemorySink.make()
  sink.tables.set("category", new Map(slugs.map((slug) => [slug, [slug, slug]])))
  return sink
}
const withStore = <A, E, R>(effect: Effect.Effect<A, E, R>): Promise<A> => run(Effect.provide(effect, MemoryDecisionStore.layer))
const source = (...rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows, hashed: true })
const asLamps = { entity: "category", key: "Lampps", verdict: "map", by: "ann" } as const

// a row whose title is "category" brings that category; what else it refers to is a product of the same name
const map = (row: typeof Row.Type) => [
  ...(row.title === "category" ? [Category.of({ slug: row.sku, title: row.sku })] : []),
  ...(row.title === "category" && row.category === null ? [] : [Product.of(row)]),
]
const mirrored = (sink: MemorySink.MemorySink) =>
  definition(sink, { map, mode: "smart", mirrors: [Mirror.remove(Category, { maxShare: 1 })] })
const feed = source(["lamps", "category", null, null], ["A-1", "Lamp", "1.50", "Lampps"])

test("a record that is refused with its row is nothing that a key can be read as, nor is it offered", () =>
  withStore(
    Effect.gen(function* () {
      const sink = targetWith("shades")
      const products = definition(sink, { map, allowPartial: true })
      const given = source(["Lamps", "category", "1.50", "nowhere"], ["A-1", "Lamp", "1.50", "Lampps"])
      const { id } = yield* Engine.validate(products, given)
      const records = yield* Stream.runCollect(Engine.changes(products, id))
      expect(records.find(({ entity }) => entity === "category")).toMatchObject({ key: "Lamps", action: "refuse" })
      expect((yield* Candidates.list(products, id)).map(({ key, nearest }) => [key, nearest])).toEqual([
        ["Lampps", []],
        ["nowhere", []],
      ])
      const error = yield* Effect.flip(Candidates.decide(products, id, { ...asLamps, as: "Lamps" }))
      expect(error).toMatchObject({ reason: "WrongDecision", job: id })
      expect(error.message).toContain("there is no category of that key")
      // a record of that key is in the target by now, whatever became of the one that the file brought
      sink.tables.get("category")!.set("Lamps", ["Lamps", "Lamps"])
      expect(yield* Candidates.decide(products, id, { ...asLamps, as: "Lamps" })).toMatchObject({ as: "Lamps" })
    }),
  ))

test("a record that a mirror of the job is to delete is refused while the job can be committed, and kept once it is referred to", () =>
  withStore(
    Effect.gen(function* () {
      const sink = targetWith("lamps", "shades")
      const products = mirrored(sink)
      const job = yield* Engine.validate(products, feed)
      expect(job).toMatchObject({ status: "pending", counts: { deleted: 1, candidates: 1 } })
      const error = yield* Effect.flip(Candidates.decide(products, job.id, { ...asLamps, as: "shades" }))
      expect(error).toMatchObject({ reason: "WrongDecision", job: job.id })
      expect(error.message).toBe(
        `"Lampps" cannot be read as "shades": the commit of job ${job.id} will delete the category of that key, for the feed has it no more; choose another key, or cancel the job before you decide`,
      )
      expect(yield* Candidates.decisions("products")).toEqual([])
      // the mirror leaves this one alone
      expect(yield* Candidates.decide(products, job.id, { ...asLamps, as: "lamps" })).toMatchObject({ as: "lamps" })
      yield* Engine.cancel(job.id)
      yield* Candidates.decide(products, job.id, { ...asLamps, as: "shades" })
      const next = yield* Engine.run(products, feed)
      expect(next).toMatchObject({ status: "success", counts: { deleted: 0, candidates: 0 } })
      expect(sink.tables.get("product")!.get("A-1")).toEqual(["A-1", "Lamp", "1.50", "shades"])
      expect([...sink.tables.get("category")!.keys()]).toEqual(["lamps", "shades"])
    }),
  ))

test("a record that a mirror has deleted is nothing that a key can be read as, until somebody makes it again", () =>
  withStore(
    Effect.gen(function* () {
      const sink = targetWith("lamps", "shades")
      const products = mirrored(sink)
      const { id, status } = yield* Engine.run(products, feed)
      expect(status).toBe("success")
      const decide = Candidates.decide(products, id, { ...asLamps, as: "shades" })
      const error = yield* Effect.flip(decide)
      expect(error).toMatchObject({ reason: "WrongDecision" })
      expect(error.message).toContain("there is no category of that key")
      sink.tables.get("category")!.set("shades", ["shades", "shades"])
      expect(yield* decide).toMatchObject({ as: "shades" })
    }),
  ))

test("a key whose record is about to be deleted is not offered as a near one", () =>
  withStore(
    Effect.gen(function* () {
      // of a product that is there the category is kept, so that the candidate is open and no row is rejected
      const Kept = Entity.make("product", {
        schema: { sku: Field.text(), title: Field.nullable(Field.text()), category: Field.nullable(Field.text()) },
        key: "sku",
        references: { category: Category },
        ownership: { category: "atCreation" },
      })
      const sink = targetWith("lamps", "Lampp", "other")
      sink.tables.set("product", new Map([["A-1", ["A-1", "Lamp", "other"]]]))
      const products = Import.make<typeof Row.Type>({
        name: "products",
        row: Row,
        entities: [Kept, Category],
        map: ({ category, sku, title }) =>
          title === "category" ? [Category.of({ slug: sku, title: sku })] : [Kept.of({ sku, title, category })],
        mirrors: [Mirror.remove(Category, { maxShare: 1 })],
        sink,
      })
      const job = yield* Engine.validate(products, feed)
      const records = yield* Stream.runCollect(Engine.changes(products, job.id))
      expect(records.filter(({ action }) => action === "delete").map(({ key }) => key)).toEqual(["Lampp", "other"])
      const nearest = Effect.map(Candidates.list(products, job.id), (all) => all.map((it) => [it.key, it.standing, it.nearest]))
      expect(yield* nearest).toEqual([["Lampps", "open", ["lamps"]]])
      yield* Engine.cancel(job.id)
      expect(yield* nearest).toEqual([["Lampps", "open", ["Lampp", "lamps"]]])
    }),
  ))
