/**
 * The decision store on a real server.
 */
import { inspect } from "node:util"
import { JobStore } from "@waybill/core"
import { DecisionStoreSuite, SharedStoreSuite } from "@waybill/core/testing"
import { Effect } from "effect"
import { type Collection, type Db, MongoClient, MongoNetworkError } from "mongodb"
import { afterAll, describe, expect, it } from "vitest"
import * as MongoDecisionStore from "../src/MongoDecisionStore.ts"
import { strangersOf } from "./strangers.ts"
import { useScenes } from "./support.ts"

const { client, database, sentDuring } = useScenes()
const clients: Array<MongoClient> = []
afterAll(() => Promise.all(clients.map((it) => it.close())))
const clientOf = (href: string): MongoClient => {
  const other = new MongoClient(href)
  clients.push(other)
  return other
}

const run = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<A> => Effect.runPromise(effect)
const errorOf = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<JobStore.JobStoreError> =>
  Effect.runPromise(Effect.flip(effect))
const { decision } = DecisionStoreSuite

let places = 0
const place = () => ({ db: client().db(database.name), collection: `store_decisions_${++places}` })

describe("a store in a collection that is not there yet", () => {
  for (const { check, name } of DecisionStoreSuite.laws)
    it(name, () => Effect.runPromise(Effect.provide(check, MongoDecisionStore.layer(place()))))
  for (const { check, name } of SharedStoreSuite.decisionStoreLaws)
    it(name, () => {
      const { collection } = place()
      // each store with connections of its own
      return Effect.runPromise(check(() => MongoDecisionStore.make({ db: clientOf(database.url).db(database.name), collection })))
    })
})

it("a save has happened whole if only its answer did not come", async () => {
  const { collection, db } = place()
  const dies = async () => {
    throw new MongoNetworkError("connection closed")
  }
  const deaf = Object.assign(Object.create(db) as Db, {
    collection: (...args: Parameters<Db["collection"]>) => {
      const own = db.collection(...args)
      return Object.assign(Object.create(own) as Collection, {
        insertOne: async (...of: Parameters<Collection["insertOne"]>) => own.insertOne(...of).then(dies),
        updateOne: async (...of: Parameters<Collection["updateOne"]>) => own.updateOne(...of).then(dies),
      })
    },
  })
  const store = MongoDecisionStore.make({ db, collection })
  const losing = MongoDecisionStore.make({ db: deaf, collection })
  for (const version of [0, 1]) {
    const given = decision("Lamp", { version, by: `clerk ${version}` })
    expect(await errorOf(losing.save(given))).toMatchObject({ reason: "Unreachable", isRetryable: true })
    expect(await run(store.list("products"))).toEqual([{ ...given, version: version + 1 }])
    expect(await errorOf(store.save(given))).toMatchObject({ reason: "Stale", isRetryable: false })
  }
})

it("sends one command for a save, and finds decisions by an index", async () => {
  const { collection, db } = place()
  const store = MongoDecisionStore.make({ db, collection })
  await run(store.list("products"))
  const sent = await sentDuring(async () => {
    const first = await run(store.save(decision("Lamp")))
    await run(store.save({ ...first, verdict: null }))
    await run(store.list("products"))
  })
  expect(sent.map(({ commandName }) => commandName)).toEqual(["insert", "update", "find"])
  const plan = await db.collection(collection).find({ import: "products" }).explain("queryPlanner")
  expect(JSON.stringify(plan["queryPlanner"].winningPlan)).toContain("IXSCAN")
  expect(await db.collection(collection).findOne({ key: "Lamp" })).toMatchObject({ entity: "category", by: "ann", version: 2 })
})

it("says what is wrong with the world, and no secret", async () => {
  const { gone, refused, secret } = strangersOf(database.url)
  for (const [href, reason, isRetryable] of [
    [refused, "Unknown", false],
    [gone, "Unreachable", true],
  ] as const)
    for (const call of ["list", "save"] as const) {
      // a client that could not connect at first stays closed
      const store = MongoDecisionStore.make({ db: clientOf(href).db("x") })
      const error = await (call === "list" ? errorOf(store.list("a")) : errorOf(store.save(decision("Lamp"))))
      expect(error).toBeInstanceOf(JobStore.JobStoreError)
      expect(error).toMatchObject({ reason, isRetryable })
      expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(secret)
    }
})
