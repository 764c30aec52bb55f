/**
 * The job store on a real server.
 */
import { inspect } from "node:util"
import { Issue, JobStore } from "@waybill/core"
import { JobStoreSuite, SharedStoreSuite } from "@waybill/core/testing"
import { Effect, Option } from "effect"
import { type Collection, type Db, MongoClient, MongoNetworkError } from "mongodb"
import { afterAll, describe, expect, it } from "vitest"
import * as MongoJobStore from "../src/MongoJobStore.ts"
import { strangersOf } from "./strangers.ts"
import { useScenes } from "./support.ts"

const { client, database } = useScenes()
const clients: Array<MongoClient> = []
afterAll(() => Promise.all(clients.map((it) => it.close())))

const run = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<A> => Effect.runPromise(effect)
const reasonOf = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<string> =>
  run(Effect.map(Effect.result(effect), (it) => (it._tag === "Failure" ? it.failure.reason : "none")))
const issues = (count: number, code = "cell.date") =>
  Array.from({ length: count }, (_, at) => Issue.make({ code, message: `no date, ${at}` }))

let places = 0

/** An empty place: a database handle, and a way to open stores by this handle or one that is tampered with. */
const place = () => {
  const db = client().db(database.name)
  const collections = { jobs: `store_jobs_${++places}`, issues: `store_issues_${places}` }
  return {
    db,
    collections,
    open: (through: Db = db) => MongoJobStore.make({ db: through, collections }),
    issueCount: () => db.collection(collections.issues).countDocuments(),
  }
}

/** The database by way of which one method of a collection does something else. */
const tampered = (db: Db, name: string, methods: (collection: Collection) => Partial<Collection>): Db =>
  Object.assign(Object.create(db) as Db, {
    collection: (...args: Parameters<Db["collection"]>) => {
      const collection = db.collection(...args)
      return args[0] === name ? Object.assign(Object.create(collection) as Collection, methods(collection)) : collection
    },
  })

describe("a store in collections that are not there yet", () => {
  for (const { check, name } of JobStoreSuite.laws)
    it(name, () => Effect.runPromise(Effect.provide(check, MongoJobStore.layer(place()))))
  for (const { check, name } of SharedStoreSuite.jobStoreLaws) it(name, () => Effect.runPromise(check(place().open)))
})

describe("a process that dies in a save", () => {
  const dies = async () => {
    throw new MongoNetworkError("connection closed")
  }

  it("leaves nothing if it had not come to the job, and what it wrote is removed by the next save", async () => {
    for (const count of [0, 2]) {
      const { collections, db, issueCount, open } = place()
      const store = open()
      await run(store.create(JobStoreSuite.job("a")))
      const job = await run(store.save(JobStoreSuite.job("a"), issues(3)))
      const dying = open(tampered(db, collections.jobs, () => ({ findOneAndUpdate: dies as never })))
      expect(await reasonOf(dying.save({ ...job, status: "failed" }, issues(5, "lost")))).toBe("Unreachable")
      expect(await issueCount()).toBe(8)
      expect(await run(store.get("a"))).toEqual(Option.some(job))
      expect(await run(store.issues("a"))).toEqual(issues(3))
      const next = await run(store.save(job, issues(count)))
      expect(await run(store.issues("a"))).toEqual([...issues(3), ...issues(count)])
      expect(await issueCount()).toBe(3 + count)
      await run(store.save(next, issues(1)))
      expect(await run(store.issues("a", { offset: 3 }))).toEqual([...issues(count), ...issues(1)])
    }
  })

  it("has saved if only the answer did not come", async () => {
    const { collections, db, open } = place()
    const store = open()
    await run(store.create(JobStoreSuite.job("a")))
    const deaf = tampered(db, collections.jobs, (collection) => ({
      findOneAndUpdate: (async (...args: Parameters<Collection["findOneAndUpdate"]>) => {
        await collection.findOneAndUpdate(...args)
        return dies()
      }) as never,
    }))
    expect(await reasonOf(open(deaf).save(JobStoreSuite.job("a"), issues(5)))).toBe("Unreachable")
    expect(await run(store.get("a"))).toEqual(Option.some(JobStoreSuite.job("a", { version: 1 })))
    expect(await run(store.issues("a"))).toEqual(issues(5))
    expect(await reasonOf(store.save(JobStoreSuite.job("a")))).toBe("Stale")
    await run(store.save(JobStoreSuite.job("a", { version: 1 }), issues(1)))
    expect(await run(store.issues("a"))).toEqual([...issues(5), ...issues(1)])
  })
})

it("who comes too late with issues leaves none of them", async () => {
  const { collections, db, issueCount, open } = place()
  const store = open()
  await run(store.create(JobStoreSuite.job("a")))
  const late = tampered(db, collections.jobs, (collection) => ({
    findOneAndUpdate: (async (...args: Parameters<Collection["findOneAndUpdate"]>) => {
      await run(store.save(JobStoreSuite.job("a"), issues(2)))
      return collection.findOneAndUpdate(...args)
    }) as never,
  }))
  expect(await reasonOf(open(late).save(JobStoreSuite.job("a"), issues(9, "late")))).toBe("Stale")
  expect(await run(store.issues("a"))).toEqual(issues(2))
  expect(await issueCount()).toBe(2)
})

it("finds jobs by its indexes", async () => {
  const { collections, db, open } = place()
  await run(open().create(JobStoreSuite.job("a")))
  for (const filter of [
    { import: "a" },
    { startedBy: "a" },
    { sourceSha256: "a" },
    { status: { $in: ["failed"] } },
    { createdAt: { $gte: "2" } },
  ]) {
    const plan = await db.collection(collections.jobs).find(filter).sort({ createdAt: -1, _id: -1 }).explain("queryPlanner")
    expect(JSON.stringify(plan["queryPlanner"].winningPlan)).toContain("IXSCAN")
  }
})

it("says what is wrong with the world, and no secret", async () => {
  const { gone, refused, secret } = strangersOf(database.url)
  for (const [href, reason, isRetryable] of [
    [refused, "Unknown", false],
    [gone, "Unreachable", true],
  ] as const) {
    const calls: ReadonlyArray<(store: JobStore.JobStore["Service"]) => Effect.Effect<unknown, JobStore.JobStoreError>> = [
      (store) => store.create(JobStoreSuite.job("a")),
      (store) => store.get("a"),
      (store) => store.save(JobStoreSuite.job("a")),
      (store) => store.find({}),
      (store) => store.issues("a"),
    ]
    for (const call of calls) {
      // a client that could not connect at first stays closed
      const other = new MongoClient(href)
      clients.push(other)
      const error = await Effect.runPromise(Effect.flip(call(MongoJobStore.make({ db: other.db("x") }))))
      expect(error).toBeInstanceOf(JobStore.JobStoreError)
      expect(error).toMatchObject({ reason, isRetryable })
      expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(secret)
    }
  }
})
