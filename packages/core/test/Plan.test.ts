import { type Field, type Issue, Plan } from "@waybill/core"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"

const value: fc.Arbitrary<Field.Value> = fc.option(
  fc.jsonValue().map((it) => JSON.parse(JSON.stringify(it)) as Field.Value),
  { nil: undefined },
)
const issue = fc.record({
  severity: fc.constantFrom("error" as const, "warning" as const),
  code: fc.string(),
  ref: fc.option(fc.string()),
  entity: fc.option(fc.string()),
  column: fc.option(fc.string()),
  message: fc.string({ unit: "binary" }),
  value: fc.option(fc.string()),
})
const change = fc.record({ field: fc.string(), before: value, after: value })
const stays = fc.record({
  field: fc.string(),
  target: value,
  feed: value,
  why: fc.constantFrom("notEmpty" as const, "atCreation" as const, "edited" as const, "neverWritten" as const),
})

const planned: fc.Arbitrary<Plan.PlannedBatch> = fc
  .tuple(
    fc.nat({ max: 99 }),
    fc.array(
      fc.tuple(
        fc.constantFrom(0, 1, 2, 3, 4),
        fc.string(),
        fc.array(change, { maxLength: 3 }),
        fc.array(issue, { maxLength: 2 }),
        fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(stays, { minLength: 1, maxLength: 2 })),
      ),
    ),
  )
  .map(([part, records]) => {
    const kept = records.flatMap(([action, , , , fields], index) =>
      fields.length > 0 && (action === Plan.code.unchanged || action === Plan.code.update) ? [{ index, fields }] : [],
    )
    return { ...planOf(part, records), ...(kept.length === 0 ? {} : { kept }) }
  })

type Planned = readonly [number, string, ReadonlyArray<Plan.Change>, ReadonlyArray<Issue.Issue>, ...ReadonlyArray<unknown>]

const deletionsOf = (records: ReadonlyArray<Planned>): ReadonlyArray<Plan.Deletion> =>
  records.flatMap(([action, fingerprint], index) => (action === Plan.code.delete ? [{ index, fingerprint }] : []))

const planOf = (part: number, records: ReadonlyArray<Planned>): Plan.PlannedBatch => ({
  ...(deletionsOf(records).length === 0 ? {} : { deletions: deletionsOf(records) }),
  part,
  actions: Uint8Array.from(records.map(([action]) => action)),
  updates: records.flatMap(([action, fingerprint, changes], index) =>
    action === Plan.code.update ? [{ index, fingerprint, changes }] : [],
  ),
  refusals: records.flatMap(([action, , , issues], index) => (action === Plan.code.refuse ? [{ index, issues }] : [])),
})

describe("a part of a plan", () => {
  test("is read back as it was written: actions, changed fields with absent values, refusals, kept fields", () => {
    fc.assert(
      fc.property(planned, (it) => {
        const text = Plan.write(it)
        expect(Plan.read(it.part, it.actions.length, text)).toEqual(it)
        expect(Plan.write(Plan.read(it.part, it.actions.length, text))).toBe(text)
        expect(text === "" || text.endsWith("\n")).toBe(true)
      }),
    )
  })

  test("says the same of equal neighbours in one line", () => {
    const actions = new Uint8Array(5_000).fill(Plan.code.create)
    expect(Plan.write({ part: 0, actions, updates: [], refusals: [] })).toBe('["create",5000]\n')
  })

  test("counts every record under one action", () => {
    fc.assert(
      fc.property(planned, (it) => {
        const counts = Plan.tally(it)
        expect(counts.create + counts.update + counts.unchanged + counts.refuse + (counts.delete ?? 0)).toBe(it.actions.length)
        expect(counts.update).toBe(it.updates.length)
        expect(counts.refuse).toBe(it.refusals.length)
        expect(counts.delete).toBe(it.deletions?.length)
        expect(Plan.isIdle(it)).toBe(counts.create + counts.update + (counts.delete ?? 0) === 0)
        expect(Plan.isDeletion(it)).toBe(counts.delete !== undefined)
      }),
    )
  })

  test("with further records refused has their issues and none of their updates, and all else as it was", () => {
    fc.assert(
      fc.property(planned, fc.uniqueArray(fc.nat({ max: 20 })), issue, (it, positions, why) => {
        const refused = new Map(positions.filter((at) => at < it.actions.length).map((at) => [at, [why]]))
        const whole = Plan.refuse(it, refused)
        for (let at = 0; at < it.actions.length; at++) {
          expect(whole.actions[at]).toBe(refused.has(at) ? Plan.code.refuse : it.actions[at])
          const before = it.refusals.find(({ index }) => index === at)?.issues ?? []
          const after = whole.refusals.find(({ index }) => index === at)?.issues ?? []
          expect(after).toEqual(refused.has(at) ? [...before, why] : before)
        }
        expect(whole.updates).toEqual(it.updates.filter(({ index }) => !refused.has(index)))
        expect(whole.kept ?? []).toEqual((it.kept ?? []).filter(({ index }) => !refused.has(index)))
        expect(whole.deletions ?? []).toEqual((it.deletions ?? []).filter(({ index }) => !refused.has(index)))
        // positions and lists agree, or it could not be written
        expect(Plan.read(it.part, it.actions.length, Plan.write(whole))).toEqual(whole)
      }),
    )
  })
})
