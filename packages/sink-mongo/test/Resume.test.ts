import type { Sink } from "@waybill/core"
import { Effect, Exit } from "effect"
import { type Document, MongoClient } from "mongodb"
import { describe, expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { type ServerProxy, startProxy, throughProxy } from "./proxy.ts"
import { batchOf, commitWith, counts, run, type Scene, Station, standalone, stations, useScenes } from "./support.ts"

const { database, scene } = useScenes()

const batches = [
  batchOf(Station, 0, stations(100, 4)),
  batchOf(Station, 1, [...stations(0, 3, { power: 50 }), ...stations(104, 2), ...stations(3, 1)]),
  batchOf(Station, 2, stations(4, 2, { power: null })),
]
const expected = { created: 6, updated: 5, unchanged: 1, deleted: 0, conflict: 0, failed: 0 }

/** How many of the batches a collection shows as applied, part by part; a batch that is neither there nor not is an error. */
const appliedParts = (documents: ReadonlyArray<Document>): ReadonlyArray<boolean> => {
  const power = new Map(documents.map((it) => [it["code"], it["power"]]))
  return [
    ["S100", "S101", "S102", "S103"].map((code) => power.has(code)),
    [...["S0", "S1", "S2"].map((code) => power.get(code) === 50), power.has("S104"), power.has("S105")],
    ["S4", "S5"].map((code) => power.get(code) === null),
  ].map((signs) => {
    expect(new Set(signs).size, "a batch is applied in part").toBe(1)
    return signs[0]!
  })
}

interface Worker {
  readonly sink: Sink.Sink
  /** How many commands it has sent. */
  readonly sent: () => number
  readonly close: () => Promise<void>
}

/** A worker behind a proxy that cuts it off at its `at`th command. */
const worker = async (s: Scene, alone: boolean, at: number, cut: (proxy: ServerProxy) => void): Promise<Worker> => {
  const server = new URL(database.serverUrl)
  const proxy = await startProxy(server.hostname, Number(server.port))
  const client = new MongoClient(throughProxy(database.url, proxy.port), { monitorCommands: true, serverSelectionTimeoutMS: 100 })
  let sent = 0
  client.on("commandStarted", () => {
    sent++
    if (sent === at) cut(proxy)
  })
  const db = client.db(s.db.databaseName)
  return {
    sink: MongoSink.make({
      db: alone ? standalone(db) : db,
      collections: { station: s.name("station") },
      bookkeeping: { jobs: s.name("jobs"), batches: s.name("batches") },
    }),
    sent: () => sent,
    close: async () => {
      await client.close()
      await proxy.close()
    },
  }
}

const prepared = async () => {
  const s = scene()
  await s.insert(stations(0, 6))
  return { s, planned: await s.plan(batches) }
}

const ways: ReadonlyArray<readonly [string, Sink.Transaction, boolean]> = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["batched without transactions", "batched", true],
]
const cuts: ReadonlyArray<readonly [string, (proxy: ServerProxy) => void]> = [
  ["before a command goes out", (proxy) => proxy.cut()],
  ["before its answer comes in", (proxy) => proxy.cutAnswers()],
]

for (const [way, transaction, alone] of ways)
  describe(`a commit that is cut off, ${way}`, () => {
    for (const [when, cut] of cuts)
      it(`${when}, whichever it is: a new session goes on, and ends with the same counts`, async () => {
        const whole = await prepared()
        const undisturbed = await worker(whole.s, alone, -1, cut)
        const all = await run(commitWith(undisturbed.sink, batches, whole.planned, { transaction }))
        const commands = undisturbed.sent()
        await undisturbed.close()
        expect(counts(all)).toEqual(expected)

        let failed = 0
        const oneCase = async (at: number) => {
          const { planned, s } = await prepared()
          const first = await worker(s, alone, at, cut)
          const exit = await Effect.runPromise(Effect.exit(commitWith(first.sink, batches, planned, { transaction })))
          await first.close()
          const done = alone ? [] : appliedParts(await s.documents())
          if (transaction === "atomic") expect(new Set(done).size, "an atomic commit is applied in part").toBe(1)
          if (Exit.isFailure(exit)) failed++
          else expect(done.every((it) => it)).toBe(true)
          const second = await run(
            commitWith(
              alone
                ? MongoSink.make({
                    db: standalone(s.db),
                    collections: { station: s.name("station") },
                    bookkeeping: { jobs: s.name("jobs"), batches: s.name("batches") },
                  })
                : s.sink,
              batches,
              planned,
              {
                transaction,
                token: 2,
              },
            ),
          )
          if (!alone) expect(second.checkpoint).toEqual(done.flatMap((it, part) => (it ? [`station/${part}`] : [])))
          expect(counts(second), `cut at command ${at}`).toEqual(expected)
          expect(second.mismatches).toEqual([])
          expect(appliedParts(await s.documents())).toEqual([true, true, true])
          expect((await s.documents()).length).toBe(12)
        }
        // waiting for connections that do not come is most of the time: a few cases at once
        const cases = Array.from({ length: commands }, (_, at) => at + 1)
        await Promise.all(
          [0, 1, 2, 3].map(async (lane) => {
            for (const at of cases.filter((it) => it % 4 === lane)) await oneCase(at)
          }),
        )
        // the last commands only say goodbye
        expect(failed).toBeGreaterThan(commands - 5)
      })
  })
