/**
 * An import that is validated by one process and committed by another, which share nothing but the stores in the database.
 */
import { Cell, Engine, Entity, Field, Import, JobStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Option, Schema } from "effect"
import { MongoClient } from "mongodb"
import { expect, it } from "vitest"
import * as MongoJobStore from "../src/MongoJobStore.ts"
import * as MongoSnapshotStore from "../src/MongoSnapshotStore.ts"
import { useScenes } from "./support.ts"

const { database } = useScenes()

const Product = Entity.make("product", { schema: { sku: Field.text(), price: Field.decimal({ scale: 2 }) }, key: "sku" })
const definition = (sink: MemorySink.MemorySink) =>
  Import.make({
    name: "products",
    row: Schema.Struct({ sku: Cell.text(), price: Cell.decimal({ scale: 2 }) }),
    entities: [Product],
    map: Import.columns(Product),
    sink,
    allowPartial: true,
  })

// what a process has: a client and stores of its own
const inProcess = async <A, E>(
  effect: Effect.Effect<A, E, JobStore.JobStore | Layer.Success<ReturnType<typeof MongoSnapshotStore.layer>>>,
) => {
  const client = new MongoClient(database.url)
  const db = client.db(database.name)
  try {
    const stores = Layer.merge(MongoJobStore.layer({ db }), MongoSnapshotStore.layer({ db }))
    return await Effect.runPromise(Effect.provide(effect, Layer.merge(stores, Logger.layer([]))))
  } finally {
    await client.close()
  }
}

it("is previewed, committed and found with all that was kept of it", async () => {
  const sink = MemorySink.make()
  const rows = [...Array.from({ length: 12_000 }, (_, at) => [`A-${at}`, `${at}.5`]), ["bad \u0000", "cheap"]]
  const source = TestSource.make({ columns: ["sku", "price"], rows, hashed: true })
  const preview = await inProcess(Engine.validate(definition(sink), source, { startedBy: "ann" }))
  expect(preview).toMatchObject({ status: "pending", counts: { created: 12_000, rejected: 1 } })
  const done = await inProcess(Engine.commit(definition(sink), preview.id))
  expect(done).toMatchObject({ status: "partial", failure: null, counts: { created: 12_000, rejected: 1 } })
  expect(sink.tables.get("product")!.size).toBe(12_000)
  const [kept, issues, found] = await inProcess(
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      return [yield* store.get(done.id), yield* store.issues(done.id), yield* store.find({ startedBy: "ann" })] as const
    }),
  )
  expect(kept).toEqual(Option.some(done))
  expect(found).toEqual([done])
  expect(issues.map(({ code, ref, value }) => [code, ref, value])).toContainEqual(["cell.decimal", "test:12001", "cheap"])
  const again = await inProcess(Effect.flip(Engine.validate(definition(sink), source)))
  expect(again).toMatchObject({ reason: "AlreadyImported", job: done.id })
})
