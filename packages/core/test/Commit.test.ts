import { Cell, Engine, Entity, Field, Import, Job, JobStore, Sink, type SnapshotStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Option, Schedule, Schema } from "effect"
import { describe, expect, test } from "vitest"
import { columns, definition, products, run } from "./support/products.ts"

const source = (count = 3, title = "Lamp") => TestSource.make({ columns, rows: products(count, title) })

const unreachable = new Sink.SinkError({ reason: "Unreachable", message: "connection refused", isRetryable: true })

describe("which jobs can be committed", () => {
  const statuses = Object.keys(Job.moves) as ReadonlyArray<Job.Status>

  test.each(statuses.filter((status) => status !== "pending" && status !== "running"))(
    "a job that is %s cannot: it is told so in a sentence, and nothing is written",
    async (status) => {
      await run(
        Effect.gen(function* () {
          const sink = MemorySink.make()
          const job = yield* Engine.validate(definition(sink), source())
          const store = yield* JobStore.JobStore
          const failure = status === "failed" ? { code: "verify", message: "3 are missing", retryable: false } : null
          const stored = yield* store.save({ ...job, status, failure })
          const refused = yield* Effect.flip(Engine.commit(definition(sink), job.id))
          expect(refused).toMatchObject({ _tag: "EngineError", reason: "WrongStatus", job: job.id })
          expect(refused.message).toContain(`job ${job.id} is ${status}`)
          expect(refused.message).toContain(
            failure === null ? "only a pending job can be committed" : "(3 are missing); validate again",
          )
          expect(yield* store.get(job.id)).toMatchObject({ value: stored })
          expect(sink.tables.get("product")?.size ?? 0).toBe(0)
        }),
      )
    },
  )

  test("a job that was not sealed cannot, though what stopped it may pass", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const away: MemorySink.MemorySink = { ...sink, plan: () => Effect.fail(unreachable) }
        const job = yield* Engine.validate(definition(away, { retry: Schedule.recurs(1) }), source())
        expect(job).toMatchObject({ status: "failed", failure: { code: "sink.Unreachable", retryable: true }, plan: null })
        expect(yield* Effect.flip(Engine.commit(definition(sink), job.id))).toMatchObject({ reason: "WrongStatus" })
      }),
    )
  })

  test("an id that there is not, a job of another import, and of another definition of it, are told apart", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const job = yield* Engine.validate(definition(sink), source())
        const refused = (d: Import.Import, id: string) => Effect.flip(Engine.commit(d, id))
        expect(yield* refused(definition(sink), "nowhere")).toMatchObject({
          reason: "NotFound",
          message: "there is no job nowhere",
        })
        const other = yield* refused(definition(sink, { name: "others" }), job.id)
        expect(other).toMatchObject({
          reason: "WrongImport",
          message: expect.stringContaining("of the import products, not of others"),
        })
        for (const changed of [{ revision: 2 }, { mode: "smart" as const }, { normalize: [] }]) {
          const newer = yield* refused(definition(sink, changed), job.id)
          expect(newer).toMatchObject({ reason: "WrongImport", message: expect.stringContaining("validate again") })
        }
        expect(sink.tables.get("product")?.size ?? 0).toBe(0)
      }),
    )
  })

  test("a plan that was made against another target is not carried out", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const job = yield* Engine.validate(definition(sink), source())
        const elsewhere = { ...MemorySink.make(), target: "production" }
        const done = yield* Engine.commit(definition(elsewhere), job.id)
        expect(done).toMatchObject({ status: "failed", failure: { code: "target", retryable: false } })
        expect(done.failure!.message).toContain("production")
        expect(elsewhere.tables.size).toBe(0)
      }),
    )
  })
})

describe("a commit that the world has stopped", () => {
  test("can be done again from the same snapshot, needs no source, and ends with the numbers of the preview", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const pending = yield* Engine.validate(definition(sink), source())
        const away = { ...sink, commit: () => Effect.fail(unreachable) }
        for (const token of [1, 2]) {
          const failed = yield* Engine.commit(definition(away, { retry: Schedule.recurs(1) }), pending.id)
          expect(failed).toMatchObject({ status: "failed", token, failure: { code: "sink.Unreachable", retryable: true } })
          expect(failed.counts).toMatchObject({ created: 0, failed: 3, imported: 0, unprocessed: 3 })
        }
        const done = yield* Engine.commit(definition(sink), pending.id)
        expect(done).toMatchObject({ status: "success", token: 3, failure: null, snapshot: pending.snapshot, plan: pending.plan })
        expect(done.counts).toEqual(pending.counts)
      }),
    )
  })

  test("and is under way with nobody at it is taken over; the worker that had it can neither write nor save", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = definition(sink, { transaction: "batched", limits: { batch: 1 } })
        const pending = yield* Engine.validate(d, source())
        // the first worker sleeps behind its first batch, and wakes when another has done it all
        let taken: Job.Job | undefined
        const store = yield* JobStore.JobStore
        const takeOver = Effect.flatMap(store.get(pending.id), (found) =>
          store.save({ ...Option.getOrThrow(found), lease: { worker: "gone", until: "2020-01-01T00:00:00.000Z" } }),
        ).pipe(
          Effect.andThen(Engine.commit(d, pending.id)),
          Effect.flatMap((job) =>
            Effect.sync(() => {
              taken = job
            }),
          ),
          Effect.orDie,
          Effect.provideContext(yield* Effect.context<JobStore.JobStore | SnapshotStore.SnapshotStore>()),
        )
        const sleepy: MemorySink.MemorySink = {
          ...sink,
          commit: (context) =>
            Effect.map(sink.commit(context), (session): Sink.CommitSession => {
              let batches = 0
              return {
                ...session,
                apply: (batch, planned) =>
                  Effect.andThen(
                    Effect.suspend(() => (batches++ === 1 ? takeOver : Effect.void)),
                    session.apply(batch, planned),
                  ),
              }
            }),
        }
        const old = yield* Effect.flip(Engine.commit({ ...d, sink: sleepy }, pending.id))
        expect(old).toMatchObject({ _tag: "EngineError", reason: "TakenOver", job: pending.id })
        expect(taken).toMatchObject({ status: "success", token: 2, counts: pending.counts })
        expect(yield* store.get(pending.id)).toMatchObject({ value: { status: "success", token: 2 } })
        expect(sink.tables.get("product")!.size).toBe(3)
      }),
    )
  })
})

test("a second commit of a job that is done is refused, and doubles nothing", async () => {
  await run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      const done = yield* Engine.run(definition(sink), source())
      expect(done.status).toBe("success")
      expect(yield* Effect.flip(Engine.commit(definition(sink), done.id))).toMatchObject({ reason: "WrongStatus" })
    }),
  )
})

describe("conflicts under abort, batch by batch", () => {
  test("stop the commit where they are met: batches before stay, batches behind are not written", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = definition(sink, { transaction: "batched", limits: { batch: 2 } })
        yield* Engine.run(d, source(8))
        const changed = TestSource.make({ columns, rows: [...products(6, "New"), ...products(8).slice(6)] })
        const pending = yield* Engine.validate(d, changed)
        expect(pending.counts).toMatchObject({ updated: 6, unchanged: 2 })
        sink.tables.get("product")!.set("A-3", ["A-3", "Edited", null, null])
        const done = yield* Engine.commit(d, pending.id)
        expect(done).toMatchObject({ status: "failed", failure: { code: "conflict", retryable: false } })
        // the record beside the conflict and the batch behind it are failed; what the plan settled stays unchanged
        expect(done.counts).toMatchObject({ updated: 2, conflict: 1, failed: 3, unchanged: 2, unprocessed: 0 })
        const titles = [...sink.tables.get("product")!.values()].map(([, title]) => title)
        expect(titles).toEqual(["New 1", "New 2", "Edited", "Lamp 4", "Lamp 5", "Lamp 6", "Lamp 7", "Lamp 8"])
      }),
    )
  })
})

test("a sink that loses a write, or writes something else, is found out by the verification", async () => {
  await run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      const forgetful: MemorySink.MemorySink = {
        ...sink,
        commit: (context) =>
          Effect.map(
            sink.commit(context),
            (session): Sink.CommitSession => ({
              ...session,
              complete: Effect.map(session.complete, () => {
                sink.tables.get("product")!.delete("A-1")
                sink.tables.get("product")!.set("A-2", ["A-2", "Other", "1.50", null])
              }),
            }),
          ),
      }
      const job = yield* Engine.run(definition(forgetful), source())
      expect(job).toMatchObject({ status: "failed", failure: { code: "verify", retryable: false } })
      expect(job.failure!.message).toContain("product A-1")
      expect(job.counts.issuesByCode).toEqual({ "verify.missing": 1, "verify.different": 1 })
      const store = yield* JobStore.JobStore
      expect((yield* store.issues(job.id)).map(({ code, column, value }) => [code, column, value])).toEqual([
        ["verify.missing", null, "A-1"],
        ["verify.different", "title", "A-2"],
      ])
    }),
  )
})

test("a sink whose outcomes do not add up fails the job", async () => {
  await run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      const wrong: MemorySink.MemorySink = {
        ...sink,
        commit: (context) =>
          Effect.map(
            sink.commit(context),
            (session): Sink.CommitSession => ({
              ...session,
              apply: (batch, planned) =>
                Effect.map(session.apply(batch, planned), ({ conflicts, outcomes }) => ({
                  conflicts,
                  outcomes: outcomes.map(() => 0),
                })),
            }),
          ),
      }
      const job = yield* Engine.run(definition(wrong), source())
      expect(job).toMatchObject({ status: "failed", failure: { code: "accounting" } })
      expect(job.failure!.message).toContain("3 records, but 0 have an outcome")
    }),
  )
})

test("a field that is absent is left as it is in the target, null is written as null", async () => {
  const Thing = Entity.make("thing", {
    schema: { id: Field.text(), a: Field.optional(Field.nullable(Field.text())), b: Field.nullable(Field.text()) },
    key: "id",
  })
  const Row = Schema.Struct({ id: Cell.text(), b: Cell.optional(Cell.text()) })
  await run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      sink.tables.set("thing", new Map([["1", ["1", "kept", "gone"]]]))
      const d = Import.make({ name: "t", row: Row, entities: [Thing], map: Import.columns(Thing, { a: null }), sink })
      const job = yield* Engine.run(d, TestSource.make({ columns: ["id", "b"], rows: [["1", null]] }))
      expect(job.counts).toMatchObject({ updated: 1, failed: 0 })
      expect(sink.tables.get("thing")!.get("1")).toEqual(["1", "kept", null])
    }),
  )
})
