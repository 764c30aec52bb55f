/**
 * Each law of a sink is there for something: a sink that breaks it, and nothing else, fails it and no other.
 */
import { SinkSuite } from "@waybill/core/testing"
import { expect, test } from "vitest"
import { brokenSinks, goneMemory } from "./brokenSinks.ts"
import { brokenOf } from "./telling.ts"

test("every law has its broken sink", () => {
  expect(Object.keys(brokenSinks).sort()).toEqual(
    SinkSuite.laws(goneMemory)
      .map(({ name }) => name)
      .sort(),
  )
})

test("the sink that they are made of breaks none, and no law is waived for it", async () => {
  const laws = SinkSuite.laws(goneMemory)
  expect(laws.filter(({ waived }) => waived !== undefined)).toEqual([])
  expect(await brokenOf(laws, (check) => check)).toEqual([])
})

test.each(Object.entries(brokenSinks))("broken alone: %s", async (name, harness) => {
  expect(await brokenOf(SinkSuite.laws(harness), (check) => check)).toEqual([name])
})
