/** What the ledger keeps of jobs goes when it is forgotten; what shuts out a late worker stays. */
import { Entity, Field } from "@waybill/core"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, errorOf, plan, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", { schema: { key: Field.text(), count: Field.integer() }, key: "key" })
const ddl = "CREATE TABLE $S.item (key text PRIMARY KEY, count int NOT NULL); INSERT INTO $S.item VALUES ('k0', 50)"

const setUp = async () => {
  const schema = await database.schema(ddl)
  const sink = PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } })
  return { schema, sink, rows: (query: string) => database.rows(query.replaceAll("$S", schema)) }
}

it("there is nothing to forget, and nothing is made, where nothing was committed", async () => {
  const { rows, sink } = await setUp()
  for (const preview of [true, false]) expect(await Effect.runPromise(sink.forget!({ jobs: ["j"], preview }))).toEqual(new Map())
  expect(await rows("SELECT to_regclass('$S.batch') AS batch")).toEqual([{ batch: null }])
})

it("a worker of a job that was forgotten is shut out, and names mean what they say", async () => {
  const { rows, schema, sink } = await setUp()
  const jobs = ["j'; DROP TABLE batch; --", "j%", "j\\"]
  for (const [at, job] of jobs.entries()) {
    const records = [
      { key: "k0", count: at },
      { key: `k${at + 1}`, count: at },
    ]
    await commit(sink, await plan(sink, [[Item, batches(Item, records, 10)]]), { job, token: 2 })
  }
  const gone = await Effect.runPromise(sink.forget!({ jobs: jobs.slice(0, 2), preview: false }))
  expect([...gone.keys()].sort()).toEqual(jobs.slice(0, 2).sort())
  expect(await rows("SELECT job FROM $S.batch")).toEqual([{ job: jobs[2] }])
  expect(await rows("SELECT count(*)::int AS jobs FROM $S.job")).toEqual([{ jobs: 3 }])
  const late = { job: jobs[0]!, token: 1, planHash: "", onConflict: "abort", entities: [Item], transaction: "batched" } as const
  expect(await errorOf(sink.commit(late))).toMatchObject({ reason: "Fenced" })
  // as an earlier release made the table
  await database.rows(`ALTER TABLE ${schema}.batch DROP COLUMN before, DROP COLUMN found`)
  expect((await Effect.runPromise(sink.forget!({ jobs, preview: true }))).get(jobs[2]!)).toBeGreaterThan(0)
})
