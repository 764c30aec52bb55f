/**
 * The page about the kits lists the laws as they are.
 */
import { readFileSync } from "node:fs"
import {
  DecisionStoreSuite,
  JobStoreSuite,
  SharedStoreSuite,
  SinkSuite,
  SnapshotStoreSuite,
  SourceSuite,
} from "@waybill/core/testing"
import { expect, test } from "vitest"
import { goneMemory } from "./brokenSinks.ts"
import { harnessOf } from "./sources.ts"
import { tableOf } from "./table.ts"

const page = readFileSync(new URL("../../../../docs/kits.md", import.meta.url), "utf8")

test.each([
  ["a source", SourceSuite.laws(harnessOf())],
  ["a sink", SinkSuite.laws(goneMemory)],
  ["a job store", JobStoreSuite.laws],
  ["a snapshot store", SnapshotStoreSuite.laws],
  ["a decision store", DecisionStoreSuite.laws],
  ["a job store in a database", SharedStoreSuite.jobStoreLaws],
  ["a snapshot store in a database", SharedStoreSuite.snapshotStoreLaws],
  ["a decision store in a database", SharedStoreSuite.decisionStoreLaws],
] as const)("the laws of %s", (name, laws) => {
  const section = page.split(/^## /m).find((it) => it.startsWith(`The laws of ${name}\n`))
  expect(section?.split("\n").filter((line) => line.startsWith("|"))).toEqual(tableOf(laws).split("\n"))
})
