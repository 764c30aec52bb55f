/**
 * A candidate is decided about by one process and applied by another, which share nothing but the database: with the nearest keys of the
 * target, in one database with the jobs.
 */
import { Candidates, Cell, Engine, Entity, Field, Import, type JobStore, type SnapshotStore } from "@waybill/core"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Schema } from "effect"
import { MongoClient } from "mongodb"
import { expect, it } from "vitest"
import { MongoDecisionStore, MongoJobStore, MongoSink, MongoSnapshotStore } from "../src/index.ts"
import { useScenes } from "./support.ts"

const { client, database } = useScenes()
const collection = (name: string) => client().db(database.name).collection(name)

const Category = Entity.make("category", { schema: { slug: Field.text(), title: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: { sku: Field.text(), category: Field.text() },
  key: "sku",
  references: { category: Category },
})

// what a process has: a client, stores, and the definition over a sink of its own
const inProcess = async <A, E>(
  work: (products: Import.Import) => Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>,
): Promise<A> => {
  const own = new MongoClient(database.url)
  const db = own.db(database.name)
  const products = Import.make({
    name: "products",
    row: Schema.Struct({ sku: Cell.text(), category: Cell.text() }),
    entities: [Product, Category],
    map: Import.columns(Product),
    sink: MongoSink.make({ db }),
    allowPartial: true,
  })
  const layer = Layer.mergeAll(
    MongoJobStore.layer({ db }),
    MongoSnapshotStore.layer({ db }),
    MongoDecisionStore.layer({ db }),
    Logger.layer([]),
  )
  try {
    return await Effect.runPromise(Effect.provide(work(products), layer))
  } finally {
    await own.close()
  }
}

const source = (...rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
  TestSource.make({ columns: ["sku", "category"], rows, hashed: true })

it("is read as the key that was meant, in this file and in the next", async () => {
  const shelves = Array.from({ length: 500 }, (_, at) => ({ slug: `shelf ${at}`, title: "Shelf" }))
  const others = ["lamps", "LAMP", "desks"].map((slug) => ({ slug, title: slug }))
  await collection("category").insertMany([...shelves, ...others])
  const first = source(["A-1", "Lampps"], ["A-2", "desks"], ["A-3", "Lampps"])
  const open = await inProcess((products) => Engine.validate(products, first))
  expect(open.counts).toMatchObject({ imported: 1, rejected: 2 })
  const listed = await inProcess((products) => Candidates.list(products, open.id))
  expect(listed).toMatchObject([{ key: "Lampps", rows: 2, standing: "open", nearest: ["lamps", "LAMP"], remembered: null }])

  const question = { entity: "category", key: "Lampps", by: "ann", verdict: "map" } as const
  const wrong = await inProcess((products) => Effect.flip(Candidates.decide(products, open.id, { ...question, as: "lights" })))
  expect(wrong).toMatchObject({ reason: "WrongDecision" })
  // two clerks at once: one is told
  const answers = await Promise.all(
    ["lamps", "LAMP"].map((as) =>
      inProcess((products) => Effect.result(Candidates.decide(products, open.id, { ...question, as, version: 0 }))),
    ),
  )
  expect(answers.map(({ _tag }) => _tag).sort()).toEqual(["Failure", "Success"])
  expect(answers.find((it) => it._tag === "Failure")!.failure).toMatchObject({ reason: "Stale" })
  await inProcess((products) => Candidates.decide(products, open.id, { ...question, as: "lamps" }))

  const job = await inProcess((products) => Engine.validate(products, first))
  expect(job.counts).toMatchObject({ imported: 3, rejected: 0, normalizations: { alias: 2 } })
  expect(await inProcess((products) => Candidates.list(products, job.id))).toMatchObject([
    { key: "Lampps", standing: "mapped", remembered: { as: "lamps", by: "ann", version: 2 } },
  ])
  expect(await inProcess((products) => Engine.commit(products, job.id))).toMatchObject({ status: "success" })
  const next = await inProcess((products) => Engine.run(products, source(["A-4", "Lampps"])))
  expect(next).toMatchObject({ status: "success" })
  const found = await collection("product")
    .find({}, { projection: { _id: 0 }, sort: { sku: 1 } })
    .toArray()
  expect(found).toEqual([
    { sku: "A-1", category: "lamps" },
    { sku: "A-2", category: "desks" },
    { sku: "A-3", category: "lamps" },
    { sku: "A-4", category: "lamps" },
  ])
})
