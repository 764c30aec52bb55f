/**
 * Laws about finding jobs.
 */
import * as assert from "node:assert/strict"
import { Effect, Option } from "effect"
import type { Job } from "../../Job.ts"
import type { JobStore, Query } from "../../JobStore.ts"
import type { Law } from "../Law.ts"
import { job, law } from "./job.ts"

/** See the file's first sentence. */
export const findingLaws: ReadonlyArray<Law<JobStore>> = [
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
]
