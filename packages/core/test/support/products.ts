/**
 * An import of products with categories, which the tests run in many ways, over stores in memory and with no logger.
 */
import { Cell, Entity, Field, Import, Normalize, Snapshot, SnapshotStore } from "@waybill/core"
import { MemoryJobStore, type MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { Effect, Fiber, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"

export const Category = Entity.make("category", {
  schema: { slug: Field.text(), title: Field.text() },
  key: "slug",
  create: (slug) => ({ slug, title: slug }),
})

export const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.nullable(Field.text()),
    price: Field.nullable(Field.decimal({ precision: 10, scale: 2 })),
    category: Field.nullable(Field.text()),
  },
  key: "sku",
  references: { category: Category },
})

export const columns = ["sku", "title", "price", "category"]

export const Row = Schema.Struct({
  sku: Cell.text(),
  title: Cell.optional(Cell.text()),
  price: Cell.optional(Cell.decimal({ precision: 10, scale: 2 })),
  category: Cell.optional(Cell.text()),
})

export const definition = (sink: MemorySink.MemorySink, options: Partial<Import.Options<typeof Row.Type>> = {}) =>
  Import.make({
    name: "products",
    row: Row,
    normalize: [Normalize.empty(), Normalize.trim(), Normalize.nfc()],
    entities: [Product, Category],
    map: Import.columns(Product),
    sink,
    ...options,
  })

/** Rows of good products without categories: `A-1`, `A-2`, … */
export const products = (count: number, title = "Lamp"): ReadonlyArray<ReadonlyArray<unknown>> =>
  Array.from({ length: count }, (_, at) => [`A-${at + 1}`, `${title} ${at + 1}`, "1.50", null])

export const stores = Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer)

const quiet = Logger.layer([])

/** Runs with fresh stores. */
export const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect as Effect.Effect<A, E, never>, Layer.mergeAll(stores, quiet)))

/** Runs with fresh stores and a clock that stands still until the test moves it. */
export const runWithTestClock = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect as Effect.Effect<A, E, never>, Layer.mergeAll(stores, quiet, TestClock.layer())))

/** Moves the test's clock on, second by second, until a fiber has come to its end. */
export const drive = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    for (let second = 0; second < 10_000 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

/** The lines of the sealed parts of a job whose names begin so, parsed; of whichever attempt. */
export const lines = (job: string, prefix: string) =>
  Effect.gen(function* () {
    const store = yield* SnapshotStore.SnapshotStore
    const found: Array<any> = []
    for (const { name: place } of yield* store.list(job))
      if (Snapshot.partAt(place).name.startsWith(prefix)) {
        const text = Buffer.from(yield* store.get(job, place)).toString("utf8")
        for (const line of text.split("\n")) if (line !== "") found.push(JSON.parse(line))
      }
    return found
  })
