// All contenders once, over a small input: each part checks by itself that they did what they say.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { useMongo, usePostgres } from "@waybill-internal/databases/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Launch } from "../src/launch.ts"
import { measure } from "../src/measure.ts"
import { mongoPart } from "../src/mongoPart.ts"
import type { Bench, Part } from "../src/part.ts"
import { postgresPart } from "../src/postgresPart.ts"
import { stagesPart } from "../src/stagesPart.ts"

// in this process: the sources need no build then
const launch: Launch = (name, task) => measure(name, task)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-bench-test-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = (part: Part, serverUrl: string) => {
  const server = async () => ({ url: serverUrl, version: "", description: "", stop: async () => {} })
  const bench: Bench = { rows: 6_000, launch, folder, log: () => {}, note: () => {}, postgres: server, mongo: server }
  return part.run(bench)
}

describe("postgres", () => {
  const database = usePostgres()
  it("measures all its contenders", { timeout: 120_000 }, async () => {
    const results = await run(postgresPart, database.serverUrl)
    expect(results.map(({ name }) => name)).toEqual([
      "copy",
      "script",
      "script-again",
      "waybill-fresh",
      "waybill-fresh-validate",
      "waybill-fresh-commit",
      "waybill-unchanged",
      "waybill-unchanged-validate",
      "waybill-unchanged-commit",
    ])
    for (const result of results) {
      expect(result.rows).toBeGreaterThan(0)
      expect(result.walBytes).toBeGreaterThanOrEqual(0)
      expect(result.ratioToCopy).toBeGreaterThan(0)
    }
  })
})

it("stages are timed each by itself", async () => {
  const results = await run(stagesPart, "")
  expect(results.map(({ name }) => name)).toEqual([
    "identify",
    "scan",
    "decode",
    "lines",
    "keys",
    "reader (decode, lines, keys and the rest)",
    "hash",
    "copy-text",
    "parse",
  ])
  for (const result of results) expect(result).toMatchObject({ rows: 6_000, limit: null, ratioToCopy: null })
})

describe("mongo", () => {
  const database = useMongo()
  it("measures all its contenders", { timeout: 120_000 }, async () => {
    const results = await run(mongoPart, database.serverUrl)
    expect(results.map(({ name }) => name)).toEqual([
      "mongo-insert",
      "mongo-upsert",
      "mongo-upsert-again",
      "waybill-mongo",
      "waybill-mongo-validate",
      "waybill-mongo-commit",
      "waybill-mongo-unchanged",
      "waybill-mongo-unchanged-validate",
      "waybill-mongo-unchanged-commit",
    ])
    for (const result of results) {
      expect(result.rows).toBe(600)
      expect(result.walBytes).toBeNull()
    }
  })
})
