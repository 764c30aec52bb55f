/**
 * The part on MongoDB: stations into one collection, by bare inserts, by upserts, and by Waybill.
 *
 * @module
 */
import { join } from "node:path"
import { createMongoDatabase } from "@waybill-internal/databases"
import { type Db, MongoClient } from "mongodb"
import type { Measured, Task } from "./contender.ts"
import { type Bench, describe, expectEqual, type Part, phases } from "./part.ts"
import { collector } from "./result.ts"
import { createStationCollection, stationCollection } from "./stationDocument.ts"
import { stationFile } from "./stationRows.ts"

interface Run {
  readonly contender: string
  /** Whether the collection is made anew before the clock starts. */
  readonly fresh: boolean
  readonly expected: number
  readonly task?: Partial<Task>
}

const compare = async (bench: Bench, database: Db, url: string) => {
  const stations = Math.max(1, Math.round(bench.rows / 10))
  const file = await stationFile(stations)
  const { add, results } = collector("mongo", "mongo-insert")

  const run = async (name: string, { contender, expected, fresh, task }: Run): Promise<Measured> => {
    if (fresh) await createStationCollection(database)
    // everything on disk, so that all start alike
    await database.admin().command({ fsync: 1 })
    const measured = await bench.launch(contender, { url, file, folder: bench.folder, ...task }, name)
    bench.log(describe(add(name, measured, null)))
    expectEqual(`${name}: documents`, await database.collection(stationCollection).countDocuments(), expected)
    return measured
  }

  await run("mongo-insert", { contender: "mongo-insert", fresh: true, expected: stations })
  await run("mongo-upsert", { contender: "mongo-upsert", fresh: true, expected: stations })
  await run("mongo-upsert-again", { contender: "mongo-upsert", fresh: false, expected: stations })

  const task = (job?: string): Partial<Task> => ({ folder: join(bench.folder, "mongo"), ...(job === undefined ? {} : { job }) })
  await phases("waybill-mongo", "stations", "created", stations, (name, contender, start, job) => {
    const expected = contender === "stations-validate" ? 0 : stations
    return run(name, { contender, fresh: start === "anew", expected, task: task(job) })
  })
  await phases("waybill-mongo-unchanged", "stations", "unchanged", stations, (name, contender, _, job) =>
    run(name, { contender, fresh: false, expected: stations, task: task(job) }),
  )
  return results
}

/** The part. */
export const mongoPart: Part = {
  name: "mongo",
  description: "stations, one for every ten rows, into MongoDB: mongo-insert, mongo-upsert, waybill-mongo",
  usual: true,
  run: async (bench) => {
    const server = await bench.mongo()
    bench.note("mongo", server.version)
    try {
      const made = await createMongoDatabase(server)
      const client = await MongoClient.connect(made.url)
      try {
        return await compare(bench, client.db(), made.url)
      } finally {
        await client.close()
        await made.drop()
      }
    } finally {
      await server.stop()
    }
  },
}
