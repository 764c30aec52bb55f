import { Issue, Summary } from "@waybill/core"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Tally } from "../src/internal/Tally.ts"

const issue = (severity: Issue.Severity, code: string): Issue.Issue => Issue.make({ severity, code, message: "expected better" })

// a tally that was told what a run tells it, in any order
type Step = (tally: Tally) => void
const row: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  (tally) => {
    tally.processed++
    tally.imported++
    tally.entity("product").records++
    tally.entity("product").created++
  },
  (tally) => {
    tally.processed++
    tally.imported++
    tally.entity("category").records++
    tally.entity("category").unchanged++
  },
  // no row brings what a mirror deletes
  (tally) => {
    tally.entity("category").records++
    tally.entity("category").deleted++
  },
  (tally) => {
    tally.processed++
    tally.reject("cell.integer")
    tally.issue(issue("error", "cell.integer"))
  },
  (tally) => {
    tally.processed++
    tally.skip("row.duplicate")
  },
)

const told = fc.array(row, { minLength: 1, maxLength: 30 }).map((steps) => () => {
  const tally = new Tally(5)
  for (const step of steps) step(tally)
  return tally
})

describe("the counts of a job", () => {
  test("add up after any run, and after a stop of any kind", () => {
    fc.assert(
      fc.property(told, fc.boolean(), (make, atomic) => {
        const tally = make()
        expect(Summary.unbalanced(tally.counts())).toEqual([])
        tally.stop(atomic)
        expect(Summary.unbalanced(tally.counts())).toEqual([])
        expect(Summary.unbalanced(Tally.from(tally.counts(), 5).counts()).every((it) => it.includes("have an outcome"))).toBe(
          true,
        )
      }),
    )
  })

  test("are found out where any one of them is wrong", () => {
    const planted = fc.constantFrom(
      "processed",
      "imported",
      "skipped",
      "rejected",
      "unprocessed",
      "created",
      "updated",
      "unchanged",
      "deleted",
      "conflict",
      "failed",
    )
    const inEntity = fc.constantFrom("records", "created", "updated", "unchanged", "deleted", "conflict", "failed")
    const by = fc.integer({ min: -3, max: 3 }).filter((it) => it !== 0)
    fc.assert(
      fc.property(told, planted, inEntity, by, (make, total, count, difference) => {
        const counts = make().counts()
        expect(Summary.unbalanced({ ...counts, [total]: counts[total as "created"] + difference })).not.toEqual([])
        const entity = Object.keys(counts.entities)[0]
        if (entity === undefined) return
        const wrong = { ...counts.entities[entity]!, [count]: counts.entities[entity]![count as "created"] + difference }
        expect(Summary.unbalanced({ ...counts, entities: { ...counts.entities, [entity]: wrong } })).not.toEqual([])
      }),
    )
  })

  test("are found out where two wrongs hide each other behind a negative number", () => {
    const counts = { ...Summary.empty, processed: 1, imported: 2, rejected: -1, skippedInvalid: -1, skippedByCode: { a: -1 } }
    expect(Summary.unbalanced(counts)).toContain("rejected is -1")
  })

  test("say in a sentence what does not add up", () => {
    expect(Summary.unbalanced({ ...Summary.empty, processed: 3, imported: 2 })).toEqual([
      "3 rows were read, but 2 have an outcome",
    ])
  })
})

describe("a tally", () => {
  test("counts all issues and keeps as many as the limit says, over its commits as well", () => {
    const tally = new Tally(3)
    for (let at = 0; at < 5; at++) tally.issue(issue(at % 2 === 0 ? "error" : "warning", `code.${at % 2}`))
    expect(tally.drainIssues()).toHaveLength(3)
    expect(tally.drainIssues()).toEqual([])
    expect(tally.counts()).toMatchObject({ errors: 3, warnings: 2, issuesByCode: { "code.0": 3, "code.1": 2 } })
    const later = Tally.from(tally.counts(), 4)
    later.issue(issue("error", "a"))
    later.issue(issue("error", "b"))
    expect(later.drainIssues().map(({ code }) => code)).toEqual([])
    expect(later.counts().errors).toBe(5)
  })

  test("put back to its mark stands as it stood, whatever was counted since", () => {
    fc.assert(
      fc.property(told, (make) => {
        const tally = make()
        const before = tally.counts()
        const mark = tally.mark()
        for (let time = 0; time < 2; time++) {
          tally.issue(issue("warning", "conflict"))
          for (const name of Object.keys(before.entities)) tally.entity(name).conflict++
          tally.stop(true)
          mark.outcomes()
          mark.issues()
          expect(tally.counts()).toEqual(before)
        }
      }),
    )
  })

  test("that stops says failed of what was to be written, and unprocessed of the rows where nothing was", () => {
    const tally = new Tally(5)
    Object.assign(tally, { processed: 10, imported: 10 })
    Object.assign(tally.entity("product"), { records: 10, created: 4, unchanged: 3, conflict: 1 })
    tally.stop(false)
    expect(tally.counts()).toMatchObject({ imported: 10, unprocessed: 0, created: 4, unchanged: 3, conflict: 1, failed: 2 })
    tally.stop(true)
    expect(tally.counts()).toMatchObject({ imported: 0, unprocessed: 10, created: 0, unchanged: 3, conflict: 1, failed: 6 })
  })
})
