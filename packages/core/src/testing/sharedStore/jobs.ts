/** The laws of shared job stores. */
import * as assert from "node:assert/strict"
import { Effect, Option } from "effect"
import * as Issue from "../../Issue.ts"
import type * as JobStore from "../../JobStore.ts"
import * as Summary from "../../Summary.ts"
import { job as jobOf } from "../JobStoreSuite.ts"
import { hostile, law, type SharedLaw } from "./SharedLaw.ts"

/** Opens a store; every call gives another one on the same place, which has nothing in it at first. */
export type OpenJobs = () => JobStore.JobStore["Service"]

const issuesOf = (count: number, from = 0): ReadonlyArray<Issue.Issue> =>
  Array.from({ length: count }, (_, at) =>
    Issue.make({ code: "cell.decimal", ref: `a.csv:${from + at + 1}`, column: "price", message: "no number", value: "cheap" }),
  )

/** Laws of job stores. */
export const jobStoreLaws: ReadonlyArray<SharedLaw<OpenJobs>> = [
  law(
    "of 20 who save the same version at once exactly one does, with its issues",
    Effect.fnUntraced(function* (open: OpenJobs) {
      const stores = [open(), open()]
      yield* stores[0]!.create(jobOf("a"))
      let kept: ReadonlyArray<Issue.Issue> = []
      for (let round = 0; round < 3; round++) {
        const job = Option.getOrThrow(yield* stores[0]!.get("a"))
        const saves = Array.from({ length: 20 }, (_, at) =>
          Effect.result(stores[at % 2]!.save({ ...job, token: at }, issuesOf(at + 1, at * 100))),
        )
        const results = yield* Effect.all(saves, { concurrency: "unbounded" })
        const winners = results.flatMap((it) => (it._tag === "Success" ? [it.success] : []))
        assert.equal(winners.length, 1)
        for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "Stale")
        const won = winners[0]!
        kept = [...kept, ...issuesOf(won.token + 1, won.token * 100)]
        assert.deepEqual(yield* stores[1]!.get("a"), Option.some(won))
        assert.deepEqual(yield* stores[1]!.issues("a"), kept)
      }
    }),
  ),
  law(
    "no save is lost when each reads, saves, and begins anew where it was stale",
    Effect.fnUntraced(function* (open: OpenJobs) {
      const stores = [open(), open()]
      yield* stores[0]!.create(jobOf("a"))
      const increment = (store: JobStore.JobStore["Service"], at: number): Effect.Effect<void, JobStore.JobStoreError> =>
        Effect.gen(function* () {
          const job = Option.getOrThrow(yield* store.get("a"))
          yield* store.save({ ...job, token: job.token + 1 }, issuesOf(1, at))
        }).pipe(
          Effect.catchIf(
            (error) => error.reason === "Stale",
            () => increment(store, at),
          ),
        )
      yield* Effect.forEach(
        Array.from({ length: 12 }, (_, at) => at),
        (at) => increment(stores[at % 2]!, at),
        {
          concurrency: "unbounded",
        },
      )
      const job = Option.getOrThrow(yield* stores[0]!.get("a"))
      assert.deepEqual([job.token, job.version], [12, 12])
      const found: ReadonlyArray<Issue.Issue> = yield* stores[0]!.issues("a")
      assert.deepEqual(
        found.map(({ ref }) => ref).sort(),
        issuesOf(12)
          .map(({ ref }) => ref)
          .sort(),
      )
    }),
  ),
  law(
    "queries may ask for no jobs and for all, and give the greater id first of those made at one moment",
    Effect.fnUntraced(function* (open: OpenJobs) {
      const store = open()
      for (const id of ["b", "d", "a", "c"]) yield* store.create(jobOf(id))
      const found = (query: JobStore.Query) => Effect.map(store.find(query), (jobs) => jobs.map(({ id }) => id))
      assert.deepEqual(yield* found({ limit: 0 }), [])
      assert.deepEqual(yield* found({ limit: 2 }), ["d", "c"])
      assert.deepEqual(yield* found({ limit: Number.POSITIVE_INFINITY }), ["d", "c", "b", "a"])
      assert.deepEqual(yield* found({ since: "2024-02-29", before: "2024-03" }), ["d", "c", "b", "a"])
      assert.deepEqual(yield* found({ since: "2024-03" }), [])
      assert.deepEqual(yield* found({ import: "Products" }), [])
    }),
  ),
  law(
    "25,000 issues are read page by page",
    Effect.fnUntraced(function* (open: OpenJobs) {
      const store = open()
      yield* store.create(jobOf("a"))
      yield* store.create(jobOf("b"))
      const all = issuesOf(25_000)
      let job = yield* store.save(jobOf("a"), all.slice(0, 10_000))
      job = yield* store.save(job, all.slice(10_000, 10_001))
      yield* store.save(job, all.slice(10_001))
      yield* store.save(jobOf("b"), issuesOf(5, 90_000))
      const read: Array<Issue.Issue> = []
      for (let offset = 0; ; offset += 999) {
        const page: ReadonlyArray<Issue.Issue> = yield* store.issues("a", { offset, limit: 999 })
        if (page.length === 0) break
        read.push(...page)
      }
      assert.deepEqual(read, all)
      assert.deepEqual(yield* store.issues("a", { offset: 9_999, limit: 3 }), all.slice(9_999, 10_002))
      assert.deepEqual(yield* store.issues("a", { offset: 24_999 }), all.slice(24_999))
      assert.deepEqual(yield* store.issues("a", { offset: 25_000 }), [])
      assert.deepEqual(yield* store.issues("a", { limit: 0 }), [])
      assert.equal((yield* store.issues("a")).length, 25_000)
    }),
  ),
  law(
    "texts of every kind come back as they were",
    Effect.fnUntraced(function* (open: OpenJobs) {
      const store = open()
      for (const [at, text] of hostile.entries()) {
        const code = { [text]: 3, zebra: 1, apple: 2 }
        const job = jobOf(`id ${text}`, {
          import: text,
          startedBy: text,
          createdAt: `2024-01-01T00:00:00.${String(at).padStart(3, "0")}Z`,
          cursor: { [text]: [text] },
          source: { kind: text, name: text, sha256: text, bytes: 1, details: { [text]: text } },
          counts: { ...Summary.empty, skippedByCode: code, issuesByCode: code },
          failure: { code: text, message: text, retryable: false },
        })
        const issue: Issue.Issue = {
          severity: "warning",
          code: text,
          ref: text,
          entity: text,
          column: text,
          message: text,
          value: text,
        }
        yield* store.create(job)
        const saved = yield* store.save(job, [issue, issue])
        const read = Option.getOrThrow(yield* store.get(job.id))
        assert.deepEqual(read, saved)
        // tables show entities and codes in this order
        assert.deepEqual(Object.keys(read.counts.issuesByCode), Object.keys(code))
        assert.deepEqual(yield* store.issues(job.id), [issue, issue])
        for (const query of [{ import: text }, { startedBy: text }, { sourceSha256: text }])
          assert.deepEqual(yield* store.find(query), [saved], JSON.stringify(query))
      }
      assert.equal((yield* store.find({})).length, hostile.length)
    }),
  ),
]
