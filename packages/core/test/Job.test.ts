import { Job } from "@waybill/core"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"

const statuses = Object.keys(Job.moves) as ReadonlyArray<Job.Status>
const from = (status: Job.Status): ReadonlyArray<Job.Status> => statuses.filter((to) => Job.canMove(status, to))

describe("the moves of a job", () => {
  test("each has its reason, and leads to a status that there is", () => {
    for (const [status, moves] of Object.entries(Job.moves))
      for (const [to, reason] of Object.entries(moves)) {
        expect(statuses).toContain(to)
        expect(reason, `${status} → ${to}`).toMatch(/^\w.{10,}/)
      }
  })

  test("what is committed can only be taken back, undone is the end, and nothing becomes unvalidated again", () => {
    expect(from("cancelled")).toEqual(["undone"])
    expect(from("undone")).toEqual([])
    expect(from("success")).toEqual(["undone"])
    expect(from("partial")).toEqual(["undone"])
    expect(statuses.filter((status) => Job.canMove(status, "validating"))).toEqual([])
  })

  test("no walk comes to success without a commit that ran, and none gets out of an end", () => {
    const steps = fc.array(fc.nat(), { maxLength: 30 })
    fc.assert(
      fc.property(steps, (choices) => {
        const walk: Array<Job.Status> = ["validating"]
        for (const choice of choices) {
          const next = from(walk.at(-1)!)
          if (next.length === 0) break
          walk.push(next[choice % next.length]!)
        }
        for (const [at, status] of walk.entries()) {
          if (status === "success" || status === "partial") expect(walk[at - 1]).toBe("running")
          if (status === "undone") expect(["success", "partial", "failed", "cancelled"]).toContain(walk[at - 1])
          if (status === "running") expect(["pending", "failed", "running"]).toContain(walk[at - 1])
        }
        if (walk.includes("cancelled")) expect(walk.slice(walk.indexOf("cancelled") + 1)).not.toContain("running")
        const end = walk.indexOf("undone")
        if (end >= 0) expect(end).toBe(walk.length - 1)
      }),
      { numRuns: 500 },
    )
  })

  test("a move that is not in the table is none", () => {
    expect(Job.canMove("pending", "success")).toBe(false)
    expect(Job.canMove("cancelled", "running")).toBe(false)
    expect(Job.canMove("undone", "pending")).toBe(false)
  })
})
