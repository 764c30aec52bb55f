/**
 * The laws of stores in a database, which many workers share: besides those that all stores keep, for stores of their own on one place,
 * with much data, and with texts that databases stumble over. A store's test gives each law a way to open stores on a place of its own:
 *
 * `for (const { check, name } of SharedStoreSuite.jobStoreLaws) test(name, () => Effect.runPromise(check(open)))`
 *
 * @module
 */
import * as assert from "node:assert/strict"
import { Effect, Option } from "effect"
import type * as DecisionStore from "../DecisionStore.ts"
import * as Issue from "../Issue.ts"
import type * as JobStore from "../JobStore.ts"
import type * as SnapshotStore from "../SnapshotStore.ts"
import * as Summary from "../Summary.ts"
import * as DecisionStoreSuite from "./DecisionStoreSuite.ts"
import * as JobStoreSuite from "./JobStoreSuite.ts"

/** Opens a store; every call gives another one on the same place, which has nothing in it at first. */
export type OpenJobs = () => JobStore.JobStore["Service"]
/** The same, of decision stores. */
export type OpenDecisions = () => DecisionStore.Service
/** The same, of snapshot stores. */
export type OpenSnapshots = () => SnapshotStore.SnapshotStore["Service"]

/** A law over a way to open stores. */
export interface SharedLaw<Open> {
  /** What holds; the name of the test. */
  readonly name: string
  /** Ends if the law holds, dies with an assertion error if it does not. */
  readonly check: (open: Open) => Effect.Effect<void, unknown>
}

const law = <Open>(name: string, check: SharedLaw<Open>["check"]): SharedLaw<Open> => ({ name, check })
const jobOf = JobStoreSuite.job

const issuesOf = (count: number, from = 0): ReadonlyArray<Issue.Issue> =>
  Array.from({ length: count }, (_, at) =>
    Issue.make({ code: "cell.decimal", ref: `a.csv:${from + at + 1}`, column: "price", message: "no number", value: "cheap" }),
  )

const reasonOf = <A, E extends { readonly reason: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.result(effect), (it) => (it._tag === "Failure" ? it.failure.reason : "none"))

const hostile = [
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

const decisionOf = DecisionStoreSuite.decision

/** Laws of decision stores. */
export const decisionStoreLaws: ReadonlyArray<SharedLaw<OpenDecisions>> = [
  law(
    "of 20 who decide about a key at once, over two connections, exactly one does",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const stores = [open(), open()]
      for (let version = 0; version < 3; version++) {
        const saves = Array.from({ length: 20 }, (_, at) =>
          Effect.result(stores[at % 2]!.save(decisionOf("Lamp", { version, by: `clerk ${at}` }))),
        )
        const results = yield* Effect.all(saves, { concurrency: "unbounded" })
        const winners = results.flatMap((it) => (it._tag === "Success" ? [it.success] : []))
        assert.equal(winners.length, 1)
        for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "Stale")
        for (const store of stores) assert.deepEqual(yield* store.list("products"), winners)
      }
    }),
  ),
  law(
    "no decision is lost when each reads, decides, and begins anew where it was stale",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const stores = [open(), open()]
      const append = (store: DecisionStore.Service, at: number): Effect.Effect<void, JobStore.JobStoreError> =>
        Effect.gen(function* () {
          const known = (yield* store.list("products"))[0]
          yield* store.save(decisionOf("Lamp", { version: known?.version ?? 0, by: `${known?.by ?? ""} ${at}` }))
        }).pipe(
          Effect.catchIf(
            (error) => error.reason === "Stale",
            () => append(store, at),
          ),
        )
      const all = Array.from({ length: 12 }, (_, at) => at)
      yield* Effect.forEach(all, (at) => append(stores[at % 2]!, at), { concurrency: "unbounded" })
      const [last] = yield* stores[0]!.list("products")
      assert.equal(last!.version, 12)
      assert.deepEqual(
        last!.by
          .trim()
          .split(" ")
          .map(Number)
          .sort((a, b) => a - b),
        all,
      )
    }),
  ),
  law(
    "an import's decisions are listed whole, and no other's",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const store = open()
      const keys = Array.from({ length: 300 }, (_, at) => `key ${at}`)
      yield* Effect.forEach(keys, (key) => store.save(decisionOf(key)), { concurrency: 8, discard: true })
      yield* store.save(decisionOf("key 0", { import: "Products" }))
      const listed = yield* store.list("products")
      assert.deepEqual(listed.map(({ key }) => key).sort(), [...keys].sort())
      assert.equal((yield* store.list("Products")).length, 1)
    }),
  ),
  law(
    "texts of every kind come back as they were",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const store = open()
      for (const text of hostile) {
        const saved: Array<DecisionStore.Decision> = []
        for (const key of hostile)
          saved.push(yield* store.save(decisionOf(key, { import: text, entity: text, as: key, by: text, at: text })))
        const again = yield* store.save({ ...saved[0]!, by: `${text}!` })
        const listed = yield* store.list(text)
        const byKey = (all: ReadonlyArray<DecisionStore.Decision>) => new Map(all.map((it) => [it.key, it]))
        assert.deepEqual(byKey(listed), byKey([...saved, again]))
        assert.equal(listed.length, hostile.length)
      }
    }),
  ),
]

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Bytes of every value, in no order that repeats soon; always the same for a seed. */
export const noise = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

const equal = (found: Uint8Array, wanted: Uint8Array) =>
  assert.ok(Buffer.compare(found, wanted) === 0, `${found.length} bytes are not the ${wanted.length} that were put`)

/** Laws of snapshot stores. */
export const snapshotStoreLaws: ReadonlyArray<SharedLaw<OpenSnapshots>> = [
  law(
    "parts may be empty, and large",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const store = open()
      const large = noise(20 << 20, 7)
      yield* store.put("a", "empty", new Uint8Array())
      yield* store.put("a", "large", large)
      yield* store.put("a", "large", large)
      equal(yield* store.get("a", "empty"), new Uint8Array())
      equal(yield* store.get("a", "large"), large)
      assert.deepEqual(yield* store.list("a"), [
        { name: "empty", bytes: 0 },
        { name: "large", bytes: 20 << 20 },
      ])
      const other = Uint8Array.from(large)
      other[other.length - 1]! ^= 1
      assert.equal(yield* reasonOf(store.put("a", "large", other)), "AlreadyExists")
    }),
  ),
  law(
    "many may put the same part at once",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const bytes = noise(3_000_000, 3)
      const puts = Array.from({ length: 10 }, () => Effect.suspend(() => open().put("a", "part", bytes)))
      yield* Effect.all(puts, { concurrency: "unbounded" })
      equal(yield* open().get("a", "part"), bytes)
      assert.deepEqual(yield* open().list("a"), [{ name: "part", bytes: 3_000_000 }])
    }),
  ),
  law(
    "a part is there whole or not at all while it is put",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const bytes = noise(20 << 20, 5)
      let done = false
      const put = Effect.ensuring(
        open().put("a", "part", bytes),
        Effect.sync(() => {
          done = true
        }),
      )
      const store = open()
      const look = Effect.gen(function* () {
        while (!done) {
          const listed = yield* store.list("a")
          if (listed.length > 0) assert.deepEqual(listed, [{ name: "part", bytes: bytes.length }])
          const found = yield* Effect.result(store.get("a", "part"))
          if (found._tag === "Success") equal(found.success, bytes)
          else assert.equal(found.failure.reason, "NotFound")
          // what is listed can be read
          if (listed.length > 0) assert.equal(found._tag, "Success")
        }
      })
      yield* Effect.all([put, look], { concurrency: "unbounded" })
      equal(yield* store.get("a", "part"), bytes)
    }),
  ),
  law(
    "parts are listed by name, in the order of their characters",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const store = open()
      const names = ["b", "a/b", "a", "a.b", "B", "a/a/a", "10", "9", "ä", "\uff5e", "👍", "a b"]
      for (const [at, name] of names.entries()) yield* store.put("a", name, noise(at, at))
      const wanted = names.map((name, at) => ({ name, bytes: at })).sort((a, b) => (a.name < b.name ? -1 : 1))
      assert.deepEqual(yield* store.list("a"), wanted)
    }),
  ),
  law(
    "names of every kind come back as they were",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const store = open()
      const names = hostile.filter((name) => name !== "")
      for (const job of names) for (const name of names) yield* store.put(job, name, text(`${job} ${name}`))
      for (const job of names) {
        const listed: ReadonlyArray<{ readonly name: string }> = yield* store.list(job)
        assert.deepEqual(
          listed.map(({ name }) => name),
          [...names].sort(),
        )
        for (const name of names) equal(yield* store.get(job, name), text(`${job} ${name}`))
      }
    }),
  ),
]
