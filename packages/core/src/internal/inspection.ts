/**
 * What a sealed job holds, read for people.
 */
import { Effect, Stream } from "effect"
import type { EngineError } from "../EngineError.ts"
import * as Entity from "../Entity.ts"
import type * as Field from "../Field.ts"
import type { IntegrityError } from "../IntegrityError.ts"
import type { Job } from "../Job.ts"
import type { JobStore, JobStoreError } from "../JobStore.ts"
import type { Change } from "../Normalize.ts"
import * as Plan from "../Plan.ts"
import type { Candidate, RecordChange } from "../Run.ts"
import { type EntityContent, names, type PlanManifest, type SnapshotManifest } from "../Snapshot.ts"
import type { SnapshotStore, SnapshotStoreError } from "../SnapshotStore.ts"
import * as jobs from "./jobs.ts"
import { openBatch } from "./planning.ts"
import * as RefLog from "./RefLog.ts"
import { checkKept } from "./retention.ts"
import * as Vault from "./Vault.ts"

/** What the names of the parts of the normalization log begin with. */
export const normalizationFolder = "log/normalization/"

const lines = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8")

// what the job is about, its own parts or those of the job that it takes back, unless that was purged
const vaultOf = (job: Job) =>
  Effect.gen(function* () {
    yield* checkKept(job.undo === null ? job : yield* jobs.getJob(null, job.undo.of))
    return yield* Vault.make(Vault.of(job))
  })

/** A record of a plan with its values. */
export interface PlannedRecord extends RecordChange {
  /** Field → value, in the order of the entity's fields; fields that the import leaves alone are not among them. */
  readonly values: { readonly [field: string]: unknown }
}

// what reading a sealed batch needs to know of an entity, from the manifest: so a job of any revision can be read
const sealedEntity = ({ fields, key, name }: EntityContent): Entity.Any => {
  const entity: Entity.Any = {
    name,
    schemas: {},
    fields: fields.map((field) => ({
      name: field.name,
      kind: field.kind as Field.Kind,
      nullable: true,
      optional: true,
      free: false,
      problem: () => undefined,
    })),
    key,
    keyPositions: key.map((it) => fields.findIndex((field) => field.name === it)),
    references: [],
    compared: [],
    create: undefined,
    of: (value) => ({ entity, value }),
  }
  return entity
}

/** The records of a job's plan, entity by entity in reference order, one part in memory at a time. */
export const records = <E, R>(getJob: Effect.Effect<Job, E, R>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const job = yield* getJob
      if (job.snapshot === null || job.plan === null) return Stream.empty
      const vault = yield* vaultOf(job)
      const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)
      const plan = yield* vault.openManifest<PlanManifest>(names.plan, job.plan)
      const parts = snapshot.content.entities.flatMap((content) => {
        const entity = sealedEntity(content)
        const refs = content.parts.map((_, part) => snapshot.logs.find((it) => it.name === names.refs(entity.name, part))!)
        const planned = plan.entities.find((it) => it.name === entity.name)!.parts
        return planned.map((sealed, part) => ({ of: { entity, records: [...content.parts], refs }, part, sealed }))
      })
      return Stream.fromIterable(parts, { chunkSize: 1 }).pipe(
        Stream.mapEffect(({ of, part, sealed }) =>
          Effect.gen(function* () {
            const batch = yield* openBatch(vault, of, part)
            const refs = RefLog.read(lines(yield* vault.open(of.refs[part]!)))
            const planned = Plan.read(part, batch.count, lines(yield* vault.open(sealed)))
            return plannedRecords(of.entity, batch.records(), refs, planned)
          }),
        ),
        Stream.flatMap((planned) => Stream.fromArray(planned)),
      )
    }),
  )

const plannedRecords = (
  entity: Entity.Any,
  batch: ReadonlyArray<Entity.Values>,
  refs: RefLog.RefLog,
  planned: Plan.PlannedBatch,
): ReadonlyArray<PlannedRecord> => {
  const updates = new Map(planned.updates.map((it) => [it.index, it]))
  const refusals = new Map(planned.refusals.map((it) => [it.index, it]))
  const kept = new Map((planned.kept ?? []).map((it) => [it.index, it]))
  return batch.map((values, at) => ({
    entity: entity.name,
    key: Entity.keyText(values, entity.keyPositions),
    ref: refs.at(at),
    action: Plan.actions[planned.actions[at]!]!,
    changes: updates.get(at)?.changes ?? [],
    ...(kept.has(at) ? { kept: kept.get(at)!.fields } : {}),
    issues: refusals.get(at)?.issues ?? [],
    values: Object.fromEntries(
      entity.fields.flatMap(({ name }, position) => (values[position] === undefined ? [] : [[name, values[position]]])),
    ),
  }))
}

/** The parts of a log of a job, read line by line, checked, one part in memory at a time. */
export interface LogReader<A> {
  /** The line at hand; `undefined` where {@link more} has to be called, or at the end. */
  readonly peek: () => A | undefined
  readonly next: () => void
  /** Whether there is a part that is not read yet. */
  readonly hasMore: () => boolean
  readonly more: Effect.Effect<void, SnapshotStoreError | IntegrityError>
}

/** A reader of the log whose parts begin with this name. */
export const openLog = <A>(
  job: Job,
  prefix: string,
): Effect.Effect<LogReader<A>, EngineError | JobStoreError | SnapshotStoreError | IntegrityError, JobStore | SnapshotStore> =>
  Effect.gen(function* () {
    const vault = yield* vaultOf(job)
    const logs =
      job.snapshot === null ? [] : (yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)).logs
    const parts = logs.filter(({ name }) => name.startsWith(prefix))
    let part = 0
    let at = 0
    let texts: ReadonlyArray<string> = []
    let current: A | undefined
    const read = (): void => {
      current = at < texts.length ? (JSON.parse(texts[at]!) as A) : undefined
    }
    return {
      peek: () => current,
      next: () => {
        at++
        read()
      },
      hasMore: () => part < parts.length,
      more: Effect.suspend(() =>
        Effect.map(vault.open(parts[part++]!), (bytes) => {
          texts = lines(bytes)
            .split("\n")
            .filter((line) => line !== "")
          at = 0
          read()
        }),
      ),
    }
  })

// the lines of all parts of a snapshot whose names begin so, one part in memory at a time
const linesOf = (job: Job, prefix: string) =>
  Stream.unwrap(
    Effect.gen(function* () {
      if (job.snapshot === null) return Stream.empty
      const vault = yield* vaultOf(job)
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

/** The changes that a job's normalizations made. */
export const normalizations = (job: Job) => Stream.map(linesOf(job, normalizationFolder), (line) => JSON.parse(line) as Change)

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
    const vault = yield* vaultOf(job)
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
    const vault = yield* vaultOf(job)
    const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, job.snapshot.manifest)
    const part = snapshot.logs.find((it) => it.name === names.candidates)
    if (part === undefined) return []
    return lines(yield* vault.open(part))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Candidate)
  })
