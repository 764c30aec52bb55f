/**
 * What a test file gets: one private database of each kind, on the servers of the whole run.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"
import { useMongo, usePostgres } from "../src/testing.ts"
import { query, withMongo } from "./observe.ts"

const names: { postgres?: string; mongo?: string } = {}

describe("a block with databases", () => {
  const postgres = usePostgres()
  const mongo = useMongo()

  beforeAll(async () => {
    if (postgres.available) await query(postgres.url, "CREATE TABLE mine (id int)")
  })

  test("has a private PostgreSQL database", async () => {
    names.postgres = postgres.name
    expect(postgres.serverUrl).toBe(inject("postgresUrl"))
    expect(await query(postgres.url, "SELECT current_database() AS name, count(*)::int FROM mine")).toEqual([
      { name: postgres.name, count: 0 },
    ])
  })

  test("has a private MongoDB database", async () => {
    names.mongo = mongo.name
    expect(mongo.serverUrl).toBe(inject("mongoUrl"))
    await withMongo(mongo.url, async (client) => {
      expect(client.db().databaseName).toBe(mongo.name)
      await client.db().collection("mine").insertOne({ id: 1 })
    })
  })
})

// runs after the block's own hooks, whatever the order of the tests
afterAll(async () => {
  const { postgres, mongo } = names
  const [postgresUrl, mongoUrl] = [inject("postgresUrl"), inject("mongoUrl")]
  if (postgresUrl !== null && postgres !== undefined)
    expect(await query(postgresUrl, `SELECT 1 FROM pg_database WHERE datname = '${postgres}'`)).toEqual([])
  if (mongoUrl !== null && mongo !== undefined)
    await withMongo(mongoUrl, async (client) => {
      const { databases } = await client.db().admin().listDatabases()
      expect(databases.map(({ name }) => name)).not.toContain(mongo)
    })
})
