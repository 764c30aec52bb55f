/** Which of many points a run tries. */
import { sampled } from "@waybill-internal/databases/testing"
import { expect, inject, it } from "vitest"

const all = Array.from({ length: 20 }, (_, at) => at)

it("seeds in a row try all, each point once, and one seed the same again", () => {
  const tried = [7, 8, 9].map((seed) => sampled(all, 3, seed))
  expect(tried.flat().sort((a, b) => a - b)).toEqual(all)
  for (const points of tried) expect(points.length).toBeGreaterThanOrEqual(6)
})

it("is decided by the seed of the run", () => {
  expect(Number.isInteger(inject("runSeed"))).toBe(true)
  expect(sampled(all, 5)).toEqual(sampled(all, 5, inject("runSeed")))
})
