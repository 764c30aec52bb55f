/** Runs of partitions that broke off, were paused or given up. */
import { Engine, JobStore, Partitions, type Source, Summary } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { all, childrenOf, countries, keys, partitioned, sourceOf } from "./support/partitions.ts"
import { definition, drive, run, runWithTestClock } from "./support/products.ts"
import { as, slowSource } from "./support/workers.ts"

const ways = ["killed", "interrupted"] as const

describe("a run that broke off", () => {
  test.each(ways)("%s anywhere: what is done is not done again, the broken one is resumed, the rest is done", async (way) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 6_000 }), fc.boolean(), async (at, hashed) => {
        const sink = MemorySink.make()
        const d = definition(sink, { limits: { batch: 2 } })
        const delivered = new Map<string, Array<Source.Cursor>>()
        // each page takes a second
        const slow = () =>
          partitioned(
            Object.fromEntries(
              Object.entries(countries).map(([name, rows]) => {
                const source = slowSource(sourceOf(name, rows, hashed), "1 second")
                delivered.set(name, [...(delivered.get(name) ?? [])])
                const before = delivered.get(name)!
                return [
                  name,
                  {
                    ...source,
                    read: (from: Source.Cursor | null) =>
                      Stream.tap(source.read(from), (page) => Effect.sync(() => void before.push(page.cursor))),
                  },
                ]
              }),
            ),
          )
        await runWithTestClock(
          Effect.gen(function* () {
            const store = yield* JobStore.JobStore
            let dead = false
            const mortal: JobStore.JobStore["Service"] = {
              ...store,
              save: (job, issues) => Effect.suspend(() => (dead ? Effect.never : store.save(job, issues))),
              get: (id) => Effect.suspend(() => (dead ? Effect.never : store.get(id))),
              create: (job) => Effect.suspend(() => (dead ? Effect.never : store.create(job))),
              find: (query) => Effect.suspend(() => (dead ? Effect.never : store.find(query))),
            }
            const fiber = yield* Effect.forkChild(
              Effect.provideService(as("first")(Partitions.run(d, slow())), JobStore.JobStore, mortal),
              { startImmediately: true },
            )
            yield* TestClock.adjust(at)
            dead = way === "killed"
            yield* drive(yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true }))
            const [parent] = yield* store.find({ parent: null })
            if (parent === undefined) return
            const done = (yield* childrenOf(parent.id)).filter(({ status }) => status === "success")
            const read = new Map([...delivered].map(([name, cursors]) => [name, cursors.length]))
            const again = yield* Effect.forkChild(
              as("second")(
                parent.status === "success"
                  ? Effect.succeed(parent)
                  : Partitions.resume(d, parent.id, slow(), { onBusy: "wait" }),
              ),
              { startImmediately: true },
            )
            const ended = yield* drive(again)
            expect(ended).toMatchObject({ id: parent.id, status: "success", failure: null, lease: null })
            expect(ended.counts).toMatchObject({ processed: 9, imported: 9, created: 9 })
            expect(Summary.unbalanced(ended.counts)).toEqual([])
            const children = yield* childrenOf(parent.id)
            expect(children.map(({ partition, status }) => `${partition} ${status}`)).toEqual([
              "PT success",
              "ES success",
              "FR success",
            ])
            // what was done is neither saved nor read again
            for (const job of done) {
              expect(children).toContainEqual(job)
              expect(delivered.get(job.partition!)).toHaveLength(read.get(job.partition!)!)
            }
          }),
        )
        if (keys(sink).length > 0) expect(keys(sink)).toEqual(all)
      }),
      { numRuns: 12 },
    )
  })

  test("cancelled or paused: its worker and the one of the child stop, and a pause is gone on with", async () => {
    for (const what of ["cancel", "pause"] as const) {
      const sink = MemorySink.make()
      const d = definition(sink)
      const slow = () =>
        partitioned(
          Object.fromEntries(
            Object.entries(countries).map(([name, rows]) => [name, slowSource(sourceOf(name, rows), "10 seconds")]),
          ),
        )
      await runWithTestClock(
        Effect.gen(function* () {
          const store = yield* JobStore.JobStore
          const fiber = yield* Effect.forkChild(as("first")(Partitions.run(d, slow())), { startImmediately: true })
          // two pages of PT, and the one page of ES is on its way
          yield* TestClock.adjust("25 seconds")
          const [found] = yield* store.find({ parent: null })
          expect(yield* Engine[what](found!.id)).toMatchObject({ request: what })
          const ended = yield* drive(fiber)
          const children = yield* childrenOf(found!.id)
          if (what === "cancel") {
            expect(ended).toMatchObject({ status: "cancelled", counts: { created: 3 }, lease: null })
            expect(children.map(({ partition, status }) => `${partition} ${status}`)).toEqual(["PT success", "ES cancelled"])
            expect(yield* Effect.flip(Partitions.resume(d, found!.id, slow()))).toMatchObject({ reason: "WrongStatus" })
          } else {
            expect(ended).toMatchObject({ status: "running", lease: null, request: null, counts: { created: 3 } })
            expect(children.map(({ partition, status }) => `${partition} ${status}`)).toEqual(["PT success", "ES validating"])
            const again = yield* Effect.forkChild(Partitions.resume(d, found!.id, slow()), { startImmediately: true })
            expect(yield* drive(again)).toMatchObject({ status: "success", counts: { created: 9 } })
          }
        }),
      )
    }
  })

  test("given up while nobody works on it: what is done stays, the rest is not begun", async () => {
    const sink = MemorySink.make()
    const d = definition(sink)
    await run(
      Effect.gen(function* () {
        const parent = yield* Partitions.validate(d, partitioned(countries))
        const [pt] = yield* childrenOf(parent.id)
        yield* Engine.commit(d, pt!.id)
        expect(yield* Engine.cancel(parent.id)).toMatchObject({ status: "cancelled", counts: { created: 3 } })
        expect((yield* childrenOf(parent.id)).map(({ status }) => status)).toEqual(["success", "cancelled", "cancelled"])
      }),
    )
  })
})
