/**
 * The part on durability: commits with checkpoints and before-images, and the same commits without, creating and updating, on both databases.
 * Each is done several times, in turns, and the median counts.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createMongoDatabase, createPostgresDatabase } from "@waybill-internal/databases"
import { MongoClient } from "mongodb"
import pg from "pg"
import { createCatalogTable } from "./catalogColumns.ts"
import { catalogFile } from "./catalogFile.ts"
import { invalidRows } from "./catalogRows.ts"
import type { Measured } from "./contender.ts"
import { type Bench, describe, expectEqual, type Part } from "./part.ts"
import { collector } from "./result.ts"
import { createStationCollection, stationCollection } from "./stationDocument.ts"
import { stationFile } from "./stationRows.ts"

const largest = 200_000
const turns = 3

/** One way to commit: as it is, or without what makes it durable. */
type Way = "durable" | "bare"

/** A database with what is to be committed into it. */
interface Ground {
  readonly name: "postgres" | "mongo"
  readonly contenders: "catalog" | "stations"
  readonly records: number
  readonly url: string
  readonly file: string
  /** Nothing is there. */
  readonly empty: () => Promise<void>
  /** All records are there, each with another value in one field. */
  readonly change: () => Promise<void>
}

const median = (measured: ReadonlyArray<Measured>): Measured =>
  [...measured].sort((a, b) => a.seconds - b.seconds)[Math.floor(measured.length / 2)]!

const measure = async (bench: Bench, ground: Ground): Promise<ReadonlyMap<string, Measured>> => {
  const { contenders, file, name, records, url } = ground
  const taken = new Map<string, Array<Measured>>()
  for (let turn = 0; turn < turns; turn++)
    // who is first has the better or the worse of it: they take turns
    for (const action of ["create", "update"] as const)
      for (const way of turn % 2 === 0 ? (["durable", "bare"] as const) : (["bare", "durable"] as const)) {
        await (action === "create" ? ground.empty() : ground.change())
        const folder = join(bench.folder, `durability-${name}`)
        const label = `${name}-${action}-${way}`
        const validated = await bench.launch(`${contenders}-validate`, { url, file, folder }, `${label}-validate`)
        const commit = way === "bare" ? `${contenders}-bare-commit` : `${contenders}-commit`
        const measured = await bench.launch(commit, { url, file, folder, job: validated.job! }, label)
        expectEqual(`${label}: records`, measured.counts?.[`${action}d`], records)
        bench.log(`${label}: ${measured.seconds.toFixed(2)} s`)
        taken.set(label, [...(taken.get(label) ?? []), measured])
      }
  return new Map([...taken].map(([label, all]) => [label, median(all)]))
}

const onPostgres = async (bench: Bench, rows: number): Promise<ReadonlyMap<string, Measured>> => {
  const server = await bench.postgres()
  try {
    const database = await createPostgresDatabase(server)
    const client = new pg.Client({ connectionString: database.url })
    try {
      await client.connect()
      const run = async (statements: ReadonlyArray<string>): Promise<void> => {
        for (const statement of [...statements, "CHECKPOINT"]) await client.query(statement)
      }
      return await measure(bench, {
        name: "postgres",
        contenders: "catalog",
        records: rows - invalidRows(rows),
        url: database.url,
        file: await catalogFile(rows),
        empty: () => run(createCatalogTable("product", "type")),
        change: () => run(["UPDATE product SET stock = stock + 1", "VACUUM (FULL, ANALYZE) product"]),
      })
    } finally {
      await client.end()
      await database.drop()
    }
  } finally {
    await server.stop()
  }
}

const onMongo = async (bench: Bench, rows: number): Promise<ReadonlyMap<string, Measured>> => {
  const server = await bench.mongo()
  try {
    const made = await createMongoDatabase(server)
    const client = await MongoClient.connect(made.url)
    try {
      const db = client.db()
      const settle = () => db.admin().command({ fsync: 1 })
      return await measure(bench, {
        name: "mongo",
        contenders: "stations",
        records: rows,
        url: made.url,
        file: await stationFile(rows),
        empty: async () => {
          await createStationCollection(db)
          await settle()
        },
        change: async () => {
          await db.collection(stationCollection).updateMany({}, { $inc: { maxPowerKw: 1 } })
          await settle()
        },
      })
    } finally {
      await client.close()
      await made.drop()
    }
  } finally {
    await server.stop()
  }
}

const seconds = (found: ReadonlyMap<string, Measured>, of: (label: string) => boolean): number =>
  [...found].filter(([label]) => of(label)).reduce((sum, [, measured]) => sum + measured.seconds, 0)

/** How much longer the durable ones took, as a share of the others: 0.1 is a tenth longer. */
export const overhead = (found: ReadonlyMap<string, Measured>, name = ""): number => {
  const ending = (way: Way) => (label: string) => label.startsWith(name) && label.endsWith(way)
  return Number((seconds(found, ending("durable")) / seconds(found, ending("bare")) - 1).toFixed(3))
}

/** The part. */
export const durabilityPart: Part = {
  name: "durability",
  description: "what checkpoints and before-images cost a commit",
  usual: false,
  run: async (bench) => {
    const rows = Math.min(bench.rows, largest)
    const found = new Map([...(await onPostgres(bench, rows)), ...(await onMongo(bench, Math.max(1, Math.round(rows / 4))))])
    const { add, results } = collector("durability", null)
    for (const [label, measured] of found) bench.log(describe(add(label, measured, null)))
    const report = {
      rows,
      results: results.map((it) => ({ name: it.name, seconds: it.seconds })),
      overhead: overhead(found),
      overheads: Object.fromEntries(
        ["postgres-create", "postgres-update", "mongo-create", "mongo-update"].map((name) => [name, overhead(found, name)]),
      ),
    }
    const folder = fileURLToPath(new URL("../results/", import.meta.url))
    await mkdir(folder, { recursive: true })
    await writeFile(
      join(folder, rows === largest ? "durability.json" : `durability-${rows}.json.tmp`),
      `${JSON.stringify(report, null, 2)}\n`,
    )
    bench.log(`overhead of durability: ${(report.overhead * 100).toFixed(1)} % (${JSON.stringify(report.overheads)})`)
    return results
  },
}
