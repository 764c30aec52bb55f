/**
 * What a sealed job holds, read for people.
 */
import { Effect, Stream } from "effect"
import * as Entity from "../Entity.ts"
import type { Import } from "../Import.ts"
import type { Job } from "../Job.ts"
import * as Plan from "../Plan.ts"
import type { Candidate, RecordChange } from "../Run.ts"
import { names, type PlanManifest, type SnapshotManifest } from "../Snapshot.ts"
import { openBatch } from "./planning.ts"
import * as RefLog from "./RefLog.ts"
import * as Vault from "./Vault.ts"

const lines = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8")

/** The changes that a job's plan makes, entity by entity in reference order, one part in memory at a time. */
export const changes = <E, R>(definition: Import, getJob: Effect.Effect<Job, E, R>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const job = yield* getJob
      if (job.snapshot === null || job.plan === null) return Stream.empty
      const vault = yield* Vault.make(job.undo?.of ?? job.id)
      const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)
      const plan = yield* vault.openManifest<PlanManifest>(names.plan, job.plan)
      const parts = definition.entities.flatMap((entity) => {
        const { parts: records } = snapshot.content.entities.find((it) => it.name === entity.name)!
        const refs = records.map((_, part) => snapshot.logs.find((it) => it.name === names.refs(entity.name, part))!)
        const planned = plan.entities.find((it) => it.name === entity.name)!.parts
        return planned.map((sealed, part) => ({ of: { entity, records: [...records], refs }, part, sealed }))
      })
      return Stream.fromIterable(parts, { chunkSize: 1 }).pipe(
        Stream.mapEffect(({ of, part, sealed }) =>
          Effect.gen(function* () {
            const batch = yield* openBatch(vault, of, part)
            const refs = RefLog.read(lines(yield* vault.open(of.refs[part]!)))
            const planned = Plan.read(part, batch.count, lines(yield* vault.open(sealed)))
            return recordChanges(of.entity, batch.records(), refs, planned)
          }),
        ),
        Stream.flatMap((records) => Stream.fromArray(records)),
      )
    }),
  )

const recordChanges = (
  entity: Entity.Any,
  records: ReadonlyArray<Entity.Values>,
  refs: RefLog.RefLog,
  planned: Plan.PlannedBatch,
): ReadonlyArray<RecordChange> => {
  const updates = new Map(planned.updates.map((it) => [it.index, it]))
  const refusals = new Map(planned.refusals.map((it) => [it.index, it]))
  return records.map((values, at) => ({
    entity: entity.name,
    key: Entity.keyText(values, entity.keyPositions),
    ref: refs.at(at),
    action: Plan.actions[planned.actions[at]!]!,
    changes: updates.get(at)?.changes ?? [],
    issues: refusals.get(at)?.issues ?? [],
  }))
}

// the lines of all parts of a snapshot whose names begin so, one part in memory at a time
const linesOf = (job: Job, prefix: string) =>
  Stream.unwrap(
    Effect.gen(function* () {
      if (job.snapshot === null) return Stream.empty
      const vault = yield* Vault.make(job.undo?.of ?? job.id)
      const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)
      return Stream.fromIterable(
        snapshot.logs.filter(({ name }) => name.startsWith(prefix)),
        { chunkSize: 1 },
      ).pipe(
        Stream.mapEffect((part) => vault.open(part)),
        Stream.flatMap((bytes) =>
          Stream.fromArray(
            lines(bytes)
              .split("\n")
              .filter((line) => line !== ""),
          ),
        ),
      )
    }),
  )

/** The rows that a job rejected while it read them, as they were kept. */
export const deadLetters = (job: Job) => Stream.map(linesOf(job, names.rejectedFolder), (line) => JSON.parse(line) as unknown)

/** The refs of all rows that a job rejected, while it read them or while it made its plan. */
export const rejectedRefs = (job: Job) =>
  Effect.gen(function* () {
    const refs = new Set<string>()
    yield* Stream.runForEach(deadLetters(job), (letter) =>
      Effect.sync(() => {
        refs.add((letter as { readonly ref: string }).ref)
      }),
    )
    if (job.snapshot === null || job.plan === null) return refs
    const vault = yield* Vault.make(job.undo?.of ?? job.id)
    const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)
    const plan = yield* vault.openManifest<PlanManifest>(names.plan, job.plan)
    for (const { name, parts } of plan.entities)
      for (const [at, part] of parts.entries()) {
        if (part.counts.refuse === 0) continue
        const places = RefLog.read(lines(yield* vault.open(snapshot.logs.find((it) => it.name === names.refs(name, at))!)))
        const { refusals } = Plan.read(at, part.lines, lines(yield* vault.open(part)))
        for (const { index } of refusals) refs.add(places.at(index))
      }
    return refs
  })

/** The candidates that a job found. */
export const candidates = (job: Job) =>
  Effect.gen(function* () {
    if (job.snapshot === null) return []
    const vault = yield* Vault.make(job.undo?.of ?? job.id)
    const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)
    const part = snapshot.logs.find((it) => it.name === names.candidates)
    if (part === undefined) return []
    return lines(yield* vault.open(part))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Candidate)
  })
