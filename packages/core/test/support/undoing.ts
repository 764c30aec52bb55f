/**
 * An import of products with categories in smart mode, into a target that has some of it, for the tests of undo.
 */
import { type Import, type Job, JobStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Option, Schedule } from "effect"
import { columns, definition } from "./products.ts"

export const source = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows })

// one record is there as in the rows, one differs, one is nobody's business; two categories are made by smart mode
export const rows = [
  ["A-1", "Lamp 1", "1.50", "new-1"],
  ["A-2", "Lamp 2", "1.50", "new-2"],
  ["A-3", "Lamp 3", "1.50", null],
  ["A-4", "Lamp 4", "1.50", "old"],
  ["A-5", "Lamp 5", "1.50", "new-1"],
]
export const target = (options: MemorySink.Options = {}): MemorySink.MemorySink => {
  const sink = MemorySink.make(options)
  sink.tables.set("category", new Map([["old", ["old", "Old"]]]))
  sink.tables.set(
    "product",
    new Map([
      ["A-3", ["A-3", "Lamp 3", "1.50", null]],
      ["A-4", ["A-4", "Before", null, null]],
      ["Z-9", ["Z-9", "Other", "9.00", "old"]],
    ]),
  )
  return sink
}

export const imported = (sink: MemorySink.MemorySink, options: Parameters<typeof definition>[1] = {}): Import.Import =>
  definition(sink, { mode: "smart", limits: { batch: 2 }, retry: Schedule.recurs(3), ...options })

export const issuesOf = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.issues(id))
export const jobOf = (id: string) =>
  Effect.flatMap(JobStore.JobStore, (store) => Effect.map(store.get(id), (job): Job.Job => Option.getOrThrow(job)))
