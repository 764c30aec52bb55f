import { Engine, type Entity, JobStore, Summary } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import { Effect } from "effect"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { run } from "./support/products.ts"
import { entities, importOf, plain, play, type Scenario, scenarios, sinkOf, sourceOf } from "./support/scenario.ts"

const holds = (numRuns: number, law: (scenario: Scenario) => Effect.Effect<unknown, unknown, any>) =>
  fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      await run(law(scenario))
    }),
    { numRuns },
  )

const has = (tables: MemorySink.Tables, entity: string, key: string): boolean => tables.get(entity)?.has(key) === true

test("preview equals commit: each record ends as the plan said, and no other record changes", () =>
  holds(150, (scenario) =>
    Effect.gen(function* () {
      const { after, before, changes, job, planned, preview } = yield* play(scenario)
      // a plan writes nothing
      expect(plain(planned)).toEqual(plain(before))
      expect(job.failure).toBeNull()
      const untouched = { ...plain(before) }
      const now = { ...plain(after) }
      for (const { action, changes: fields, entity, key } of changes) {
        const name = `${entity} ${key}`
        expect(name in plain(before), name).toBe(action !== "create" && !(action === "refuse" && !(name in plain(before))))
        if (action === "create") expect(now[name]).toBeDefined()
        if (action === "unchanged" || action === "refuse") expect(now[name]).toBe(untouched[name])
        if (action === "update") {
          const of = entities.find((it) => it.name === entity)!
          const position = (field: string): number => of.fields.findIndex((it) => it.name === field)
          const was = before.get(entity)!.get(key)!
          const is = after.get(entity)!.get(key)!
          expect(fields.length).toBeGreaterThan(0)
          const expected = [...was]
          for (const { after: value, before: saw, field } of fields) {
            expect(was[position(field)] ?? null).toEqual(saw ?? null)
            expected[position(field)] = value as Entity.Values[number]
          }
          expect(is).toEqual(expected)
        }
        delete untouched[name]
        delete now[name]
      }
      expect(now).toEqual(untouched)
      // the numbers of the preview are the numbers of the commit, and of the plan that was shown
      expect(job.counts).toEqual(preview.counts)
      for (const [action, count] of [
        ["create", "created"],
        ["update", "updated"],
        ["unchanged", "unchanged"],
        ["refuse", "failed"],
      ] as const)
        expect(changes.filter((it) => it.action === action)).toHaveLength(job.counts[count])
    }),
  ))

test("the sums hold: every row and every record has one outcome", () =>
  holds(150, (scenario) =>
    Effect.gen(function* () {
      const { changes, job, preview } = yield* play(scenario)
      for (const { counts } of [preview, job]) {
        expect(Summary.unbalanced(counts)).toEqual([])
        expect(counts.processed).toBe(scenario.rows.length)
        expect(Object.values(counts.entities).reduce((sum, it) => sum + it.records, 0)).toBe(changes.length)
      }
      expect(job.status).toBe(job.counts.rejected + job.counts.failed > 0 ? "partial" : "success")
      // a row is left out for an error, and an error leaves its row out
      expect(job.counts.rejected > 0).toBe(job.counts.errors > 0)
    }),
  ))

test("a second validate after a commit shows nothing but unchanged", () =>
  holds(100, (scenario) =>
    Effect.gen(function* () {
      const { definition, job, preview } = yield* play(scenario)
      const again = yield* Engine.validate(definition, sourceOf(scenario))
      expect(again.counts).toMatchObject({ created: 0, updated: 0, conflict: 0 })
      expect(again.counts.unchanged + again.counts.failed + preview.counts.candidates).toBe(
        job.counts.created + job.counts.updated + job.counts.unchanged + job.counts.failed,
      )
      expect(again.counts.rejected).toBe(preview.counts.rejected)
    }),
  ))

test("no mode writes a reference that leads nowhere", () =>
  holds(200, (scenario) =>
    Effect.gen(function* () {
      const { after, changes } = yield* play(scenario)
      for (const { action, entity, key } of changes) {
        if (action !== "create" && action !== "update") continue
        const of = entities.find((it) => it.name === entity)!
        const values = after.get(entity)!.get(key)!
        for (const { entity: target, positions } of of.references) {
          const wanted = values[positions[0]!]
          if (typeof wanted === "string") expect(has(after, target.name, wanted), `${entity} ${key} → ${wanted}`).toBe(true)
        }
      }
    }),
  ))

test("strict mode never creates a reference: what it creates, a row has brought", () =>
  holds(100, (scenario) =>
    Effect.gen(function* () {
      const strict = { ...scenario, mode: "strict" as const }
      const { changes, job } = yield* play(strict)
      expect(job.counts.candidates).toBe(0)
      const brought = new Set(scenario.rows.flatMap(([, , , category, , , , names]) => (names === "yes" ? [category] : [])))
      for (const { action, entity, key, ref } of changes) {
        expect(ref).toMatch(/^test:\d+$/)
        if (action === "create" && entity === "category") expect(brought.has(key)).toBe(true)
        expect(entity).not.toBe("brand")
      }
      for (const candidate of yield* Engine.candidates(job.id)) expect(candidate.created).toBe(false)
    }),
  ))

test("the size of batches and of pages changes neither outcome nor snapshot", () =>
  holds(60, (scenario) =>
    Effect.gen(function* () {
      const base = yield* play({ ...scenario, batch: 100, pageRows: 100 })
      for (const [batch, pageRows] of [
        [1, 1],
        [2, 3],
        [100, 2],
      ] as const) {
        const other = yield* play({ ...scenario, batch, pageRows })
        expect(plain(other.after)).toEqual(plain(base.after))
        expect({ ...other.job.counts, pagesProcessed: 0 }).toEqual({ ...base.job.counts, pagesProcessed: 0 })
        expect(other.changes.map(({ action, entity, key }) => [entity, key, action])).toEqual(
          base.changes.map(({ action, entity, key }) => [entity, key, action]),
        )
        if (batch === 100) expect(other.job.snapshot!.hash).toBe(base.job.snapshot!.hash)
      }
    }),
  ))

test("atomic and batched commits end with the same target and the same counts", () =>
  holds(60, (scenario) =>
    Effect.gen(function* () {
      const atomic = yield* play({ ...scenario, transaction: "atomic" })
      const batched = yield* play({ ...scenario, transaction: "batched" })
      expect(plain(batched.after)).toEqual(plain(atomic.after))
      expect(batched.job.counts).toEqual(atomic.job.counts)
    }),
  ))

test("without allowPartial one row with an error stops it all: the job is failed, cannot be committed, and nothing is written", () =>
  holds(60, (scenario) =>
    Effect.gen(function* () {
      const sink = sinkOf(scenario)
      const before = plain(sink.tables)
      const definition = importOf(scenario, sink, false)
      const job = yield* Engine.run(definition, sourceOf(scenario))
      if (job.counts.rejected === 0) return expect(job.failure).toBeNull()
      expect(job).toMatchObject({ status: "failed", failure: { code: "rows.rejected", retryable: false } })
      expect(yield* Effect.flip(Engine.commit(definition, job.id))).toMatchObject({ reason: "WrongStatus" })
      expect(plain(sink.tables)).toEqual(before)
    }),
  ))

test("a rejected row leaves nothing: what is created, a row has brought that was not rejected, or that brought nothing refused", () =>
  holds(150, (scenario) =>
    Effect.gen(function* () {
      const { changes, job } = yield* play(scenario)
      const store = yield* JobStore.JobStore
      const issues = yield* store.issues(job.id)
      const rejected = new Set(issues.filter(({ severity }) => severity === "error").map(({ ref }) => ref))
      expect(rejected.size).toBe(job.counts.rejected)
      for (const { action, entity, key, ref } of changes) {
        if (action !== "create" || !rejected.has(ref)) continue
        // its first row is rejected after all: then another row has brought the same record
        const position = { product: 0, category: 3, part: 5 }[entity]!
        const rows = scenario.rows.filter((row) => row[position] === key)
        expect(rows.length, `${entity} ${key} of ${ref}`).toBeGreaterThan(1)
      }
    }),
  ))
