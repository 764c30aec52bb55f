/**
 * Decisions that are made while a validation is at work, or broken off: an attempt goes by one state of them from its first row to its plan, the one it
 * met when it began, and the job says which.
 */
import { Candidates, DecisionStore, Engine, type Import, type Job, JobStore } from "@waybill/core"
import { MemoryDecisionStore, MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { columns, definition, drive, lines, runWithTestClock } from "./support/products.ts"
import { as, slowSource, stored } from "./support/workers.ts"

const rows = Array.from({ length: 7 }, (_, at) => [`A-${at}`, "Lamp", "1.50", at % 2 === 0 ? "Lampps" : null])
const pageCount = 4
const feed = (hashed: boolean) => TestSource.make({ columns, rows, pageRows: 2, hashed })

const importOf = (): Import.Import => {
  const sink = MemorySink.make()
  sink.tables.set("category", new Map(["lamps", "shades"].map((slug) => [slug, [slug, slug]])))
  return definition(sink, { allowPartial: true, limits: { batch: 2 } })
}

const verdicts = ["none", "lamps", "shades", "create", "reject"] as const
type Decided = (typeof verdicts)[number]

// decides so, whatever was decided before
const decide = (to: Decided) =>
  Effect.gen(function* () {
    const store = yield* DecisionStore.DecisionStore
    const version = (yield* store.list("products"))[0]?.version ?? 0
    if (to === "none" && version === 0) return
    const [verdict, meant] =
      to === "none" ? [null, null] : to === "create" || to === "reject" ? [to, null] : (["map", to] as const)
    const about = { import: "products", entity: "category", key: "Lampps", by: "ann", at: "2024-02-29T10:30:00.000Z" }
    yield* store.save({ ...about, verdict, as: meant, version })
  })

// what a validation leaves of its decisions, but for ids, times and versions
const outcome = (job: Job.Job) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const [manifest] = (yield* lines(job.id, "snapshot.json")).slice(-1)
    return {
      status: job.status,
      failure: job.failure,
      decisions: job.decisions,
      counts: job.counts,
      snapshot: job.snapshot!.hash,
      went: (manifest.decisions ?? []).map(({ as: meant, key, verdict }: any) => [key, verdict, meant]),
      issues: yield* store.issues(job.id),
    }
  })

const withDecisions = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  runWithTestClock(Effect.provide(effect, MemoryDecisionStore.layer))

const uninterrupted = (hashed: boolean, decided: Decided) =>
  withDecisions(Effect.andThen(decide(decided), Effect.flatMap(Engine.validate(importOf(), feed(hashed)), outcome)))

const expected = async (hashed: boolean) =>
  new Map(await Promise.all(verdicts.map(async (it) => [it, await uninterrupted(hashed, it)] as const)))

// how a validation may break off: interrupted, so that it gives its job back, or with its process, which saves nothing any more
const ways = ["interrupted", "killed"] as const

// a validation that breaks off behind so many pages, by each page a second
const brokenOff = (
  products: Import.Import,
  hashed: boolean,
  pages: number,
  way: (typeof ways)[number],
  options: Engine.RunOptions = {},
) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    let dead = false
    const mortal: JobStore.JobStore["Service"] = {
      ...store,
      save: (job, issues) => Effect.suspend(() => (dead ? Effect.never : store.save(job, issues))),
      get: (id) => Effect.suspend(() => (dead ? Effect.never : store.get(id))),
    }
    const fiber = yield* Effect.forkChild(
      Effect.provideService(
        as("first")(Engine.validate(products, slowSource(feed(hashed), "1 second"), options)),
        JobStore.JobStore,
        mortal,
      ),
      { startImmediately: true },
    )
    yield* TestClock.adjust(pages * 1000 + 500)
    dead = way === "killed"
    yield* drive(yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true }))
    // by then the lease of who is dead has run out
    yield* TestClock.adjust("2 minutes")
    return (yield* store.find({ status: ["validating"] }))[0]!.id
  })

describe.each([true, false])("decisions that change while a validation is broken off (of a source with a hash: %s)", (hashed) => {
  test.each(ways)("%s: all rows go by those that hold when it is resumed, as if it had begun then", async (way) => {
    const wanted = await expected(hashed)
    const decided = fc.constantFrom(...verdicts)
    await fc.assert(
      fc.asyncProperty(decided, decided, fc.integer({ min: 0, max: pageCount - 1 }), (before, after, pages) =>
        withDecisions(
          Effect.gen(function* () {
            const products = importOf()
            yield* decide(before)
            const id = yield* brokenOff(products, hashed, pages, way)
            expect((yield* stored(id)).status).toBe("validating")
            yield* decide(after)
            const job = yield* as("second")(Engine.resume(products, id, feed(hashed)))
            expect(yield* outcome(job)).toEqual(wanted.get(after))
          }),
        ),
      ),
      { numRuns: 15 },
    )
  })
})

test("the states of decisions lead to different plans, so that they can be told apart", async () => {
  const all = [...(await expected(true)).values()]
  expect(new Set(all.map(({ snapshot }) => snapshot)).size).toBe(4)
  // nobody has decided, and somebody has rejected: the same records, and other issues
  expect(new Set(all.map(({ issues, snapshot }) => JSON.stringify([snapshot, issues]))).size).toBe(5)
  expect(new Set(all.map(({ decisions }) => decisions)).size).toBe(5)
})

test.each([true, false])(
  "a validation that is at work keeps to those it began with, and says so (hashed: %s)",
  async (hashed) => {
    const wanted = await expected(hashed)
    for (const [before, after] of [
      ["none", "lamps"],
      ["lamps", "shades"],
      ["create", "none"],
      ["reject", "create"],
    ] as const)
      await withDecisions(
        Effect.gen(function* () {
          const products = importOf()
          yield* decide(before)
          const fiber = yield* Effect.forkChild(Engine.validate(products, slowSource(feed(hashed), "1 second")), {
            startImmediately: true,
          })
          yield* TestClock.adjust(2_500)
          yield* decide(after)
          const job = yield* drive(fiber)
          expect(yield* outcome(job)).toEqual(wanted.get(before))
          // the same file is to be validated again, for other decisions hold by now
          const again = yield* Engine.validate(products, feed(hashed))
          expect(yield* outcome(again)).toEqual(wanted.get(after))
        }),
      )
  },
)

test("one that was taken back while the validation was broken off is met nowhere, and its job can be committed", () =>
  withDecisions(
    Effect.gen(function* () {
      const products = importOf()
      yield* decide("lamps")
      const id = yield* brokenOff(products, false, 3, "killed")
      yield* Candidates.forget("products", { entity: "category", key: "Lampps", by: "bob" })
      const job = yield* as("second")(Engine.resume(products, id, feed(false)))
      expect(job.decisions).toBeUndefined()
      expect(job.counts).toMatchObject({ imported: 3, rejected: 4, normalizations: {} })
      expect(yield* Engine.commit(products, id)).toMatchObject({ status: "partial" })
    }),
  ))

test("whether the bytes were imported before is asked again when it is resumed, for the decisions that hold by then", () =>
  withDecisions(
    Effect.gen(function* () {
      const products = importOf()
      yield* decide("lamps")
      const before = yield* Engine.run(products, feed(true))
      yield* decide("none")
      const id = yield* brokenOff(products, true, 2, "killed")
      expect((yield* stored(id)).earlier).toBeNull()
      yield* decide("lamps")
      expect(yield* as("second")(Engine.resume(products, id, feed(true)))).toMatchObject({
        status: "pending",
        earlier: before.id,
      })
      expect((yield* stored(id)).earlier).toBe(before.id)
    }),
  ))

test("one that was forced, and goes by decisions that the bytes were never imported by, is as the first", () =>
  withDecisions(
    Effect.gen(function* () {
      const products = importOf()
      const before = yield* Engine.run(products, feed(true))
      const id = yield* brokenOff(products, true, 2, "interrupted", { force: true })
      expect((yield* stored(id)).earlier).toBe(before.id)
      yield* decide("shades")
      expect(yield* as("second")(Engine.resume(products, id, feed(true)))).toMatchObject({ status: "pending", earlier: null })
    }),
  ))

test("one during whose pause the same bytes were imported says by which job", () =>
  withDecisions(
    Effect.gen(function* () {
      const products = importOf()
      const id = yield* brokenOff(products, true, 2, "interrupted")
      const meanwhile = yield* Engine.run(products, feed(true))
      expect(yield* as("second")(Engine.resume(products, id, feed(true)))).toMatchObject({
        status: "pending",
        earlier: meanwhile.id,
      })
    }),
  ))
