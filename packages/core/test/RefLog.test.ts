import { Ref } from "@waybill/core"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import * as RefLog from "../src/internal/RefLog.ts"

const place = fc.constantFrom("a.csv", "b.xlsx!Sheet:1", "ocm")
const label = fc.oneof(fc.nat({ max: 9 }), fc.constantFrom("1", "x", "2"), fc.nat())
// runs as files have them, and single refs of any sort
const refs = fc
  .array(
    fc.oneof(
      fc.tuple(place, label).map((it) => [it] as ReadonlyArray<readonly [string, Ref.Label]>),
      fc
        .tuple(place, fc.nat({ max: 1_000 }), fc.nat({ max: 30 }))
        .map(([at, first, count]) => Array.from({ length: count }, (_, step) => [at, first + step] as const)),
    ),
  )
  .map((groups) => groups.flat())

const fill = (all: ReadonlyArray<readonly [string, Ref.Label]>): RefLog.RefLog => {
  const log = new RefLog.RefLog()
  for (const [at, it] of all) log.push(at, it)
  return log
}

test("a log gives back each ref at its position, and after it was written and read as well", () => {
  fc.assert(
    fc.property(refs, (all) => {
      const expected = all.map(([at, it]) => Ref.make(at, it))
      const log = fill(all)
      expect(all.map((_, position) => log.at(position))).toEqual(expected)
      const runs = log.drain()
      expect(log.size).toBe(0)
      const again = RefLog.read(RefLog.write(runs))
      expect(again.size).toBe(all.length)
      expect(all.map((_, position) => again.at(position))).toEqual(expected)
    }),
  )
})

test("a file is one run, whatever its length", () => {
  const log = fill(Array.from({ length: 100_000 }, (_, row) => ["prices.csv", row + 2] as const))
  expect(log.drain()).toEqual([["prices.csv", 2, 100_000]])
})
