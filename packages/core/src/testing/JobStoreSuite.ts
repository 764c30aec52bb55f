/**
 * The laws of a job store, all in one file because they are the contract, to be read as a whole. A store's test runs each against a store of its own with nothing in it:
 *
 * `for (const { check, name } of JobStoreSuite.laws) test(name, () => Effect.runPromise(Effect.provide(check, layer)))`
 *
 * @module
 */
import * as assert from "node:assert/strict"
import { Effect, Option } from "effect"
import * as Issue from "../Issue.ts"
import type { Job } from "../Job.ts"
import { JobStore, type JobStoreError, type Query } from "../JobStore.ts"
import * as Summary from "../Summary.ts"
import type { Law } from "./Law.ts"

/** A job for tests; what is given takes the place of the rest. */
export const job = (id: string, changes: Partial<Job> = {}): Job => ({
  id,
  import: "products",
  revision: 1,
  definition: "d".repeat(64),
  status: "validating",
  mode: "strict",
  startedBy: "ann",
  createdAt: "2024-02-29T10:30:00.000Z",
  updatedAt: "2024-02-29T10:30:00.000Z",
  source: { kind: "csv", name: "prices.csv", sha256: "a".repeat(64), bytes: 100, details: {} },
  target: "memory",
  attempt: 1,
  cursor: null,
  bookmark: null,
  snapshot: null,
  plan: null,
  transaction: null,
  counts: Summary.empty,
  timings: {},
  failure: null,
  earlier: null,
  token: 0,
  lease: null,
  request: null,
  purged: null,
  undo: null,
  parent: null,
  partition: null,
  partitions: null,
  version: 0,
  ...changes,
})

const issues = (count: number, from = 0): ReadonlyArray<Issue.Issue> =>
  Array.from({ length: count }, (_, at) =>
    Issue.make({ code: "cell.integer", ref: `a:${from + at}`, message: "expected a number" }),
  )

const law = (name: string, check: (store: JobStore["Service"]) => Effect.Effect<void, JobStoreError>): Law<JobStore> => ({
  name,
  check: Effect.flatMap(JobStore, check),
})

const reason = (effect: Effect.Effect<unknown, JobStoreError>): Effect.Effect<string, unknown> =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

/** The laws. */
export const laws: ReadonlyArray<Law<JobStore>> = [
  law("a job that was created is there as it was given, and another one is not", (store) =>
    Effect.gen(function* () {
      // names and values that a database may take for something else
      const details = { $set: { "a.b": [1, null, 0.5, "é"] }, "": "", constructor: "'; drop table jobs; --" }
      const given = job("j1", {
        startedBy: "o'neil <$ne>",
        source: { kind: "api", name: "ocm", sha256: null, bytes: null, details },
        cursor: { page: [3, { after: "x" }] },
        failure: { code: "limit.rows", message: "more than 3", retryable: false },
        counts: { ...Summary.empty, processed: 7, issuesByCode: { "cell.integer": 2, "a.$b": 1 } },
        timings: { read: 0.5 },
      })
      yield* store.create(given)
      assert.deepEqual(yield* store.get("j1"), Option.some(given))
      assert.deepEqual(yield* store.get("j2"), Option.none())
      assert.deepEqual(yield* store.issues("j1"), [])
    }),
  ),
  law("an id is taken once: the second create is refused, and the first job stays", (store) =>
    Effect.gen(function* () {
      yield* store.create(job("j1", { startedBy: "first" }))
      assert.equal(yield* Effect.orDie(reason(store.create(job("j1", { startedBy: "second" })))), "AlreadyExists")
      const saved = yield* store.save(job("j1", { startedBy: "third" }))
      assert.equal(yield* Effect.orDie(reason(store.create(job("j1")))), "AlreadyExists")
      assert.deepEqual(yield* store.get("j1"), Option.some(saved))
    }),
  ),
  law("of many who create a job of one id at once, one succeeds", (store) =>
    Effect.gen(function* () {
      const results = yield* Effect.all(
        Array.from({ length: 8 }, (_, at) => Effect.result(store.create(job("j1", { startedBy: `worker ${at}` })))),
        { concurrency: "unbounded" },
      )
      assert.equal(results.filter((it) => it._tag === "Success").length, 1)
      const winner = results.findIndex((it) => it._tag === "Success")
      assert.equal(Option.getOrThrow(yield* store.get("j1")).startedBy, `worker ${winner}`)
    }),
  ),
  law("a save gives the job the next version, and keeps what it was given", (store) =>
    Effect.gen(function* () {
      const first = job("j1")
      yield* store.create(first)
      const second = yield* store.save({ ...first, status: "pending", plan: "p".repeat(64) })
      assert.deepEqual(second, { ...first, status: "pending", plan: "p".repeat(64), version: 1 })
      const third = yield* store.save({ ...second, status: "running" })
      assert.equal(third.version, 2)
      assert.deepEqual(yield* store.get("j1"), Option.some(third))
    }),
  ),
  law("who saves what somebody else has saved since is told so, and neither job nor issues change", (store) =>
    Effect.gen(function* () {
      const read = job("j1")
      yield* store.create(read)
      const saved = yield* store.save({ ...read, startedBy: "first" }, issues(1))
      assert.equal(yield* Effect.orDie(reason(store.save({ ...read, startedBy: "second" }, issues(2, 5)))), "Stale")
      // a version that is not there yet is no better
      assert.equal(yield* Effect.orDie(reason(store.save({ ...read, version: 7 }))), "Stale")
      assert.deepEqual(yield* store.get("j1"), Option.some(saved))
      assert.deepEqual(yield* store.issues("j1"), issues(1))
    }),
  ),
  law("of many who save the same version at once, one succeeds, with its issues", (store) =>
    Effect.gen(function* () {
      const read = job("j1")
      yield* store.create(read)
      const results = yield* Effect.all(
        Array.from({ length: 8 }, (_, at) => Effect.result(store.save({ ...read, startedBy: `worker ${at}` }, issues(1, at)))),
        { concurrency: "unbounded" },
      )
      const winner = results.findIndex((it) => it._tag === "Success")
      assert.equal(results.filter((it) => it._tag === "Success").length, 1)
      for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "Stale")
      assert.equal(Option.getOrThrow(yield* store.get("j1")).startedBy, `worker ${winner}`)
      assert.deepEqual(yield* store.issues("j1"), issues(1, winner))
    }),
  ),
  law("a job that is not there is not saved, and has no issues to read", (store) =>
    Effect.gen(function* () {
      assert.equal(yield* Effect.orDie(reason(store.save(job("j1")))), "NotFound")
      assert.equal(yield* Effect.orDie(reason(store.issues("j1"))), "NotFound")
      assert.deepEqual(yield* store.get("j1"), Option.none())
    }),
  ),
  law("jobs are found by each field of a query and by all of them together, newest first", (store) =>
    Effect.gen(function* () {
      const at = (minute: number): string => `2024-02-29T10:${String(minute).padStart(2, "0")}:00.000Z`
      const source = (sha256: string | null): Job["source"] => ({ kind: "csv", name: "a", sha256, bytes: null, details: {} })
      yield* store.create(job("j1", { createdAt: at(1), import: "a", source: source("x"), startedBy: "ann", status: "pending" }))
      yield* store.create(job("j3", { createdAt: at(3), import: "a", source: source("y"), startedBy: "bob", status: "failed" }))
      yield* store.create(job("j2", { createdAt: at(2), import: "b", source: source("x"), startedBy: "bob", status: "success" }))
      yield* store.create(job("j4", { createdAt: at(4), import: "b", source: source(null), startedBy: "ann", status: "running" }))
      const cases: ReadonlyArray<readonly [Query, ReadonlyArray<string>]> = [
        [{}, ["j4", "j3", "j2", "j1"]],
        [{ import: "a" }, ["j3", "j1"]],
        [{ sourceSha256: "x" }, ["j2", "j1"]],
        [{ startedBy: "bob" }, ["j3", "j2"]],
        [{ status: ["pending", "running"] }, ["j4", "j1"]],
        [{ status: [] }, []],
        [{ since: at(2) }, ["j4", "j3", "j2"]],
        [{ before: at(2) }, ["j1"]],
        [{ since: at(2), before: at(4) }, ["j3", "j2"]],
        [{ limit: 2 }, ["j4", "j3"]],
        [{ import: "a", startedBy: "ann", status: ["pending"], sourceSha256: "x", since: at(0), before: at(9) }, ["j1"]],
        [{ import: "a", startedBy: "bob", status: ["pending"] }, []],
        [{ import: "' or 1=1 --" }, []],
        [{ startedBy: "__proto__" }, []],
      ]
      for (const [query, ids] of cases) {
        const found = yield* store.find(query)
        assert.deepEqual(
          found.map(({ id }) => id),
          ids,
          JSON.stringify(query),
        )
      }
    }),
  ),
  law("the children of a job are found by it, and jobs that are nobody's child without it", (store) =>
    Effect.gen(function* () {
      const refused = { "$es.'x": { reason: "AlreadyImported", job: "j0", message: "imported before" } }
      const parent = job("p'1", { partitions: { names: ["PT", "$es.'x"], commits: true, refused } })
      const child = job("p'1.1", { parent: "p'1", partition: "PT" })
      const failed = job("p'1.2", { parent: "p'1", partition: "$es.'x", status: "failed" })
      const others = [job("other", { parent: "p2", partition: "PT" }), job("alone")]
      for (const it of [parent, child, failed, ...others]) yield* store.create(it)
      const ids = (query: Query) => Effect.map(store.find(query), (found) => found.map(({ id }) => id))
      assert.deepEqual(yield* ids({ parent: "p'1" }), ["p'1.2", "p'1.1"])
      assert.deepEqual(yield* ids({ parent: "p'1", status: ["failed"] }), ["p'1.2"])
      assert.deepEqual(yield* ids({ parent: null }), ["p'1", "alone"])
      assert.deepEqual(yield* ids({ parent: "nobody" }), [])
      assert.deepEqual(yield* store.get("p'1"), Option.some(parent))
      const saved = yield* store.save({ ...child, status: "failed" })
      assert.deepEqual((yield* store.find({ parent: "p'1" })).at(-1), saved)
    }),
  ),
  law("jobs are found by the kind of their source, and by what their bookmark is of", (store) =>
    Effect.gen(function* () {
      const at = (minute: number): string => `2024-02-29T10:0${minute}:00.000Z`
      const source = (kind: string): Job["source"] => ({ kind, name: "a", sha256: null, bytes: null, details: {} })
      // names that a database may take for something else, and bookmarks of any form
      const of = "https://a.example/v3/poi?countrycode='PT'&$ne=\u0000"
      const first: Job = job("j1", {
        createdAt: at(1),
        source: source("ocm"),
        bookmark: { of, from: null, after: null, reached: null },
      })
      yield* store.create(first)
      yield* store.create(job("j2", { createdAt: at(2), source: source("undo") }))
      yield* store.create(
        job("j3", { createdAt: at(3), source: source("ocm"), bookmark: { of: "b", from: null, after: null, reached: 7 } }),
      )
      const reached = { at: ["2024-02-29T10:00:00Z", { "$a.b": null }] }
      const saved = yield* store.save({
        ...first,
        status: "success",
        bookmark: { of, from: "x", after: "j0", reached },
      })
      const cases: ReadonlyArray<readonly [Query, ReadonlyArray<string>]> = [
        [{ kind: "ocm" }, ["j3", "j1"]],
        [{ kind: "undo" }, ["j2"]],
        [{ kind: "" }, []],
        [{ bookmark: of }, ["j1"]],
        [{ bookmark: "b" }, ["j3"]],
        [{ bookmark: "c" }, []],
        [{ bookmark: of, status: ["success"], import: "products", kind: "ocm" }, ["j1"]],
        [{ bookmark: of, status: ["pending"] }, []],
        [{ bookmark: of, import: "other" }, []],
      ]
      for (const [query, ids] of cases)
        assert.deepEqual(
          (yield* store.find(query)).map(({ id }) => id),
          ids,
          JSON.stringify(query),
        )
      assert.deepEqual(yield* store.find({ bookmark: of }), [saved])
    }),
  ),
  law("a query finds jobs as they were saved last, and 100 of them where it says no limit", (store) =>
    Effect.gen(function* () {
      const first = job("first", { createdAt: "2025-01-01T00:00:00.000Z" })
      yield* store.create(first)
      const saved = yield* store.save({ ...first, status: "failed" })
      assert.deepEqual(yield* store.find({ status: ["failed"] }), [saved])
      assert.deepEqual(yield* store.find({ status: ["validating"] }), [])
      for (let at = 0; at < 101; at++) yield* store.create(job(`j${at}`, { import: "many" }))
      assert.equal((yield* store.find({ import: "many" })).length, 100)
      assert.equal((yield* store.find({ import: "many", limit: 200 })).length, 101)
    }),
  ),
  law("issues are kept in the order they were found, over all saves, and are read page by page", (store) =>
    Effect.gen(function* () {
      let current = job("j1")
      yield* store.create(current)
      for (const from of [0, 3, 6]) current = yield* store.save(current, issues(3, from))
      assert.deepEqual(yield* store.issues("j1"), issues(9))
      assert.deepEqual(yield* store.issues("j1", { offset: 2, limit: 3 }), issues(3, 2))
      assert.deepEqual(yield* store.issues("j1", { offset: 7 }), issues(2, 7))
      assert.deepEqual(yield* store.issues("j1", { limit: 4 }), issues(4))
      assert.deepEqual(yield* store.issues("j1", { offset: 9 }), [])
    }),
  ),
  law("an issue is kept whole, null or not", (store) =>
    Effect.gen(function* () {
      const whole: ReadonlyArray<Issue.Issue> = [
        Issue.make({ code: "a", message: "m" }),
        Issue.make({ severity: "warning", code: "b", ref: "r", entity: "e", column: "$c.d", message: "é\n'\"\\", value: "{}" }),
      ]
      yield* store.create(job("j1"))
      yield* store.save(job("j1"), whole)
      assert.deepEqual(yield* store.issues("j1"), whole)
    }),
  ),
  law("an issue about text that a database cannot hold is kept all the same, with its place", (store) =>
    Effect.gen(function* () {
      const hostile = ["a\u0000b", "\ud800"].map((value, at) =>
        Issue.make({ code: "x", ref: `a:${at}`, message: `found ${value}`, value }),
      )
      yield* store.create(job("j1"))
      yield* store.save(job("j1"), hostile)
      assert.deepEqual(
        (yield* store.issues("j1")).map(({ code, ref }) => [code, ref]),
        [
          ["x", "a:0"],
          ["x", "a:1"],
        ],
      )
    }),
  ),
  law("an id that leads elsewhere reaches no other job", (store) =>
    Effect.gen(function* () {
      yield* store.create(job("j1"))
      for (const id of ["..", "../j1", "x/../j1", "./j1", "j1/", "j1/.", "", "j1\u0000"]) {
        assert.deepEqual(yield* store.get(id), Option.none(), id)
        yield* Effect.ignore(store.create(job(id)))
        yield* Effect.ignore(store.save(job(id, { startedBy: "mallory" })))
      }
      assert.deepEqual(yield* store.get("j1"), Option.some(job("j1")))
    }),
  ),
]
