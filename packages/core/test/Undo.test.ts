import { Engine, JobStore, Sink } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import { Effect, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Breaking, breaking, breakingSink } from "./support/breaking.ts"
import { products, run, runWithTestClock } from "./support/products.ts"
import * as scenario from "./support/scenario.ts"
import { imported, issuesOf, jobOf, rows, source, target } from "./support/undoing.ts"

describe.each(["atomic", "batched"] as const)("an undo (%s)", (transaction) => {
  test("gives everything back that the job wrote, candidates as well, and ends with a job of its own", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const before = structuredClone(sink.tables)
        const d = imported(sink, { transaction })
        const job = yield* Engine.run(d, source(rows))
        expect(job).toMatchObject({ status: "success", counts: { created: 5, updated: 1, unchanged: 1, candidates: 2 } })
        const undo = yield* Engine.undo(d, job.id, { startedBy: "ann" })
        expect(undo).toMatchObject({
          import: "products",
          definition: job.definition,
          target: job.target,
          snapshot: job.snapshot,
          plan: job.plan,
          status: "success",
          startedBy: "ann",
          source: { kind: "undo", name: job.id, sha256: null },
          undo: { of: job.id, reversed: 6, kept: 0, errored: 0 },
          failure: null,
          lease: null,
        })
        expect(yield* jobOf(job.id)).toMatchObject({ status: "undone", counts: job.counts })
        expect(sink.tables).toEqual(before)
        expect(yield* issuesOf(undo.id)).toEqual([])
      }),
    )
  })

  test("keeps what somebody has touched since, each with what is there now; all else is given back", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const d = imported(sink, { transaction })
        const job = yield* Engine.run(d, source(rows))
        const table = sink.tables.get("product")!
        table.set("A-1", ["A-1", "Edited", "1.50", "new-1"])
        table.set("A-4", ["A-4", "Lamp 4", null, "old"])
        table.delete("A-5")
        table.set("Z-9", ["Z-9", "Other", "9.00", "new-2"])
        const preview = yield* Engine.previewUndo(d, job.id)
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 2, kept: 4, errored: 0 } })
        expect(preview).toMatchObject({
          reversed: 2,
          kept: 4,
          errored: 0,
          entities: { category: { reversed: 0, kept: 2, errored: 0 }, product: { reversed: 2, kept: 2, errored: 0 } },
        })
        const left = sink.tables.get("product")!
        expect([...left.keys()].sort()).toEqual(["A-1", "A-3", "A-4", "Z-9"])
        expect(left.get("A-4")).toEqual(["A-4", "Lamp 4", null, "old"])
        expect([...sink.tables.get("category")!.keys()].sort()).toEqual(["new-1", "new-2", "old"])
        const issues = yield* issuesOf(undo.id)
        expect(
          issues.map(({ code, column, entity, ref, severity, value }) => [severity, code, entity, ref, column, value]),
        ).toEqual([
          ["warning", "undo.kept", "product", "test:4", "price", "A-4"],
          ["warning", "undo.kept", "product", "test:1", "title", "A-1"],
          ["warning", "undo.kept", "category", expect.any(String), null, "new-1"],
          ["warning", "undo.kept", "category", expect.any(String), null, "new-2"],
        ])
        expect(issues.map(({ message }) => message)).toEqual([
          "somebody changed it since; price is null now, the job had written 1.50",
          "somebody changed it since; title is Edited now, the job had written Lamp 1",
          "product A-1 refers to it now",
          "product Z-9 refers to it now",
        ])
        expect(undo.counts).toMatchObject({ warnings: 4, errors: 0, issuesByCode: { "undo.kept": 4 } })
        expect(yield* jobOf(job.id)).toMatchObject({ status: "undone" })
      }),
    )
  })

  test("keeps on with the others where the target refuses to have one back", async () => {
    await run(
      Effect.gen(function* () {
        let strict = false
        const sink = target({ refuse: (_, [, title]) => (strict && title === "Before" ? "too old a title" : undefined) })
        const d = imported(sink, { transaction })
        const job = yield* Engine.run(d, source(rows))
        strict = true
        const undo = yield* Engine.undo(d, job.id)
        // the category that the record still refers to was there before the job
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 5, kept: 0, errored: 1 } })
        expect(yield* issuesOf(undo.id)).toMatchObject([
          { severity: "error", code: "undo.errored", entity: "product", value: "A-4", message: "too old a title" },
        ])
      }),
    )
  })

  test("that breaks off at any of its calls ends as one that nothing interrupted, whether it is retried or called again", async () => {
    const wholeRun = (how: Breaking, retries: number) =>
      run(
        Effect.gen(function* () {
          const inner = target()
          const sink = breakingSink(inner, how)
          const d = imported(sink, { transaction, retry: Schedule.recurs(retries) })
          const calm = { ...d, sink: inner }
          const job = yield* Engine.run(calm, source(rows))
          sink.tables.get("product")!.set("A-1", ["A-1", "Edited", "1.50", "new-1"])
          let undo = yield* Engine.undo(d, job.id)
          const first = undo
          for (let calls = 0; undo.status === "failed" && calls < 5; calls++) {
            expect(yield* jobOf(job.id)).toMatchObject({ status: "success" })
            expect(yield* issuesOf(undo.id)).toEqual([])
            undo = yield* Engine.undo(d, job.id)
          }
          expect(undo.id).toBe(first.id)
          const [issues, of] = [yield* issuesOf(undo.id), yield* jobOf(job.id)]
          return { first, undo, issues, of, tables: sink.tables, calls: how.calls }
        }),
      )
    const whole = await wholeRun(breaking(), 0)
    expect(whole.undo).toMatchObject({ status: "partial", undo: { reversed: 4, kept: 2, errored: 0 } })
    expect(whole.calls).toEqual(["undo.open", ...Array.from({ length: 4 }, () => "revert"), "undo.complete"])
    for (const at of whole.calls.keys())
      for (const moment of ["before", "after"] as const)
        for (const retries of [0, 1]) {
          const broken = await wholeRun({ ...breaking(), at, moment, calls: [] }, retries)
          const call = `${whole.calls[at]} ${at} ${moment}, ${retries} retries`
          expect(broken.first.status, call).toBe(retries === 0 ? "failed" : "partial")
          if (retries === 0) expect(broken.undo.token, call).toBe(broken.first.token + 1)
          expect({ ...broken.undo.undo, of: "" }, call).toEqual({ ...whole.undo.undo, of: "" })
          expect(broken.issues, call).toEqual(whole.issues)
          expect(broken.tables, call).toEqual(whole.tables)
          expect(broken.of.status, call).toBe("undone")
        }
  })
})

describe("a preview of an undo", () => {
  test("says what the undo then does, lists no more than the limit, and writes nothing anywhere", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const d = imported(sink, { limits: { batch: 2, issues: 1 } })
        const job = yield* Engine.run(d, source(rows))
        for (const sku of ["A-1", "A-2"]) sink.tables.get("product")!.set(sku, [sku, "Edited", "1.50", null])
        const tables = structuredClone(sink.tables)
        const store = yield* JobStore.JobStore
        const jobs = yield* store.find({})
        const preview = yield* Engine.previewUndo(d, job.id)
        expect(preview).toMatchObject({ reversed: 4, kept: 2, errored: 0 })
        expect(preview.left).toEqual([
          {
            entity: "product",
            key: "A-1",
            ref: "test:1",
            kind: "changed",
            message: "somebody changed it since",
            fields: [
              { field: "title", now: "Edited", written: "Lamp 1" },
              { field: "category", now: null, written: "new-1" },
            ],
          },
        ])
        expect(sink.tables).toEqual(tables)
        expect(yield* store.find({})).toEqual(jobs)
        const { undo } = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ reversed: 4, kept: 2, errored: 0 })
      }),
    )
  })
})

test("jobs that came later into the same target are named, and what they changed is kept", async () => {
  await runWithTestClock(
    Effect.gen(function* () {
      const sink = target()
      const d = imported(sink)
      yield* Engine.run(d, source([["Y-1", "First", "1.00", null]]))
      yield* TestClock.adjust("1 second")
      const job = yield* Engine.run(d, source(rows))
      yield* TestClock.adjust("1 second")
      const later = yield* Engine.run(d, source([["A-1", "Lamp 1", "2.00", "new-1"]]))
      const undo = yield* Engine.undo(d, job.id)
      const [first, kept] = yield* issuesOf(undo.id)
      expect(first).toMatchObject({
        severity: "warning",
        code: "undo.later",
        value: later.id,
        message: expect.stringContaining("came later"),
      })
      expect(kept).toMatchObject({ code: "undo.kept", value: "A-1", column: "price" })
      expect(undo.counts.issuesByCode).toEqual({ "undo.later": 1, "undo.kept": 2 })
      expect(sink.tables.get("product")!.get("A-1")).toEqual(["A-1", "Lamp 1", "2.00", "new-1"])
    }),
  )
})

test("a sink whose sums are not those of the commit fails the undo, and nothing of an atomic one stays", async () => {
  await run(
    Effect.gen(function* () {
      const inner = target()
      const wrong: MemorySink.MemorySink = {
        ...inner,
        undo: (context) =>
          Effect.map(
            inner.undo!(context),
            (session): Sink.UndoSession => ({
              ...session,
              revert: (batch, planned) =>
                Effect.map(session.revert(batch, planned), ({ left, outcomes }) => ({
                  left,
                  outcomes: outcomes.map((code, at) => (at === 0 ? Sink.undone.untouched : code)),
                })),
            }),
          ),
      }
      const d = imported(wrong)
      const job = yield* Engine.run(d, source(rows))
      const written = structuredClone(inner.tables)
      const undo = yield* Engine.undo(d, job.id)
      expect(undo).toMatchObject({ status: "failed", failure: { code: "accounting" } })
      expect(inner.tables).toEqual(written)
      expect(yield* jobOf(job.id)).toMatchObject({ status: "success" })
    }),
  )
})

test("entities are taken back in reverse reference order, their batches from the last to the first", async () => {
  await run(
    Effect.gen(function* () {
      const inner = target()
      const seen: Array<string> = []
      const watched: MemorySink.MemorySink = {
        ...inner,
        undo: (context) =>
          Effect.map(inner.undo!(context), (session) => ({
            ...session,
            revert: (batch, planned) => {
              seen.push(`${batch.entity.name}/${batch.part}`)
              return session.revert(batch, planned)
            },
          })),
      }
      const d = imported(watched, { limits: { batch: 1 } })
      const job = yield* Engine.run(
        d,
        source(products(3).map(([sku, title, price]) => [sku, title, price, `new-${String(sku)}`])),
      )
      yield* Engine.undo(d, job.id)
      expect(seen).toEqual(["product/2", "product/1", "product/0", "category/2", "category/1", "category/0"])
    }),
  )
})

test("any import into any target, and then its undo, is as if nothing had been", async () => {
  await fc.assert(
    fc.asyncProperty(scenario.scenarios, async (generated) => {
      const { after, before, job, undo } = await run(
        Effect.gen(function* () {
          const played = yield* scenario.play(generated)
          const taken = played.job.status === "failed" ? undefined : yield* Engine.undo(played.definition, played.job.id)
          return { ...played, undo: taken }
        }),
      )
      if (undo === undefined) return
      expect(undo).toMatchObject({ status: "success", undo: { reversed: job.counts.created + job.counts.updated } })
      expect(scenario.plain(after)).toEqual(scenario.plain(before))
    }),
    { numRuns: 150 },
  )
})
