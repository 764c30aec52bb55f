import { Engine, JobStore, type Sink } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schedule } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Breaking, breaking, breakingSink } from "./support/breaking.ts"
import { columns, definition, products, run } from "./support/products.ts"

// the target takes no product of these keys
const refusing = (bad: ReadonlyArray<string>, options: MemorySink.Options = {}): MemorySink.MemorySink =>
  MemorySink.make({
    refuse: (_, [key]) => (bad.includes(key as string) ? `${String(key)} breaks a rule` : undefined),
    ...options,
  })

interface Options {
  readonly allowPartial?: boolean
  readonly transaction?: "atomic" | "batched"
  readonly batch?: number
  readonly retries?: number
}

// validates, and commits as often as the failure may be tried again
const committed = (
  inner: MemorySink.MemorySink,
  rows: ReadonlyArray<ReadonlyArray<unknown>>,
  { allowPartial = true, batch = 5_000, retries = 0, transaction = "batched" }: Options = {},
  how: Breaking = breaking(),
) =>
  run(
    Effect.gen(function* () {
      const sink = breakingSink(inner, how)
      const limits = { batch }
      const retry = Schedule.recurs(retries)
      const d = definition(sink, { mode: "smart", transaction, allowPartial, limits, retry })
      const pending = yield* Engine.validate({ ...d, sink: inner }, TestSource.make({ columns, rows }))
      expect(pending.status).toBe("pending")
      let job = yield* Engine.commit(d, pending.id)
      let commits = 1
      for (; job.failure?.retryable === true && commits < 5; commits++) job = yield* Engine.commit(d, pending.id)
      const store = yield* JobStore.JobStore
      const issues = yield* store.issues(job.id)
      const probes = how.calls.filter((call) => call === "probe").length
      return {
        job,
        commits,
        issues,
        probes,
        calls: how.calls,
        tables: inner.tables,
        keys: [...(inner.tables.get("product")?.keys() ?? [])],
      }
    }),
  )

describe("a batch that the target refuses, where partial imports are allowed", () => {
  test.each([
    ["names each", true, 4],
    ["names none", false, 120],
  ] as const)("and it %s: all but the bad records go in, found with few probes", async (_, namesRefused, most) => {
    const bad = ["A-17", "A-2500", "A-4999"]
    const { issues, job, keys, probes } = await committed(refusing(bad, { namesRefused }), products(5_000))
    expect(job).toMatchObject({ status: "partial", failure: null, counts: { created: 4_997, failed: 3, errors: 3 } })
    expect(keys).toHaveLength(4_997)
    expect(keys.filter((key) => bad.includes(key))).toEqual([])
    expect(issues.map(({ code, entity, message, ref, severity }) => [severity, code, entity, ref, message])).toEqual(
      bad.map((key) => ["error", "sink.refused", "product", `test:${key.slice(2)}`, `${key} breaks a rule`]),
    )
    expect(probes).toBeGreaterThan(0)
    expect(probes).toBeLessThanOrEqual(most)
  })

  test.each([true, false])("records that are bad only together: the first of them goes in (named: %s)", async (namesRefused) => {
    const sink = MemorySink.make({
      namesRefused,
      refuse: (entity, [key, title], others) =>
        entity === "product" && [...others].some(([other, values]) => other !== key && values[1] === title)
          ? "the title is taken"
          : undefined,
    })
    const rows = products(40).map(([sku, title, ...rest], at) => [sku, at === 30 ? "Lamp 3" : title, ...rest])
    const { issues, job, keys } = await committed(sink, rows)
    expect(job).toMatchObject({ status: "partial", counts: { created: 39, failed: 1 } })
    expect(keys).not.toContain("A-31")
    expect(issues).toMatchObject([{ ref: "test:31", message: "the title is taken" }])
  })

  test("what refers to a record that was refused is left out as well, in later batches and entities", async () => {
    const rows = products(6).map(([sku, title, price], at) => [sku, title, price, at % 2 === 0 ? "bad" : "good"])
    const { issues, job, keys, tables } = await committed(refusing(["bad"]), rows, { batch: 2 })
    expect(job).toMatchObject({ status: "partial", counts: { created: 4, failed: 4, candidates: 2 } })
    expect([...tables.get("category")!.keys()]).toEqual(["good"])
    expect(keys).toEqual(["A-2", "A-4", "A-6"])
    expect(issues.map(({ code, column, ref, value }) => [code, column, ref, value])).toEqual([
      ["sink.refused", null, expect.any(String), null],
      ...[1, 3, 5].map((row) => ["reference.refused", "category", `test:${row}`, "bad"]),
    ])
  })

  test.each([true, false])(
    "whatever is refused and however large the batches: exactly the others are in the target (named: %s)",
    async (namesRefused) => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.nat(29)), fc.constantFrom(1, 4, 7, 100), async (numbers, batch) => {
          const bad = numbers.map((at) => `A-${at + 1}`)
          const { issues, job, keys } = await committed(refusing(bad, { namesRefused }), products(30), { batch })
          expect(job.failure).toBeNull()
          expect(job.counts).toMatchObject({ created: 30 - bad.length, failed: bad.length })
          expect(keys).toEqual(products(30).flatMap(([sku]) => (bad.includes(sku as string) ? [] : [sku])))
          expect(issues.map(({ ref }) => `A-${ref!.slice(5)}`).sort()).toEqual([...bad].sort())
        }),
        { numRuns: 40 },
      )
    },
  )

  test("broken off at any call, probes as well: the end, the counts and the issues are the same, and none is told twice", async () => {
    const rows = products(9).map(([sku, title, price], at) => [sku, title, price, at === 7 ? "bad" : null])
    const options = { batch: 4 }
    const sink = () => refusing(["bad", "A-2", "A-6", "A-7"], { namesRefused: false })
    const whole = await committed(sink(), rows, options)
    expect(whole.job).toMatchObject({ status: "partial", counts: { created: 5, failed: 5 } })
    expect(whole.issues).toHaveLength(5)
    for (const at of whole.calls.keys())
      for (const moment of ["before", "after"] as const)
        for (const retries of [0, 1]) {
          const call = `${whole.calls[at]} ${at} ${moment}, ${retries} retries`
          const broken = await committed(sink(), rows, { ...options, retries }, { ...breaking(), at, moment, calls: [] })
          expect(broken.commits, call).toBe(retries === 0 ? 2 : 1)
          expect(broken.job.counts, call).toEqual(whole.job.counts)
          expect(broken.issues, call).toEqual(whole.issues)
          expect(broken.tables, call).toEqual(whole.tables)
        }
  })

  test("so many bad ones that they cannot be told apart stop the commit before their batch", async () => {
    const bad = products(3_000).map(([sku]) => sku as string)
    const known = new Set(bad)
    const sink = MemorySink.make({ refuse: (_, [key]) => (known.has(key as string) ? "no" : undefined) })
    const { job, keys, probes } = await committed(sink, products(3_000))
    expect(job).toMatchObject({ status: "failed", failure: { code: "sink.DataRefused" }, counts: { created: 0, failed: 3_000 } })
    expect(keys).toEqual([])
    expect(probes).toBe(1_000)
  })

  test("a sink that cannot probe stops the commit at the record it names", async () => {
    const inner = refusing(["A-3"])
    const blind: MemorySink.MemorySink = {
      ...inner,
      commit: (context) => Effect.map(inner.commit(context), ({ probe: _, ...session }): Sink.CommitSession => session),
    }
    const { issues, job } = await committed(blind, products(5), { batch: 2 })
    expect(job).toMatchObject({ status: "failed", counts: { created: 2, failed: 3 } })
    expect(issues).toMatchObject([{ ref: "test:3" }])
  })
})

describe.each([true, false])("where all rows go in or none (named: %s)", (namesRefused) => {
  test("all bad records of the batch are told, and the commit stops before it", async () => {
    const { issues, job, keys } = await committed(refusing(["A-5", "A-7", "A-9"], { namesRefused }), products(12), {
      allowPartial: false,
      batch: 4,
    })
    expect(job).toMatchObject({
      status: "failed",
      failure: { code: "sink.DataRefused", message: "test:5: A-5 breaks a rule, and 1 more record", retryable: false },
      counts: { created: 4, failed: 8 },
    })
    expect(keys).toEqual(["A-1", "A-2", "A-3", "A-4"])
    expect(issues.map(({ ref }) => ref)).toEqual(["test:5", "test:7"])
  })

  test("an atomic commit leaves nothing, and tells the bad records of the batch", async () => {
    const { issues, job, keys } = await committed(refusing(["A-5", "A-7", "A-9"], { namesRefused }), products(12), {
      allowPartial: false,
      transaction: "atomic",
      batch: 4,
    })
    expect(job).toMatchObject({ status: "failed", failure: { code: "sink.DataRefused" }, counts: { created: 0, failed: 12 } })
    expect(keys).toEqual([])
    expect(issues.map(({ ref }) => ref)).toEqual(["test:5", "test:7"])
  })
})
