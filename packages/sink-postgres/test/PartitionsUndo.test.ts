/** A run of partitions over tables is taken back as a whole, also where that broke off half-way. */
import { Cell, Engine, Entity, Field, Import, JobStore, Partitions, type Sink } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Option, References, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const Country = Entity.make("country", {
  schema: { code: Field.text(), name: Field.text() },
  key: "code",
  create: (code) => ({ code, name: code }),
})
const Station = Entity.make("station", {
  schema: { id: Field.text(), name: Field.text(), country: Field.text() },
  key: "id",
  references: { country: Country },
})

const scene = async () => {
  const schema = await database.schema(`
    CREATE TABLE $S.country (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE NOT NULL, name text NOT NULL);
    CREATE TABLE $S.station (id text PRIMARY KEY, name text NOT NULL, country_id int NOT NULL REFERENCES $S.country);
    INSERT INTO $S.country (code, name) VALUES ('PT', 'Portugal');
    INSERT INTO $S.station VALUES ('PT-1', 'Before', 1), ('PT-9', 'Other', 1)`)
  const sink = PostgresSink.make({
    pool: database.pool,
    schema,
    tables: {
      country: PostgresSink.table(`${schema}.country`),
      station: PostgresSink.table(`${schema}.station`, { columns: { country: PostgresSink.reference("country_id") } }),
    },
  })
  const rows = async () => [
    ...(await database.rows(`SELECT s::text FROM ${schema}.station s ORDER BY id`)),
    ...(await database.rows(`SELECT c::text FROM ${schema}.country c ORDER BY code`)),
  ]
  return { schema, sink, rows }
}

const columns = ["id", "name", "country"]

const stations = (sink: Sink.Sink, transaction: "atomic" | "batched") =>
  Import.make({
    name: "stations",
    row: Schema.Struct({ id: Cell.text(), name: Cell.text(), country: Cell.text() }),
    entities: [Station, Country],
    map: Import.columns(Station),
    mode: "smart",
    transaction,
    limits: { batch: 2 },
    sink,
  })

const byCountry = {
  kind: "test",
  name: "stations by country",
  details: {},
  partitions: Effect.succeed(
    ["PT", "ES", "FR"].map((name) => ({
      name,
      source: TestSource.make({ columns, rows: [1, 2, 3].map((at) => [`${name}-${at}`, `Station ${at}`, name]), place: name }),
    })),
  ),
}

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  )

describe.each(["atomic", "batched"] as const)("an undo of a run of partitions (%s)", (transaction) => {
  it("that breaks off in the second partition is gone on with, and ends with the tables as they were", async () => {
    const { rows, sink } = await scene()
    const before = await rows()
    await run(
      Effect.gen(function* () {
        let batches = 0
        // the process ends at the second batch of the second partition
        const breaking: Sink.Sink = {
          ...sink,
          undo: (context) =>
            Effect.map(sink.undo!(context), (session) => ({
              ...session,
              revert: (batch, planned) =>
                !context.preview && ++batches === 5 ? Effect.die("the process ends") : session.revert(batch, planned),
            })),
        }
        const d = stations(breaking, transaction)
        const parent = yield* Partitions.run(d, byCountry)
        expect(parent).toMatchObject({ status: "success", counts: { created: 10, updated: 1 } })
        const preview = yield* Partitions.previewUndo(d, parent.id)
        expect(preview).toMatchObject({ reversed: 11, kept: 0, errored: 0 })
        expect(preview.partitions?.map(({ partition, reversed }) => [partition, reversed])).toEqual([
          ["FR", 4],
          ["ES", 4],
          ["PT", 3],
        ])
        expect((yield* Effect.exit(Engine.undo(d, parent.id)))._tag).toBe("Failure")
        const store = yield* JobStore.JobStore
        const stateOf = (id: string) => Effect.map(store.get(id), (job) => Option.getOrThrow(job).status)
        expect(yield* Effect.forEach([3, 2, 1], (at) => stateOf(`${parent.id}-${at}`))).toEqual(["undone", "success", "success"])
        const undo = yield* Engine.undo(d, parent.id)
        expect(undo).toMatchObject({
          id: `${parent.id}-undo`,
          status: "success",
          token: 2,
          undo: { reversed: 11, kept: 0, errored: 0 },
        })
        expect(yield* stateOf(parent.id)).toBe("undone")
      }),
    )
    expect(await rows()).toEqual(before)
  })
})
