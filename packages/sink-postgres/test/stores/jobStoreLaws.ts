/**
 * What every job store does, as laws that know no test runner: each takes a way to open stores on one and the same empty place.
 */
import assert from "node:assert/strict"
import { Issue, type Job, type JobStore, Summary } from "@waybill/core"
import { Effect, Option } from "effect"

type Store = JobStore.JobStore["Service"]

/** One law. */
export interface Law {
  readonly name: string
  readonly check: (open: () => Store) => Effect.Effect<void, JobStore.JobStoreError>
}

/** A job; what is not given is as in every other. */
export const jobOf = (id: string, fields: Partial<Job.Job> = {}): Job.Job => ({
  id,
  import: "products",
  revision: 1,
  definition: "d".repeat(64),
  status: "validating",
  mode: "strict",
  startedBy: "ann",
  createdAt: "2024-02-29T10:30:00.000Z",
  updatedAt: "2024-02-29T10:30:00.000Z",
  source: { kind: "csv", name: "products.csv", sha256: null, bytes: null, details: {} },
  target: "memory",
  cursor: null,
  snapshot: null,
  plan: null,
  transaction: null,
  counts: Summary.empty,
  timings: {},
  failure: null,
  earlier: null,
  token: 0,
  version: 0,
  ...fields,
})

const issuesOf = (count: number, from = 0): ReadonlyArray<Issue.Issue> =>
  Array.from({ length: count }, (_, at) =>
    Issue.make({
      code: "cell.decimal",
      ref: `products.csv:${from + at + 1}`,
      column: "price",
      message: "not a number",
      value: "cheap",
    }),
  )

const reasonOf = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>) => Effect.map(Effect.flip(effect), (error) => error.reason)

const law = (name: string, check: (open: () => Store) => Generator<any, void, any>): Law => ({
  name,
  check: (open) => Effect.gen(() => check(open)),
})

const ids = (jobs: ReadonlyArray<Job.Job>) => jobs.map(({ id }) => id)

/** Texts that stores have stumbled over. */
export const hostile = [
  "",
  " ",
  "'; DROP TABLE x; --",
  '"quoted" \\back\\slash\n\r\t',
  "$set",
  "$where.a.b.",
  "a.b..c",
  "__proto__",
  "per%cent_under",
  "nul \u0000 inside",
  "half a pair \ud83d",
  "\udc4d half a pair",
  "naïve 北京 👍🏽 \u202eright to left",
  "e\u0301 is not \u00e9",
  "{}",
  "null",
]

/** The laws. */
export const jobStoreLaws: ReadonlyArray<Law> = [
  law("a job is there once it is created, also to another store on the same place", function* (open) {
    const store = open()
    assert.deepEqual(yield* store.get("a"), Option.none())
    yield* store.create(jobOf("a"))
    assert.deepEqual(yield* store.get("a"), Option.some(jobOf("a")))
    assert.deepEqual(yield* open().get("a"), Option.some(jobOf("a")))
    assert.deepEqual(yield* store.get("A"), Option.none())
    assert.deepEqual(yield* store.issues("a"), [])
  }),
  law("a job cannot be created twice", function* (open) {
    const store = open()
    yield* store.create(jobOf("a"))
    assert.equal(yield* reasonOf(open().create(jobOf("a", { startedBy: "bob" }))), "AlreadyExists")
    assert.equal(Option.getOrThrow(yield* store.get("a")).startedBy, "ann")
  }),
  law("of many who create the same job one does", function* (open) {
    const creations = Array.from({ length: 20 }, (_, at) => Effect.result(open().create(jobOf("a", { startedBy: String(at) }))))
    const results = yield* Effect.all(creations, { concurrency: "unbounded" })
    assert.equal(results.filter((it: any) => it._tag === "Success").length, 1)
    for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "AlreadyExists")
  }),
  law("a save gives the next version, and appends issues in their order", function* (open) {
    const store = open()
    yield* store.create(jobOf("a"))
    const first = yield* store.save(jobOf("a", { status: "pending" }), issuesOf(2))
    assert.deepEqual(first, jobOf("a", { status: "pending", version: 1 }))
    const second = yield* store.save(first)
    const third = yield* store.save({ ...second, status: "running", token: 7 }, issuesOf(3, 2))
    assert.deepEqual(Option.getOrThrow(yield* store.get("a")), third)
    assert.equal(third.version, 3)
    assert.deepEqual(yield* store.issues("a"), issuesOf(5))
  }),
  law("who saves an old version, or a job that is not there, changes nothing", function* (open) {
    const store = open()
    yield* store.create(jobOf("a"))
    const saved = yield* store.save(jobOf("a"), issuesOf(1))
    for (const version of [0, 2]) {
      const attempt = store.save(jobOf("a", { status: "failed", version }), issuesOf(3, 50))
      assert.equal(yield* reasonOf(attempt), "Stale")
    }
    assert.equal(yield* reasonOf(store.save(jobOf("b"), issuesOf(1))), "NotFound")
    assert.equal(yield* reasonOf(store.save(jobOf("b"))), "NotFound")
    assert.deepEqual(yield* store.get("a"), Option.some(saved))
    assert.deepEqual(yield* store.issues("a"), issuesOf(1))
    assert.deepEqual(yield* store.get("b"), Option.none())
    assert.equal(yield* reasonOf(store.issues("b")), "NotFound")
  }),
  law("of 20 who save the same version at once exactly one does, with its issues", function* (open) {
    const stores = [open(), open()]
    yield* stores[0]!.create(jobOf("a"))
    let kept: ReadonlyArray<Issue.Issue> = []
    for (let round = 0; round < 3; round++) {
      const job = Option.getOrThrow(yield* stores[0]!.get("a")) as Job.Job
      const saves = Array.from({ length: 20 }, (_, at) =>
        Effect.result(stores[at % 2]!.save({ ...job, token: at }, issuesOf(at + 1, at * 100))),
      )
      const results = yield* Effect.all(saves, { concurrency: "unbounded" })
      const winners = results.filter((it: any) => it._tag === "Success")
      assert.equal(winners.length, 1)
      for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "Stale")
      const won: Job.Job = winners[0].success
      kept = [...kept, ...issuesOf(won.token + 1, won.token * 100)]
      assert.deepEqual(yield* stores[1]!.get("a"), Option.some(won))
      assert.deepEqual(yield* stores[1]!.issues("a"), kept)
    }
  }),
  law("no save is lost when each reads, saves, and begins anew where it was stale", function* (open) {
    const stores = [open(), open()]
    yield* stores[0]!.create(jobOf("a"))
    const increment = (store: Store, at: number): Effect.Effect<void, JobStore.JobStoreError> =>
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
    const job: Job.Job = Option.getOrThrow(yield* stores[0]!.get("a"))
    assert.deepEqual([job.token, job.version], [12, 12])
    const found: ReadonlyArray<Issue.Issue> = yield* stores[0]!.issues("a")
    assert.deepEqual(
      found.map(({ ref }) => ref).sort(),
      issuesOf(12)
        .map(({ ref }) => ref)
        .sort(),
    )
  }),
  law("jobs are found by everything a query can say, newest first", function* (open) {
    const store = open()
    const made = [
      jobOf("a", { import: "products", status: "pending", startedBy: "ann", createdAt: "2024-01-01T00:00:00.000Z" }),
      jobOf("b", { import: "stations", status: "failed", startedBy: "bob", createdAt: "2024-01-03T00:00:00.000Z" }),
      jobOf("c", { import: "products", status: "success", startedBy: "bob", createdAt: "2024-01-02T00:00:00.000Z" }),
      jobOf("d", { import: "products", status: "success", startedBy: "bob", createdAt: "2024-01-02T00:00:00.000Z" }),
    ].map((job, at) => ({ ...job, source: { ...job.source, sha256: at === 2 ? "5".repeat(64) : null } }))
    for (const job of made) yield* store.create(job)
    const found = (query: JobStore.Query) => Effect.map(store.find(query), ids)
    assert.deepEqual(yield* store.find({}), [made[1], made[3], made[2], made[0]])
    assert.deepEqual(yield* found({ import: "products" }), ["d", "c", "a"])
    assert.deepEqual(yield* found({ sourceSha256: "5".repeat(64) }), ["c"])
    assert.deepEqual(yield* found({ startedBy: "bob" }), ["b", "d", "c"])
    assert.deepEqual(yield* found({ status: ["pending", "failed"] }), ["b", "a"])
    assert.deepEqual(yield* found({ status: [] }), [])
    assert.deepEqual(yield* found({ since: "2024-01-02T00:00:00.000Z" }), ["b", "d", "c"])
    assert.deepEqual(yield* found({ before: "2024-01-02T00:00:00.000Z" }), ["a"])
    assert.deepEqual(yield* found({ since: "2024-01-02", before: "2024-01-03" }), ["d", "c"])
    assert.deepEqual(yield* found({ import: "products", startedBy: "bob", status: ["success"], limit: 1 }), ["d"])
    assert.deepEqual(yield* found({ limit: 0 }), [])
    assert.deepEqual(yield* found({ limit: Number.POSITIVE_INFINITY }), ["b", "d", "c", "a"])
    assert.deepEqual(yield* found({ import: "Products" }), [])
    // a job is found by what it is now
    yield* store.save({ ...made[0]!, status: "cancelled", startedBy: "cid" })
    assert.deepEqual(yield* found({ status: ["cancelled"], startedBy: "cid" }), ["a"])
    assert.deepEqual(yield* found({ status: ["pending"] }), [])
  }),
  law("a query that names no limit gives 100 jobs", function* (open) {
    const store = open()
    const made = Array.from({ length: 101 }, (_, at) => jobOf(String(at).padStart(3, "0")))
    yield* Effect.forEach(made, (job) => store.create(job), { concurrency: 10, discard: true })
    assert.deepEqual(yield* Effect.map(store.find({}), ids), ids(made).reverse().slice(0, 100))
    assert.equal((yield* store.find({ limit: 101 })).length, 101)
  }),
  law("25,000 issues are read page by page", function* (open) {
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
  law("texts of every kind come back as they were", function* (open) {
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
      const saved: Job.Job = yield* store.save(job, [issue, issue])
      const read = Option.getOrThrow(yield* store.get(job.id)) as Job.Job
      assert.deepEqual(read, saved)
      // tables show entities and codes in this order
      assert.deepEqual(Object.keys(read.counts.issuesByCode), Object.keys(code))
      assert.deepEqual(yield* store.issues(job.id), [issue, issue])
      for (const query of [{ import: text }, { startedBy: text }, { sourceSha256: text }])
        assert.deepEqual(yield* store.find(query), [saved], JSON.stringify(query))
    }
    assert.equal((yield* store.find({})).length, hostile.length)
  }),
]
