/**
 * The candidates of a job as it sealed them, with near keys among its own records: the same whenever it is looked at, whatever became of the target.
 */
import { Effect, Stream } from "effect"
import type { Job } from "../Job.ts"
import type { Candidate, RecordChange } from "../Run.ts"
import { isCommittable } from "./commitJob.ts"
import { byKey } from "./decisions.ts"
import * as inspection from "./inspection.ts"
import { NearKeys } from "./nearKeys.ts"

/** What became of a candidate in its job: nothing (`open`: its rows are rejected, for nobody has decided), or what was decided. */
export type Standing = "open" | "created" | "mapped" | "rejected"

/** Where a candidate stands in its job. */
export const standingOf = ({ created, decided }: Pick<Candidate, "created" | "decided">): Standing =>
  created ? "created" : decided?.verdict === "map" ? "mapped" : decided?.verdict === "reject" ? "rejected" : "open"

/** A candidate with what its job knows of it. */
export interface SealedCandidate extends Candidate {
  readonly standing: Standing
  /** Keys of the job's own records that may have been meant, the nearest first, at most five; only of open and rejected ones. */
  readonly nearest: ReadonlyArray<string>
}

// for more candidates than that nobody decides one by one, and to look for all of them would take long
const candidatesWithNearest = 200

/** Those of them that nearest keys are looked for, by entity. */
export const wantedKeys = (found: ReadonlyArray<Candidate>): ReadonlyMap<string, NearKeys> => {
  const open = found.filter((it) => standingOf(it) === "open" || standingOf(it) === "rejected").slice(0, candidatesWithNearest)
  const near = new Map<string, NearKeys>()
  for (const entity of new Set(open.map((it) => it.entity)))
    near.set(entity, new NearKeys(open.filter((it) => it.entity === entity).map(({ key }) => key)))
  return near
}

/** Looks at the keys of the job's own records. Those of records that it is still to delete are left out from then on, wherever they are found. */
export const lookAtRecords = (job: Job, near: ReadonlyMap<string, NearKeys>) =>
  Stream.runForEachArray(inspection.records(Effect.succeed(job)), (some) =>
    Effect.sync(() => {
      for (const { action, entity, key } of some)
        if (action !== "delete" && action !== "refuse") near.get(entity)?.add(key)
        else if (action === "delete" && isCommittable(job)) near.get(entity)?.leaveOut(key)
    }),
  )

/** Whether the plan of a job has a record of this key, with such an action. */
export const hasRecord = (job: Job, entity: string, wanted: string, such: (action: RecordChange["action"]) => boolean) =>
  inspection.records(Effect.succeed(job)).pipe(
    Stream.filter((it) => it.entity === entity && it.key === wanted && such(it.action)),
    Stream.take(1),
    Stream.runCollect,
    Effect.map((some) => some.length > 0),
  )

/** The candidates of a job, by entity and key; all of them are in memory. */
export const sealedCandidates = (job: Job) =>
  Effect.gen(function* () {
    const found = [...(yield* inspection.candidates(job))].sort(byKey)
    const near = wantedKeys(found)
    if (near.size > 0) yield* lookAtRecords(job, near)
    return found.map(
      (it): SealedCandidate => ({ ...it, standing: standingOf(it), nearest: near.get(it.entity)?.of(it.key) ?? [] }),
    )
  })
