/** Undo of a whole run of partitions. */
import { Engine, JobStore, Partition, Partitions, Retention, Sink } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { all, childrenOf, countries, keys, partitioned, product, sourceOf } from "./support/partitions.ts"
import { definition, drive, run, runWithTestClock } from "./support/products.ts"
import { issuesOf, jobOf } from "./support/undoing.ts"
import { as } from "./support/workers.ts"

// a sink whose undo takes a second for each batch; `opened` are the jobs whose undo was begun
const slow = (sink: MemorySink.MemorySink): MemorySink.MemorySink & { readonly opened: Array<string> } => {
  const opened: Array<string> = []
  return {
    ...sink,
    opened,
    undo: (context) => {
      opened.push(context.of.job)
      return Effect.map(sink.undo!(context), (session) => ({
        ...session,
        revert: (batch, planned) => Effect.delay(session.revert(batch, planned), "1 second"),
      }))
    },
  }
}

const lines = (id: string) => [`${id}-3`, `${id}-2`, `${id}-1`]

describe("an undo of a run of partitions", () => {
  test("takes back all that its partitions wrote, the last first, as one job with one summary", async () => {
    const inner = MemorySink.make()
    const sink = slow(inner)
    const kept = ["X-1", "Other", null, null]
    inner.tables.set("product", new Map([["X-1", kept]]))
    await runWithTestClock(
      Effect.gen(function* () {
        const d = definition(sink)
        const parent = yield* Partitions.run(d, partitioned(countries), { startedBy: "ann" })
        const preview = yield* drive(yield* Effect.forkChild(Partitions.previewUndo(d, parent.id)))
        expect(preview).toMatchObject({ reversed: 9, kept: 0, errored: 0, left: [] })
        expect(preview.entities["product"]).toEqual({ reversed: 9, kept: 0, errored: 0 })
        expect(preview.partitions).toEqual([
          { partition: "FR", job: `${parent.id}-3`, reversed: 4, kept: 0, errored: 0, refused: null },
          { partition: "ES", job: `${parent.id}-2`, reversed: 2, kept: 0, errored: 0, refused: null },
          { partition: "PT", job: `${parent.id}-1`, reversed: 3, kept: 0, errored: 0, refused: null },
        ])
        expect(keys(inner)).toHaveLength(10)
        expect(yield* jobOf(parent.id)).toEqual(parent)
        sink.opened.length = 0
        const undo = yield* drive(yield* Effect.forkChild(Engine.undo(d, parent.id, { startedBy: "bob" })))
        expect(undo).toMatchObject({
          id: `${parent.id}-undo`,
          status: "success",
          startedBy: "bob",
          source: { kind: "undo", name: parent.id },
          undo: { of: parent.id, reversed: 9, kept: 0, errored: 0 },
          partitions: null,
          failure: null,
          lease: null,
        })
        expect(undo.undo?.children).toEqual(
          ["FR", "ES", "PT"].map((partition, at) => ({ partition, job: lines(parent.id)[at], refused: null })),
        )
        expect(sink.opened).toEqual(lines(parent.id))
        expect(yield* jobOf(parent.id)).toMatchObject({ status: "undone", failure: null, counts: parent.counts })
        expect((yield* childrenOf(parent.id)).map(({ status }) => status)).toEqual(["undone", "undone", "undone"])
        for (const call of [Engine.undo, Engine.previewUndo])
          expect(yield* Effect.flip(call(d, parent.id) as Effect.Effect<unknown, unknown>)).toMatchObject({
            reason: "WrongStatus",
            message: `job ${parent.id} was taken back already, by job ${undo.id}`,
          })
      }),
    )
    expect([...inner.tables.get("product")!]).toEqual([["X-1", kept]])
  })

  test("leaves the later writings of others, sums what each partition kept, and has their issues", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const parent = yield* Partitions.run(d, partitioned(countries))
        sink.tables.get("product")!.set("PT-2", ["PT-2", "Edited", "1.50", null])
        sink.tables.get("product")!.set("FR-1", ["FR-1", "Edited", "1.50", null])
        expect(yield* Engine.previewUndo(d, parent.id)).toMatchObject({
          reversed: 7,
          kept: 2,
          left: [{ key: "FR-1" }, { key: "PT-2" }],
        })
        const undo = yield* Partitions.undo(d, parent.id)
        expect(undo).toMatchObject({
          status: "partial",
          undo: { reversed: 7, kept: 2, errored: 0 },
          counts: { warnings: 2, errors: 0, issuesByCode: { "undo.kept": 2 } },
        })
        expect((yield* issuesOf(undo.id)).map(({ code, value }) => `${code} ${value}`)).toEqual([
          "undo.kept FR-1",
          "undo.kept PT-2",
        ])
        expect(yield* jobOf(parent.id)).toMatchObject({ status: "undone" })
      }),
    )
    expect(keys(sink)).toEqual(["FR-1", "PT-2"])
  })

  test("takes back each attempt at a partition, and of a run with failed and cancelled ones what they wrote", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink, { allowPartial: true })
        const bad = { ...countries, ES: [product("ES-1"), product("ES-2", "cheap")] }
        const parent = yield* Partitions.run(d, partitioned(bad))
        expect(parent).toMatchObject({ status: "partial", counts: { created: 8 } })
        const again = yield* Partitions.again(d, parent.id, "ES", partitioned(countries))
        expect(again).toMatchObject({ status: "success" })
        expect(yield* Partitions.undo(d, parent.id)).toMatchObject({ status: "success", undo: { reversed: 9 } })
        expect(keys(sink)).toEqual([])
        // imported again by one partition, the parent has something to be taken back anew
        yield* Partitions.again(d, parent.id, "PT", partitioned(countries))
        expect(keys(sink)).toEqual(["PT-1", "PT-2", "PT-3"])
        expect(yield* Partitions.undo(d, parent.id)).toMatchObject({ id: `${parent.id}-undo-2`, undo: { reversed: 3 } })
        expect(keys(sink)).toEqual([])

        const planned = yield* Partitions.validate(d, partitioned(countries), { force: true })
        expect(yield* Effect.flip(Partitions.undo(d, planned.id))).toMatchObject({
          reason: "WrongStatus",
          message: expect.stringContaining("is pending; let it come to its end or cancel it"),
        })
        yield* Engine.commit(d, `${planned.id}-1`)
        yield* Engine.cancel(planned.id)
        expect(yield* jobOf(planned.id)).toMatchObject({ status: "cancelled", counts: { created: 3 } })
        expect(yield* Partitions.undo(d, planned.id)).toMatchObject({ status: "success", undo: { reversed: 3 } })
        expect(yield* jobOf(planned.id)).toMatchObject({ status: "undone" })
        const whole = definition(sink)
        const nothing = yield* Partitions.run(whole, partitioned({ PT: [product("PT-1", "cheap")] }))
        expect(yield* Effect.flip(Partitions.undo(whole, nothing.id))).toMatchObject({
          reason: "WrongStatus",
          message: expect.stringContaining("has written anything"),
        })
      }),
    )
    expect(keys(sink)).toEqual([])
  })

  test("names a partition that cannot be taken back, and goes on with the others", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const store = yield* JobStore.JobStore
        const parent = yield* Partitions.run(d, partitioned(countries))
        const [pt, es, fr] = yield* childrenOf(parent.id)
        yield* store.save({ ...fr!, purged: fr!.updatedAt })
        yield* Engine.undo(d, pt!.id)
        const preview = yield* Partitions.previewUndo(d, parent.id)
        expect(preview.partitions).toMatchObject([
          { partition: "FR", reversed: 0, refused: expect.stringContaining("was purged") },
          { partition: "ES", reversed: 2, refused: null },
        ])
        const undo = yield* Partitions.undo(d, parent.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 2 }, counts: { errors: 1 } })
        expect(undo.undo?.children).toMatchObject([
          { job: fr!.id, refused: expect.stringContaining("was purged") },
          { job: es!.id, refused: null },
        ])
        expect(yield* issuesOf(undo.id)).toMatchObject([
          { code: "undo.refused", severity: "error", value: fr!.id, message: expect.stringContaining("partition FR: job") },
          { code: "undo.later", value: fr!.id },
        ])
        const after = yield* jobOf(parent.id)
        expect(after).toMatchObject({ status: "partial", counts: { created: 4 } })
        // nothing more can be taken back: no job is made for that
        expect(yield* Effect.flip(Partitions.undo(d, parent.id))).toMatchObject({ reason: "Purged", job: parent.id })
        expect(yield* store.find({ kind: "undo" })).toHaveLength(3)
      }),
    )
    expect(keys(sink)).toEqual(["FR-1", "FR-2", "FR-3", "FR-4"])
  })

  test("takes back the partitions of several imports, each by its own", async () => {
    const sinks = [MemorySink.make(), MemorySink.make()] as const
    await run(
      Effect.gen(function* () {
        const [one, two] = sinks.map((sink, at) => definition(sink, { name: `products ${at}` }))
        const of = Partition.imports("both", [one!, two!])
        const source = {
          ...partitioned({}),
          partitions: Effect.succeed([
            { name: "PT", source: sourceOf("PT", countries["PT"]!), import: one! },
            { name: "ES", source: sourceOf("ES", countries["ES"]!), import: two! },
          ]),
        }
        const parent = yield* Partitions.run(of, source)
        expect(yield* Effect.flip(Engine.undo(one!, parent.id))).toMatchObject({ reason: "WrongImport" })
        expect(yield* Partitions.undo(of, parent.id)).toMatchObject({ status: "success", undo: { reversed: 5 } })
      }),
    )
    expect(sinks.map(keys)).toEqual([[], []])
  })
})

describe("an undo of a run of partitions that stopped", () => {
  test.each(["killed", "interrupted"] as const)(
    "%s anywhere: who goes on takes back the rest, nothing twice, and ends with the same sums",
    async (way) => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: 6_500 }), fc.boolean(), async (at, atomic) => {
          const inner = MemorySink.make()
          const sink = slow(inner)
          const d = definition(sink, { limits: { batch: 2 }, transaction: atomic ? "atomic" : "batched" })
          await runWithTestClock(
            Effect.gen(function* () {
              const store = yield* JobStore.JobStore
              const parent = yield* Partitions.run(d, partitioned(countries))
              let dead = false
              const unless = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.suspend(() => (dead ? Effect.never : effect))
              const mortal: JobStore.JobStore["Service"] = {
                ...store,
                save: (job, issues) => unless(store.save(job, issues)),
                get: (id) => unless(store.get(id)),
                create: (job) => unless(store.create(job)),
                find: (query) => unless(store.find(query)),
              }
              const fiber = yield* Effect.forkChild(
                Effect.provideService(as("first")(Partitions.undo(d, parent.id)), JobStore.JobStore, mortal),
                { startImmediately: true },
              )
              yield* TestClock.adjust(at)
              dead = way === "killed"
              yield* drive(yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true }))
              const done = (yield* store.find({ kind: "undo" })).filter((job) => job.status === "success")
              const isOver = done.some((job) => job.undo?.of === parent.id)
              sink.opened.length = 0
              const again = isOver
                ? yield* jobOf(`${parent.id}-undo`)
                : yield* drive(
                    yield* Effect.forkChild(as("second")(Partitions.undo(d, parent.id, { onBusy: "wait" })), {
                      startImmediately: true,
                    }),
                  )
              expect(again).toMatchObject({
                id: `${parent.id}-undo`,
                status: "success",
                lease: null,
                undo: { reversed: 9, kept: 0, errored: 0 },
              })
              for (const { undo } of done) expect(sink.opened).not.toContain(undo!.of)
              expect(yield* jobOf(parent.id)).toMatchObject({ status: "undone" })
              expect(yield* store.find({ kind: "undo" })).toHaveLength(4)
              expect(keys(inner)).toEqual([])
            }),
          )
        }),
        { numRuns: 15 },
      )
    },
  )

  test("paused or cancelled: stops between the batches of the partition it is at, and is gone on with", async () => {
    for (const what of ["pause", "cancel"] as const) {
      const inner = MemorySink.make()
      const d = definition(slow(inner), { limits: { batch: 2 }, transaction: "batched" })
      await runWithTestClock(
        Effect.gen(function* () {
          const parent = yield* Partitions.run(d, partitioned(countries))
          const fiber = yield* Effect.forkChild(as("first")(Partitions.undo(d, parent.id)), { startImmediately: true })
          // the first of two batches of FR is on its way
          yield* TestClock.adjust("500 millis")
          expect(yield* Engine[what](`${parent.id}-undo`)).toMatchObject({ request: what })
          const stopped = yield* drive(fiber)
          expect(stopped).toMatchObject({ status: what === "pause" ? "running" : "cancelled", lease: null, request: null })
          expect(yield* jobOf(`${parent.id}-3-undo`)).toMatchObject({ status: stopped.status, lease: null })
          expect(keys(inner)).toEqual(all.filter((key) => key !== "FR-3" && key !== "FR-4"))
          const undo = yield* drive(yield* Effect.forkChild(Partitions.undo(d, parent.id)))
          expect(undo).toMatchObject({ status: "success", undo: { reversed: 9 } })
          expect(undo.id).toBe(`${parent.id}-undo${what === "pause" ? "" : "-2"}`)
          expect(keys(inner)).toEqual([])
        }),
      )
    }
  })

  test("by a target that is away: is failed, names the partition, leaves the rest, and is gone on with", async () => {
    const inner = MemorySink.make()
    let away = true
    const gone = new Sink.SinkError({ reason: "Unreachable", message: "it is away", isRetryable: true })
    const sink: MemorySink.MemorySink = {
      ...inner,
      undo: (context) =>
        away && context.of.job.endsWith("-2")
          ? Effect.fail(gone)
          : (inner.undo!(context) as ReturnType<typeof inner.commit> & never),
    }
    await runWithTestClock(
      Effect.gen(function* () {
        const d = definition(sink)
        const parent = yield* Partitions.run(d, partitioned(countries))
        const failed = yield* drive(yield* Effect.forkChild(Partitions.undo(d, parent.id)))
        expect(failed).toMatchObject({
          status: "failed",
          undo: { reversed: 4 },
          failure: {
            code: "sink.Unreachable",
            message: `partition ES, job ${parent.id}-2: it is away`,
            retryable: true,
          },
        })
        expect(keys(inner)).toEqual(all.filter((key) => !key.startsWith("FR")))
        away = false
        expect(yield* Partitions.undo(d, parent.id)).toMatchObject({ id: failed.id, status: "success", undo: { reversed: 9 } })
      }),
    )
    expect(keys(inner)).toEqual([])
  })

  test("keeps what it still needs from retention, until it is at its end", async () => {
    const inner = MemorySink.make()
    const d = definition(slow(inner))
    await runWithTestClock(
      Effect.gen(function* () {
        const parent = yield* Partitions.run(d, partitioned(countries))
        const fiber = yield* Effect.forkChild(as("first")(Partitions.undo(d, parent.id)), { startImmediately: true })
        yield* TestClock.adjust("500 millis")
        yield* Engine.pause(`${parent.id}-undo`)
        yield* drive(fiber)
        yield* TestClock.adjust("100 days")
        const looked = yield* Retention.look({ imports: [d], age: Duration.days(1) })
        // what was taken back leaves a trace of its undo in the target
        expect(looked.goes.map(({ job }) => job)).toEqual([`${parent.id}-3-undo`])
        expect(yield* drive(yield* Effect.forkChild(Partitions.undo(d, parent.id)))).toMatchObject({ status: "success" })
        yield* TestClock.adjust("100 days")
        const due = yield* Retention.look({ imports: [d] })
        expect(due.goes.map(({ job }) => job)).toEqual(expect.arrayContaining(lines(parent.id)))
      }),
    )
    expect(keys(inner)).toEqual([])
  })

  test("by a worker that died in a partition: whoever goes on waits for the rest of its lease, and not for others", async () => {
    const inner = MemorySink.make()
    const d = definition(slow(inner))
    await runWithTestClock(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const parent = yield* Partitions.run(d, partitioned(countries))
        let dead = false
        const mortal = { ...store, save: (...of: Parameters<typeof store.save>) => (dead ? Effect.never : store.save(...of)) }
        yield* Effect.forkChild(Effect.provideService(as("first")(Partitions.undo(d, parent.id)), JobStore.JobStore, mortal), {
          startImmediately: true,
        })
        // the second partition is begun a second after the parent, and so its lease runs out
        yield* TestClock.adjust("1500 millis")
        dead = true
        yield* TestClock.adjust("59 seconds")
        const second = yield* Effect.forkChild(as("second")(Partitions.undo(d, parent.id)), { startImmediately: true })
        expect(yield* drive(second)).toMatchObject({ status: "success", token: 2, undo: { reversed: 9 } })
        // what the dead worker does behind its end is over
        dead = false
        yield* TestClock.adjust("5 minutes")

        const other = yield* Partitions.run(d, partitioned(countries))
        const pending = yield* Engine.validate(d, sourceOf("DE", [product("DE-1")]))
        const job = yield* jobOf(pending.id)
        const lease = { worker: "else", until: new Date(10_000_000).toISOString() }
        const busy = yield* store.save({ ...job, status: "running", lease })
        expect(yield* Partitions.undo(d, other.id)).toMatchObject({
          status: "failed",
          failure: {
            code: "busy",
            message: expect.stringContaining(`job ${job.id} is being worked on by else`),
            retryable: true,
          },
        })
        yield* store.save({ ...busy, status: "pending", lease: null })
        expect(yield* drive(yield* Effect.forkChild(Partitions.undo(d, other.id)))).toMatchObject({ status: "success" })
      }),
    )
    expect(keys(inner)).toEqual([])
  })

  test("by two at once: one does it, the other is told that it is busy", async () => {
    const inner = MemorySink.make()
    const d = definition(slow(inner))
    await runWithTestClock(
      Effect.gen(function* () {
        const parent = yield* Partitions.run(d, partitioned(countries))
        const one = yield* Effect.forkChild(as("one")(Partitions.undo(d, parent.id)), { startImmediately: true })
        yield* TestClock.adjust("500 millis")
        expect(yield* Effect.flip(as("two")(Partitions.undo(d, parent.id)))).toMatchObject({ reason: "Busy" })
        expect(yield* drive(one)).toMatchObject({ status: "success", token: 1, undo: { reversed: 9 } })
      }),
    )
  })
})
