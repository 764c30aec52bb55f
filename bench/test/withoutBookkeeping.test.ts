// The commits that durability is measured against do the same to the target, and keep nothing.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { useMongo, usePostgres } from "@waybill-internal/databases/testing"
import { type Db, MongoClient } from "mongodb"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createCatalogTable } from "../src/catalogColumns.ts"
import { catalogFile } from "../src/catalogFile.ts"
import { measure } from "../src/measure.ts"
import { createStationCollection, stationCollection } from "../src/stationDocument.ts"
import { stationFile } from "../src/stationRows.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-bare-test-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const commit = async (kind: "catalog" | "stations", url: string, file: string, way: "bare-commit" | "commit") => {
  const { job } = await measure(`${kind}-validate`, { url, file, folder })
  return measure(`${kind}-${way}`, { url, file, folder, job: job! })
}

describe("postgres", () => {
  const database = usePostgres()
  it("keeps neither checkpoints nor before-images", { timeout: 60_000 }, async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      const kept = async () =>
        (await client.query("SELECT count(before)::int AS before, count(*)::int AS rows FROM waybill.batch")).rows[0]
      const file = await catalogFile(6_000)
      for (const statement of createCatalogTable("product", "type")) await client.query(statement)
      expect((await commit("catalog", database.url, file, "bare-commit")).counts).toMatchObject({ created: 5_999 })
      await client.query("UPDATE product SET stock = stock + 1")
      expect((await commit("catalog", database.url, file, "bare-commit")).counts).toMatchObject({ updated: 5_999 })
      expect(await kept()).toEqual({ before: 0, rows: 0 })
      await client.query("UPDATE product SET stock = stock + 1")
      expect((await commit("catalog", database.url, file, "commit")).counts).toMatchObject({ updated: 5_999 })
      expect(await kept()).toEqual({ before: 2, rows: 2 })
    } finally {
      await client.end()
    }
  })
})

describe("mongo", () => {
  const database = useMongo()
  it("keeps neither checkpoints nor before-images", { timeout: 60_000 }, async () => {
    const client = await MongoClient.connect(database.url)
    try {
      const db = client.db()
      const kept = async (of: Db) => {
        const own = (await of.listCollections().toArray())
          .map(({ name }) => name)
          .filter((name) => /^waybill_(?!jobs)/.test(name))
        const counts = await Promise.all(own.map((name) => of.collection(name).countDocuments()))
        return counts.reduce((sum, count) => sum + count, 0)
      }
      const change = () => db.collection(stationCollection).updateMany({}, { $inc: { maxPowerKw: 1 } })
      const file = await stationFile(600)
      await createStationCollection(db)
      expect((await commit("stations", database.url, file, "bare-commit")).counts).toMatchObject({ created: 600 })
      await change()
      expect((await commit("stations", database.url, file, "bare-commit")).counts).toMatchObject({ updated: 600 })
      expect(await kept(db)).toBe(0)
      await change()
      expect((await commit("stations", database.url, file, "commit")).counts).toMatchObject({ updated: 600 })
      expect(await kept(db)).toBeGreaterThan(1)
    } finally {
      await client.close()
    }
  })
})
