/**
 * What may be decided about which candidate: of several entities that have the same key, of numbers, and of keys of several fields.
 */
import { Candidates, Cell, Engine, Entity, Field, Import, Inspection, type Sink } from "@waybill/core"
import { MemoryDecisionStore, MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schema, Stream } from "effect"
import { expect, test } from "vitest"
import { run } from "./support/products.ts"

const Category = Entity.make("category", {
  schema: { slug: Field.text(), parent: Field.nullable(Field.text()) },
  key: "slug",
  create: (slug) => ({ slug, parent: null }),
})
const Maker = Entity.make("maker", { schema: { number: Field.integer() }, key: "number" })
const Shelf = Entity.make("shelf", {
  schema: { hall: Field.text(), place: Field.integer() },
  key: ["hall", "place"],
  create: () => ({ hall: "", place: 0 }),
})
const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    category: Field.nullable(Field.text()),
    maker: Field.nullable(Field.integer()),
    hall: Field.nullable(Field.text()),
    place: Field.nullable(Field.integer()),
  },
  key: "sku",
  references: { category: Category, maker: Maker, shelf: { entity: Shelf, fields: ["hall", "place"] } },
})

const importOf = (sink: Sink.Sink, name = "products") =>
  Import.make({
    name,
    row: Schema.Struct({
      sku: Cell.text(),
      category: Cell.optional(Cell.text()),
      maker: Cell.optional(Cell.integer()),
      hall: Cell.optional(Cell.text()),
      place: Cell.optional(Cell.integer()),
    }),
    entities: [Product, Category, Maker, Shelf],
    map: Import.columns(Product),
    sink,
    allowPartial: true,
  })

const columns = ["sku", "category", "maker", "hall", "place"]
const source = (...rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows, hashed: true })
const given = source(["A-1", "12", "12", null, null], ["A-2", null, null, "north", "12"], ["A-3", null, null, "north", "1"])

const target = (): MemorySink.MemorySink => {
  const sink = MemorySink.make()
  sink.tables.set("maker", new Map([1, 21].map((number) => [String(number), [number]])))
  sink.tables.set("shelf", new Map([["north", 1] as const].map((it) => [Entity.keyText(it, [0, 1]), it])))
  return sink
}
const withStore = <A, E, R>(effect: Effect.Effect<A, E, R>): Promise<A> => run(Effect.provide(effect, MemoryDecisionStore.layer))
const by = "ann"
const shelf = '["north",12]'

test("the candidates of several entities are listed in their order, and a decision is about the one of its entity alone", () =>
  withStore(
    Effect.gen(function* () {
      const products = importOf(target())
      const { id } = yield* Engine.validate(products, given)
      const listed = yield* Candidates.list(products, id)
      expect(listed.map(({ entity, key, nearest }) => [entity, key, nearest])).toEqual([
        ["category", "12", []],
        ["maker", "12", []],
        ["shelf", shelf, ['["north",1]']],
      ])
      yield* Candidates.decide(products, id, { entity: "category", key: "12", verdict: "create", by })
      const after = yield* Candidates.list(products, id)
      expect(after.map(({ remembered }) => remembered?.verdict)).toEqual(["create", undefined, undefined])
      // the first decision about a maker, although there is one about a category of that key
      const maker = { entity: "maker", key: "12", by } as const
      expect(yield* Candidates.forget("products", maker)).toBeNull()
      expect(yield* Candidates.decide(products, id, { ...maker, verdict: "reject" })).toMatchObject({ version: 1 })
      const missing = Candidates.decide(products, id, { entity: "shelf", key: "12", verdict: "reject", by })
      expect(yield* Effect.flip(missing)).toMatchObject({ reason: "NotFound" })
      const unknown = Candidates.decide(products, id, { entity: "warehouse", key: "12", verdict: "reject", by })
      expect(yield* Effect.flip(unknown)).toMatchObject({ reason: "NotFound" })
    }),
  ))

test("no record is created where the entity cannot, or for a key of several fields", () =>
  withStore(
    Effect.gen(function* () {
      const products = importOf(target())
      const { id } = yield* Engine.validate(products, given)
      for (const [entity, key, why] of [
        ["maker", "12", "no create function"],
        ["shelf", shelf, "several fields"],
      ] as const) {
        const error = yield* Effect.flip(Candidates.decide(products, id, { entity, key, verdict: "create", by }))
        expect(error).toMatchObject({ reason: "WrongDecision" })
        expect(error.message).toContain(why)
      }
    }),
  ))

test("numbers and keys of several fields are read as others of their kind, in just the fields that differ", () =>
  withStore(
    Effect.gen(function* () {
      const sink = target()
      const products = importOf(sink)
      const { id } = yield* Engine.validate(products, given)
      const maker = { entity: "maker", key: "12", verdict: "map", by } as const
      for (const as of ["021", "twenty", "", "21.0", "[21]", "13"])
        expect(yield* Effect.flip(Candidates.decide(products, id, { ...maker, as })), as).toMatchObject({
          reason: "WrongDecision",
        })
      const pair = { entity: "shelf", key: shelf, verdict: "map", by } as const
      for (const as of ["north", '["north"]', '["north","1"]', '["north", 1]', '["north",1,2]', '["south",1]'])
        expect(yield* Effect.flip(Candidates.decide(products, id, { ...pair, as })), as).toMatchObject({
          reason: "WrongDecision",
        })
      yield* Candidates.decide(products, id, { ...maker, as: "21" })
      yield* Candidates.decide(products, id, { ...pair, as: '["north",1]' })
      yield* Candidates.decide(products, id, { entity: "category", key: "12", verdict: "create", by })
      const job = yield* Engine.run(products, given)
      expect(job).toMatchObject({ status: "success", counts: { imported: 3, normalizations: { alias: 2 } } })
      expect(yield* Stream.runCollect(Inspection.normalizations(job.id))).toEqual([
        { ref: "test:1", column: "maker", rule: "alias", before: 12, after: 21 },
        { ref: "test:2", column: "place", rule: "alias", before: 12, after: 1 },
      ])
      expect([...sink.tables.get("product")!.values()]).toEqual([
        ["A-1", "12", 21, null, null],
        ["A-2", null, null, "north", 1],
        ["A-3", null, null, "north", 1],
      ])
    }),
  ))

test("a key that only a record of another entity has is nothing that it can be read as", () =>
  withStore(
    Effect.gen(function* () {
      const products = importOf(target())
      const { id } = yield* Engine.validate(products, given)
      // A-3 is the key of a product, and of no category
      const error = yield* Effect.flip(
        Candidates.decide(products, id, { entity: "category", key: "12", verdict: "map", as: "A-3", by }),
      )
      expect(error).toMatchObject({ reason: "WrongDecision" })
    }),
  ))

test("who decided, and about another import or entity, makes no other validation", () =>
  withStore(
    Effect.gen(function* () {
      const products = importOf(target())
      const { id } = yield* Engine.validate(products, given)
      const category = { entity: "category", key: "12", by } as const
      yield* Candidates.decide(products, id, { ...category, verdict: "create" })
      const job = yield* Engine.validate(products, given)
      // the same again, by somebody else
      yield* Candidates.decide(products, id, { ...category, verdict: "create", by: "bob" })
      expect(yield* Effect.flip(Engine.validate(products, given))).toMatchObject({ reason: "AlreadyImported", job: job.id })
      yield* Candidates.decide(products, id, { entity: "maker", key: "12", verdict: "map", as: "1", by })
      const first = yield* Engine.validate(products, given)
      yield* Candidates.decide(products, id, { entity: "maker", key: "12", verdict: "map", as: "21", by })
      const second = yield* Engine.validate(products, given)
      expect(second.decisions).not.toBe(first.decisions)
    }),
  ))

test("a sink that lists no keys offers none of the target", () =>
  withStore(
    Effect.gen(function* () {
      const sink = target()
      const silent: Sink.Sink = {
        ...sink,
        plan: (context) => Effect.map(sink.plan(context), ({ keys: _, ...session }) => session),
      }
      const products = importOf(silent)
      const { id } = yield* Engine.validate(products, given)
      expect((yield* Candidates.list(products, id)).map(({ nearest }) => nearest)).toEqual([[], [], []])
    }),
  ))
