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
import type { JobStore, JobStoreError } from "../JobStore.ts"
import * as Summary from "../Summary.ts"
import { findingLaws } from "./jobStore/finding.ts"
import { job, law } from "./jobStore/job.ts"
import type { Law } from "./Law.ts"

export { job }

const issues = (count: number, from = 0): ReadonlyArray<Issue.Issue> =>
  Array.from({ length: count }, (_, at) =>
    Issue.make({ code: "cell.integer", ref: `a:${from + at}`, message: "expected a number" }),
  )

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
  ...findingLaws,
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
