import * as fc from "fast-check"
import { expect, test } from "vitest"
import { KeyIndex } from "../src/internal/KeyIndex.ts"

test("an index of 100,000 keys says what a Map says: which are there, their row, their content, whether they are shared", () => {
  const keys = fc.sample(fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.nat().map(String)), {
    numRuns: 20_000,
    seed: 7,
  })
  // keys as they mostly are, alike but for their ends
  for (let at = 0; at < 100_000; at++) keys.push(`GKO-${at}`)
  const index = new KeyIndex()
  const model = new Map<string, { entry: number; row: number; high: number; low: number; shared: boolean }>()
  for (const [row, key] of keys.entries()) {
    const known = model.get(key)
    expect(index.find(key)).toBe(known?.entry ?? -1)
    if (known === undefined) {
      const content = { high: Math.imul(row, 2654435761), low: -row }
      model.set(key, { entry: index.size, row, ...content, shared: false })
      index.add(key, content.high, content.low, row)
    } else if (row % 3 === 0) {
      known.shared = true
      index.share(known.entry)
    }
  }
  expect(index.size).toBe(model.size)
  expect(model.size).toBeGreaterThan(100_000)
  for (const [key, { entry, high, low, row, shared }] of model) {
    if (index.find(key) !== entry || index.rowOf(entry) !== row || index.isShared(key) !== shared) expect.fail(key)
    if (!index.sameContent(entry, high, low) || index.sameContent(entry, high ^ 1, low)) expect.fail(key)
  }
  expect(index.find("GKO-100000")).toBe(-1)
  expect(index.isShared("GKO-100000")).toBe(false)
})

test("the rows of candidates, larger than any, keep their number when they are shared", () => {
  const index = new KeyIndex()
  index.add("lamps", 1, 2, 0x7fffffff)
  expect(index.rowOf(0)).toBe(0x7fffffff)
  index.share(0)
  expect([index.rowOf(0), index.isShared("lamps")]).toEqual([0x7fffffff, true])
})
