/** Partitions as child jobs. */
import { Engine, JobStore, Partitions, Source, Summary } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, test } from "vitest"
import { all, childrenOf, countries, keys, partitioned, product, sourceOf, unreachable } from "./support/partitions.ts"
import { definition, drive, run } from "./support/products.ts"

describe("a run of partitions", () => {
  test("imports each by a job of its own, and the parent is the sum of them", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const parent = yield* Partitions.run(definition(sink), partitioned(countries), { startedBy: "ann" })
        expect(parent).toMatchObject({
          status: "success",
          failure: null,
          import: "products",
          startedBy: "ann",
          parent: null,
          partitions: { names: ["PT", "ES", "FR"], commits: true, refused: {} },
          lease: null,
        })
        expect(parent.counts).toMatchObject({ processed: 9, imported: 9, created: 9 })
        expect(parent.counts.entities["product"]).toMatchObject({ records: 9, created: 9 })
        expect(Summary.unbalanced(parent.counts)).toEqual([])
        const children = yield* childrenOf(parent.id)
        expect(
          children.map(({ id, parent: of, partition, startedBy, status }) => [id, of, partition, startedBy, status]),
        ).toEqual([
          [`${parent.id}-1`, parent.id, "PT", "ann", "success"],
          [`${parent.id}-2`, parent.id, "ES", "ann", "success"],
          [`${parent.id}-3`, parent.id, "FR", "ann", "success"],
        ])
        expect(new Set(children.map(({ plan }) => plan)).size).toBe(3)
        expect((yield* Partitions.states(parent.id)).map(({ partition, status }) => `${partition} ${status}`)).toEqual([
          "PT success",
          "ES success",
          "FR success",
        ])
      }),
    )
    expect(keys(sink)).toEqual(all)
  })

  test("several at a time do no harm to one another", async () => {
    const sink = MemorySink.make()
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`p${at}`, [product(`a${at}`), product(`b${at}`)]]))
    const parent = await run(Partitions.run(definition(sink), partitioned(many), { concurrency: 4 }))
    expect(parent).toMatchObject({ status: "success", counts: { created: 24 } })
    expect(keys(sink)).toHaveLength(24)
  })

  test("validate plans all of them and writes nothing; commit does what they say, without the source", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const parent = yield* Partitions.validate(d, partitioned(countries))
        expect(parent).toMatchObject({ status: "pending", failure: null, counts: { processed: 9, created: 9 } })
        expect(keys(sink)).toEqual([])
        const done = yield* Partitions.commit(d, parent.id)
        expect(done).toMatchObject({ id: parent.id, status: "success", counts: { created: 9 } })
        expect(keys(sink)).toEqual(all)
        const refused = yield* Effect.flip(Partitions.commit(d, parent.id))
        expect(refused).toMatchObject({ _tag: "EngineError", reason: "WrongStatus" })
      }),
    )
  })

  test("one that fails stops no other; the parent names it and what it said, and counts only what was done", async () => {
    const sink = MemorySink.make()
    const bad = { ...countries, ES: [product("ES-1"), product("ES-2", "cheap")] }
    const parent = await run(Partitions.run(definition(sink), partitioned(bad)))
    expect(parent.status).toBe("partial")
    expect(parent.failure).toEqual({
      code: "partitions",
      message:
        "1 of 3 partitions are not a success: ES: failed (rows.rejected: 1 of 2 rows have errors, and this import takes all rows or none)",
      retryable: false,
    })
    // of the job that was only planned, nothing counts as written
    expect(parent.counts).toMatchObject({ processed: 9, rejected: 1, created: 7 })
    expect(keys(sink)).toEqual(all.filter((key) => !key.startsWith("ES")))
  })

  test("stopOnFailure begins no other; without any that went well the parent is failed", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const source = partitioned({ ES: unreachable(), PT: countries["PT"]! })
        const parent = yield* Partitions.run(d, source, { stopOnFailure: true })
        expect(parent.status).toBe("failed")
        expect(parent.failure?.message).toContain("ES: failed (source.Refused: no such key); PT: waiting")
        expect(yield* childrenOf(parent.id)).toHaveLength(1)
        // the rest is begun when somebody goes on with it
        const resumed = yield* Partitions.resume(d, parent.id, source)
        expect(resumed).toMatchObject({ status: "partial", counts: { created: 3 } })
        expect(yield* childrenOf(parent.id)).toHaveLength(2)
      }),
    )
    expect(keys(sink)).toEqual(["PT-1", "PT-2", "PT-3"])
  })

  test("code of an import that throws is the failure of its partition alone", async () => {
    const sink = MemorySink.make()
    const throwing: Source.Source = { ...sourceOf("ES", []), read: () => Stream.die(new Error("oops")) }
    const parent = await run(Partitions.run(definition(sink), partitioned({ ...countries, ES: throwing })))
    expect(parent.status).toBe("partial")
    expect(parent.failure?.message).toContain("ES: failed (defect:")
    expect(keys(sink)).toHaveLength(7)
  })

  test("what the same bytes were imported by before counts as done", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const before = yield* Engine.run(d, sourceOf("ES", countries["ES"]!, true))
        const parent = yield* Partitions.run(d, partitioned(countries, true))
        expect(parent).toMatchObject({ status: "success", failure: null, counts: { created: 7 } })
        expect(parent.partitions?.refused["ES"]).toMatchObject({ reason: "AlreadyImported", job: before.id })
        // it is undone, and no longer done
        yield* Engine.undo(d, before.id)
        expect(yield* Partitions.refresh(parent.id)).toMatchObject({ status: "partial" })
      }),
    )
  })

  test("a source that cannot be divided makes the parent failed, and can be gone on with", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const error = new Source.SourceError({ reason: "Refused", message: "no such folder", isRetryable: true })
        const broken = { ...partitioned({}), partitions: Effect.fail(error) }
        const fiber = yield* Effect.forkChild(Partitions.run(d, broken))
        const parent = yield* drive(fiber)
        expect(parent).toMatchObject({ status: "failed", failure: { code: "source.Refused", message: "no such folder" } })
        expect(yield* Partitions.resume(d, parent.id, partitioned(countries))).toMatchObject({ status: "success" })
      }).pipe(Effect.provide(TestClock.layer())),
    )
    expect(keys(sink)).toEqual(all)
  })

  test("the engine's own calls refuse a parent, and the calls for parents any other job", async () => {
    const d = definition(MemorySink.make())
    await run(
      Effect.gen(function* () {
        const parent = yield* Partitions.validate(d, partitioned(countries))
        for (const call of [Engine.commit, Engine.resume])
          expect(yield* Effect.flip(call(d, parent.id) as Effect.Effect<unknown, unknown>)).toMatchObject({
            reason: "WrongStatus",
          })
        const [child] = yield* childrenOf(parent.id)
        expect(yield* Effect.flip(Partitions.commit(d, child!.id))).toMatchObject({ reason: "WrongStatus" })
        const other = definition(MemorySink.make(), { name: "other" })
        expect(yield* Effect.flip(Partitions.commit(other, parent.id))).toMatchObject({ reason: "WrongImport" })
      }),
    )
  })
})

test("a sum adds up what its jobs counted, what they kept included", () => {
  const one = (created: number, kept: { readonly [field: string]: number }): Summary.Counts => ({
    ...Summary.empty,
    processed: created,
    imported: created,
    created,
    issuesByCode: { a: created },
    entities: { product: { ...Summary.noRecords, records: created, created, kept } },
  })
  const sum = Summary.sum([one(2, { title: 1 }), Summary.empty, one(3, { title: 2, price: 1 })])
  expect(sum).toMatchObject({ processed: 5, created: 5, issuesByCode: { a: 5 } })
  expect(sum.entities["product"]).toEqual({ ...Summary.noRecords, records: 5, created: 5, kept: { title: 3, price: 1 } })
  expect(Summary.unbalanced(sum)).toEqual([])
  expect(Summary.sum([])).toEqual(Summary.empty)
})

describe("a partition by itself", () => {
  test("is run again from a corrected source, as often as it takes, and the parent follows", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const bad = { ...countries, ES: [product("ES-1", "cheap")] }
        const parent = yield* Partitions.run(d, partitioned(bad))
        expect(parent.status).toBe("partial")
        expect(yield* Partitions.again(d, parent.id, "ES", partitioned(bad))).toMatchObject({ status: "partial" })
        const good = yield* Partitions.again(d, parent.id, "ES", partitioned(countries))
        expect(good).toMatchObject({ id: parent.id, status: "success", failure: null, counts: { created: 9, rejected: 0 } })
        expect((yield* childrenOf(parent.id)).map(({ id, status }) => `${id.slice(parent.id.length)} ${status}`)).toEqual([
          "-1 success",
          "-2 failed",
          "-2-2 failed",
          "-2-3 success",
          "-3 success",
        ])
        expect(yield* Effect.flip(Partitions.again(d, parent.id, "DE", partitioned(countries)))).toMatchObject({
          reason: "NotFound",
        })
      }),
    )
    expect(keys(sink)).toEqual(all)
  })

  test("is committed, cancelled and undone like any job, and the parent follows", async () => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink)
        const store = yield* JobStore.JobStore
        const parent = yield* Partitions.validate(d, partitioned(countries))
        const now = Effect.map(store.get(parent.id), Option.getOrThrow)
        const [pt, es, fr] = yield* childrenOf(parent.id)
        yield* Engine.commit(d, pt!.id)
        expect(yield* now).toMatchObject({ status: "pending", counts: { created: 9 } })
        yield* Engine.cancel(es!.id)
        yield* Engine.commit(d, fr!.id)
        expect(yield* now).toMatchObject({ status: "partial", counts: { created: 7 } })
        expect((yield* now).failure?.message).toContain("1 of 3 partitions are not a success: ES: cancelled")
        yield* Engine.undo(d, fr!.id)
        yield* Engine.undo(d, pt!.id)
        // of what was cancelled nothing is there to be taken back
        expect(yield* now).toMatchObject({ status: "undone", failure: null })
        expect((yield* Partitions.states(parent.id)).map(({ status }) => status)).toEqual(["undone", "cancelled", "undone"])
        expect(yield* Partitions.again(d, parent.id, "PT", partitioned(countries))).toMatchObject({ status: "pending" })
        yield* Engine.commit(d, `${parent.id}-1-2`)
        expect(yield* now).toMatchObject({ status: "partial", counts: { created: 3 } })
      }),
    )
    expect(keys(sink)).toEqual(["PT-1", "PT-2", "PT-3"])
  })
})

// how a run may break off: with its process, which saves nothing any more, or by an interruption
