import { Engine, JobStore, Sink } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schedule, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { type Breaking, breaking, breakingSink, type Moment } from "./support/breaking.ts"
import { columns, definition, run } from "./support/products.ts"

// six of them refer to a category that has to be made, one to one that is there, one comes twice
const rows = [
  ...Array.from({ length: 9 }, (_, at) => [`A-${at}`, `Lamp ${at}`, "1.50", at < 6 ? `new-${at % 2}` : at === 6 ? "old" : null]),
  ["A-8", "Lamp 8", "1.50", null],
  ["B-1", "Shade", "cheap", null],
]

// two records are there as they are in the rows, two differ, one of these is changed by somebody before the commit
const target = (atomic: boolean): MemorySink.MemorySink => {
  const sink = MemorySink.make({ atomic })
  sink.tables.set("category", new Map([["old", ["old", "Old"]]]))
  sink.tables.set(
    "product",
    new Map([
      ["A-0", ["A-0", "Other", "1.50", "old"]],
      ["A-1", ["A-1", "Other", null, null]],
      ["A-6", ["A-6", "Lamp 6", "1.50", "old"]],
      ["A-7", ["A-7", "Lamp 7", "1.50", null]],
    ]),
  )
  return sink
}

// validates, lets somebody change a record, and commits as often as the failure may be tried again
const wholeRun = (
  how: Breaking,
  {
    atomic,
    inner = target(atomic),
    mode = "smart",
    retries,
  }: {
    readonly atomic: boolean
    readonly inner?: MemorySink.MemorySink
    readonly mode?: "strict" | "smart"
    readonly retries: number
  },
) =>
  run(
    Effect.gen(function* () {
      const sink = breakingSink(inner, how)
      const d = definition(sink, {
        mode,
        transaction: atomic ? "atomic" : "batched",
        onConflict: "skip",
        allowPartial: true,
        limits: { batch: 2 },
        retry: Schedule.recurs(retries),
      })
      let job = yield* Engine.validate(d, TestSource.make({ columns, rows, pageRows: 4 }))
      expect(job.failure).toBeNull()
      const planned = job.counts
      sink.tables.get("product")!.set("A-1", ["A-1", "Changed", null, null])
      let commits = 0
      do {
        job = yield* Engine.commit(d, job.id)
        commits++
      } while (job.failure?.retryable === true && commits < 5)
      const store = yield* JobStore.JobStore
      const issues = yield* store.issues(job.id)
      return { job, planned, commits, issues, tables: sink.tables, calls: how.calls }
    }),
  )

describe.each([true, false])("a sink that breaks off once (atomic: %s)", (atomic) => {
  test.each<Moment>(["before", "after", "midway"])(
    "%s any one of its calls: the run ends as one that nothing interrupted",
    async (moment) => {
      const whole = await wholeRun(breaking(), { atomic, retries: 3 })
      expect(whole.job).toMatchObject({ status: "partial", failure: null })
      expect(whole.job.counts).toMatchObject({
        created: 7,
        updated: 1,
        unchanged: 2,
        conflict: 1,
        failed: 0,
        imported: 9,
        skipped: 1,
      })
      expect(new Set(whole.calls)).toEqual(
        new Set(["plan.open", "existing", "stage", "plan", "commit.open", "apply", "complete", "verify"]),
      )
      for (const [at, call] of whole.calls.entries()) {
        const broken = await wholeRun({ ...breaking(), at, moment, calls: [] }, { atomic, retries: 3 })
        expect(broken.planned, `${call} ${at}`).toEqual(whole.planned)
        expect(broken.job.counts, `${call} ${at}`).toEqual(whole.job.counts)
        expect(broken.job.status, `${call} ${at}`).toBe("partial")
        expect(broken.issues, `${call} ${at}`).toEqual(whole.issues)
        expect(broken.tables, `${call} ${at}`).toEqual(whole.tables)
        expect(broken.job.snapshot!.hash).toBe(whole.job.snapshot!.hash)
      }
    },
  )

  test.each<Moment>(["before", "after"])(
    "%s any one call of a commit, without a retry: the commit that is tried again ends the same, with the same counts",
    async (moment) => {
      const whole = await wholeRun(breaking(), { atomic, retries: 0 })
      const first = whole.calls.indexOf("commit.open")
      for (let at = first; at < whole.calls.length; at++) {
        const broken = await wholeRun({ ...breaking(), at, moment, calls: [] }, { atomic, retries: 0 })
        const call = `${whole.calls[at]} ${at}`
        expect(broken.commits, call).toBe(2)
        expect(broken.job.counts, call).toEqual(whole.job.counts)
        expect(broken.issues, call).toEqual(whole.issues)
        expect(broken.tables, call).toEqual(whole.tables)
      }
    },
  )

  test("strict mode asks again for the references it could not ask for: none is forgotten", async () => {
    const whole = await wholeRun(breaking(), { atomic, mode: "strict", retries: 3 })
    expect(whole.planned.skippedByCode).toMatchObject({ "reference.missing": 6 })
    const at = whole.calls.indexOf("existing")
    for (const moment of ["before", "after"] as const) {
      const broken = await wholeRun({ ...breaking(), at, moment, calls: [] }, { atomic, mode: "strict", retries: 3 })
      expect(broken.planned).toEqual(whole.planned)
      expect(broken.tables).toEqual(whole.tables)
    }
  })

  test("more often than the schedule allows: the job is failed, says why, and its counts add up", async () => {
    await run(
      Effect.gen(function* () {
        const how = breaking()
        const sink = breakingSink(target(atomic), how)
        const before = new Map(sink.tables.get("product")!)
        const d = definition(sink, {
          transaction: atomic ? "atomic" : "batched",
          mode: "smart",
          allowPartial: true,
          limits: { batch: 2 },
          retry: Schedule.recurs(2),
        })
        const pending = yield* Engine.validate(d, TestSource.make({ columns, rows }))
        // the second batch of products, in each of three attempts
        Object.assign(how, { at: how.calls.length + 3, moment: "before", times: 99 })
        const job = yield* Engine.commit(d, pending.id)
        expect(job).toMatchObject({
          status: "failed",
          failure: { code: "sink.Unreachable", message: "connection reset", retryable: true },
        })
        const { conflict, created, failed, unchanged, updated } = job.counts
        expect(created + updated + unchanged + conflict + failed).toBe(11)
        expect(unchanged).toBe(2)
        if (atomic) {
          expect(job.counts).toMatchObject({ created: 0, updated: 0, imported: 0, unprocessed: 9 })
          expect(sink.tables.get("product")).toEqual(before)
        } else expect(created + updated).toBeGreaterThan(0)
        how.at = Number.POSITIVE_INFINITY
        const again = yield* Engine.commit(d, pending.id)
        expect(again.failure).toBeNull()
        expect(again.counts).toEqual(pending.counts)
      }),
    )
  })
})

test("an answer that was lost at the end is no reason to write twice: the second attempt finds all of it done", async () => {
  const whole = await wholeRun(breaking(), { atomic: true, retries: 3 })
  const at = whole.calls.indexOf("complete")
  const broken = await wholeRun({ ...breaking(), at, moment: "after", calls: [] }, { atomic: true, retries: 3 })
  expect(broken.calls.filter((call) => call === "apply")).toHaveLength(whole.calls.filter((call) => call === "apply").length)
  expect(broken.job.counts).toEqual(whole.job.counts)
})

test("an error that is not retryable stops the commit at once and names the record that was refused", async () => {
  await run(
    Effect.gen(function* () {
      const inner = target(true)
      const refused = new Sink.SinkError({
        reason: "DataRefused",
        message: "value too long",
        isRetryable: false,
        code: "22001",
        refused: { entity: "product", index: 1, part: 2, constraint: "title" },
      })
      let applied = 0
      const sink: MemorySink.MemorySink = {
        ...inner,
        commit: (context) =>
          Effect.map(inner.commit(context), (session) => ({
            ...session,
            // told with a later batch, of another entity
            apply: (batch, planned) =>
              Effect.andThen(session.apply(batch, planned), applied++ === 0 ? Effect.fail(refused) : Effect.die("applied again")),
          })),
      }
      const d = definition(sink, { mode: "smart", allowPartial: true, limits: { batch: 2 } })
      const pending = yield* Engine.validate(d, TestSource.make({ columns, rows }))
      const job = yield* Engine.commit(d, pending.id)
      expect(job).toMatchObject({
        status: "failed",
        failure: { code: "sink.DataRefused", message: "test:6: value too long", retryable: false },
        counts: { created: 0, unprocessed: 9 },
      })
      const store = yield* JobStore.JobStore
      expect((yield* store.issues(job.id)).at(-1)).toMatchObject({
        code: "sink.22001",
        entity: "product",
        ref: "test:6",
        column: "title",
      })
    }),
  )
})

test("a verification that breaks off behind a commit that is done does not say that nothing was written", async () => {
  await run(
    Effect.gen(function* () {
      const inner = target(true)
      const timeout = new Sink.SinkError({ reason: "Timeout", message: "too slow", isRetryable: false })
      const sink: MemorySink.MemorySink = {
        ...inner,
        commit: (context) => Effect.map(inner.commit(context), (session) => ({ ...session, verify: () => Stream.fail(timeout) })),
      }
      const d = definition(sink, { mode: "smart", allowPartial: true })
      const pending = yield* Engine.validate(d, TestSource.make({ columns, rows }))
      const job = yield* Engine.commit(d, pending.id)
      expect(job).toMatchObject({ status: "failed", failure: { code: "sink.Timeout" } })
      expect(job.counts).toEqual(pending.counts)
    }),
  )
})
