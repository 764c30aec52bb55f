/**
 * An import that is validated by one process and committed by another, which share nothing but the stores in the database.
 */
import { Cell, Engine, Entity, Field, Import, JobStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Option, Schema } from "effect"
import pg from "pg"
import { expect, it } from "vitest"
import * as PostgresJobStore from "../src/PostgresJobStore.ts"
import * as PostgresSnapshotStore from "../src/PostgresSnapshotStore.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

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

// what a process has: a pool and stores of its own
const inProcess = async <A, E>(
  effect: Effect.Effect<A, E, JobStore.JobStore | Layer.Success<ReturnType<typeof PostgresSnapshotStore.layer>>>,
) => {
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  try {
    const stores = Layer.merge(PostgresJobStore.layer({ pool }), PostgresSnapshotStore.layer({ pool }))
    return await Effect.runPromise(Effect.provide(effect, Layer.merge(stores, Logger.layer([]))))
  } finally {
    await pool.end()
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
