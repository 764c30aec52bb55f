/**
 * Runs Waybill's engine for a contender, with file stores, as an operator's command would.
 *
 * @module
 */
import { join } from "node:path"
import { Engine, type Import, type Job, type Source } from "@waybill/core"
import { FileJobStore, FileSnapshotStore } from "@waybill/core/file"
import { Effect, Layer, References } from "effect"
import type { Outcome, Task } from "./contender.ts"

/** What of an import is run: both phases in one process, or one of them. */
export type Phase = "run" | "validate" | "commit"

const phases = (phase: Phase, definition: Import.Import, source: Source.Source, job: string) => {
  switch (phase) {
    case "run":
      return Engine.run(definition, source, { force: true, startedBy: "bench" })
    case "validate":
      return Engine.validate(definition, source, { force: true, startedBy: "bench" })
    case "commit":
      return Engine.commit(definition, job)
  }
}

const outcomeOf = (job: Job.Job, phase: Phase): Outcome => {
  const expected = phase === "validate" ? ["pending"] : ["success", "partial"]
  if (!expected.includes(job.status))
    throw new Error(`the job is ${job.status}, not ${expected.join(" or ")}: ${job.failure?.code} ${job.failure?.message}`)
  const { created, processed, rejected, unchanged, updated } = job.counts
  return { rows: processed, rejected, job: job.id, counts: { created, updated, unchanged } }
}

/** Runs a phase and tells what its job counted; a job that did not get to its end is an error. */
export const engineRun = async (task: Task, phase: Phase, definition: Import.Import, source: Source.Source): Promise<Outcome> => {
  const stores = Layer.merge(
    FileJobStore.layer(join(task.folder, "jobs")),
    FileSnapshotStore.layer(join(task.folder, "snapshots")),
  )
  const job = await Effect.runPromise(
    phases(phase, definition, source, task.job ?? "").pipe(
      Effect.provide(stores),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
    ),
  )
  return outcomeOf(job, phase)
}
