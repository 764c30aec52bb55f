/**
 * The adapters in memory keep the laws of their kits.
 */
import { SinkSuite, SourceSuite, titleOf } from "@waybill/core/testing"
import { Effect } from "effect"
import { describe, test } from "vitest"
import { memory } from "./memory.ts"
import { harnessOf } from "./sources.ts"

describe("the memory sink", () => {
  for (const law of SinkSuite.laws(memory)) test(titleOf(law), () => Effect.runPromise(law.check))
})

describe("a test source", () => {
  for (const law of SourceSuite.laws(harnessOf())) test(titleOf(law), () => Effect.runPromise(law.check))
})
