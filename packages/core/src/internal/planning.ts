/**
 * Planning: the sealed records of each entity against the target, with the records refused that must not go in, sealed as a plan.
 */
import { Effect, Stream } from "effect"
import * as Batch from "../Batch.ts"
import * as Entity from "../Entity.ts"
import type { Import } from "../Import.ts"
import type { IntegrityError } from "../IntegrityError.ts"
import * as Issue from "../Issue.ts"
import * as Ownership from "../Ownership.ts"
import * as Plan from "../Plan.ts"
import type { PlanSession, SinkError } from "../Sink.ts"
import { type EntityPlan, names, type Part } from "../Snapshot.ts"
import type { SnapshotStoreError } from "../SnapshotStore.ts"
import type { Collector } from "./Collector.ts"
import { type Deleting, missingPlace } from "./missing.ts"
import * as RefLog from "./RefLog.ts"
import type { Vault } from "./Vault.ts"

/** The sealed parts of one entity: records, and refs beside them. */
export interface SealedEntity {
  readonly entity: Entity.Any
  readonly records: Array<Part>
  readonly refs: Array<Part>
}

/** What planning found. */
export interface Planned {
  readonly entities: ReadonlyArray<EntityPlan>
  /** Rows that are rejected after all, by ref, with the code that decided it. */
  readonly rejected: ReadonlyMap<string, string>
  readonly issues: ReadonlyArray<Issue.Issue>
}

/** The place in the refs of records that no row brought. */
export const candidatePlace = "candidate"

type Failing = SinkError | SnapshotStoreError | IntegrityError

/** A sealed batch, read again and checked. */
export const openBatch = (
  vault: Vault,
  { entity, records }: SealedEntity,
  part: number,
): Effect.Effect<Batch.Batch, SnapshotStoreError | IntegrityError> => {
  const sealed = records[part]!
  // parts differ in length: a row that brings several records of an entity does not break in two
  let first = 0
  for (let before = 0; before < part; before++) first += records[before]!.lines
  return Effect.map(vault.open(sealed), (bytes) => Batch.make({ entity, part, first, count: sealed.lines, bytes }))
}

// all but those that are deleted, in their order
const batches = (
  vault: Vault,
  of: SealedEntity,
  deletions: ReadonlyArray<Plan.PlannedBatch>,
): Stream.Stream<Batch.Batch, SnapshotStoreError | IntegrityError> =>
  Stream.fromIterable(
    [...of.records.keys()].filter((at) => !deletions.some(({ part }) => part === at)),
    { chunkSize: 1 },
  ).pipe(Stream.mapEffect((part) => openBatch(vault, of, part)))

// what mirrors delete of an entity was seen when it was found
const deletionsOf = (entity: Entity.Any, deletions: ReadonlyArray<Deleting>): ReadonlyArray<Plan.PlannedBatch> =>
  deletions
    .filter(({ full }) => full.batch.entity === entity)
    .map(({ fingerprints, full: { batch } }) => ({
      part: batch.part,
      actions: new Uint8Array(batch.count).fill(Plan.code.delete),
      updates: [],
      refusals: [],
      deletions: fingerprints.map((fingerprint, index) => ({ index, fingerprint })),
    }))

/** See the file's first sentence. `missing` are keys that are referred to and exist nowhere, `unwanted` those whose rows were decided to be rejected, `deletions` the batches that mirrors delete. */
export const plan = (
  definition: Import,
  session: PlanSession,
  vault: Vault,
  sealed: ReadonlyArray<SealedEntity>,
  collector: Collector,
  missing: ReadonlyMap<Entity.Any, ReadonlySet<string>>,
  deletions: ReadonlyArray<Deleting>,
  unwanted: ReadonlyMap<Entity.Any, ReadonlyMap<string, string>>,
): Effect.Effect<Planned, Failing> =>
  Effect.gen(function* () {
    const run = new Planning(definition, vault, collector, missing, unwanted)
    const parts = new Map<Entity.Any, Array<EntityPlan["parts"][number]>>()
    for (const of of sealed) {
      const planned: Array<EntityPlan["parts"][number]> = []
      parts.set(of.entity, planned)
      const deleted = deletionsOf(of.entity, deletions)
      yield* session.plan(of.entity, batches(vault, of, deleted)).pipe(
        Stream.runForEach((batch) =>
          Effect.gen(function* () {
            const whole = yield* run.refuseOrphans(of, Ownership.settle(of.entity, batch))
            planned.push(yield* run.seal(of.entity, whole))
          }),
        ),
      )
      // their parts come behind all others
      for (const it of deleted) planned.push(yield* run.seal(of.entity, it))
    }
    // a row that is rejected after all takes its other records with it, and those what refers to them, until nothing changes
    for (let before = 0; run.refused !== before; ) {
      before = run.refused
      for (const of of sealed) yield* run.refuseRejected(of, parts.get(of.entity)!)
    }
    return {
      entities: sealed.map(({ entity }) => ({ name: entity.name, parts: parts.get(entity)! })),
      rejected: run.rejected,
      issues: run.issues,
    }
  })

class Planning {
  readonly rejected = new Map<string, string>()
  /** How many records are refused. */
  refused = 0
  readonly issues: Array<Issue.Issue> = []
  // per entity the keys that will not be in the target although something may refer to them
  private readonly absent: Map<Entity.Any, Set<string>>

  constructor(
    private readonly definition: Import,
    private readonly vault: Vault,
    private readonly collector: Collector,
    missing: ReadonlyMap<Entity.Any, ReadonlySet<string>>,
    private readonly unwanted: ReadonlyMap<Entity.Any, ReadonlyMap<string, string>>,
  ) {
    this.absent = new Map([...missing].map(([entity, keys]) => [entity, new Set(keys)]))
  }

  seal(entity: Entity.Any, planned: Plan.PlannedBatch): Effect.Effect<EntityPlan["parts"][number], SnapshotStoreError> {
    const text = Plan.write(planned)
    const kept = Plan.tallyKept(planned)
    return Effect.map(this.vault.reseal(names.planned(entity.name, planned.part), text, planned.actions.length), (part) => ({
      ...part,
      counts: Plan.tally(planned),
      ...(kept === undefined ? {} : { kept }),
    }))
  }

  private orphan(entity: Entity.Any, values: Entity.Values): Issue.Issue | undefined {
    for (const reference of entity.references) {
      const absent = this.absent.get(reference.entity)
      if (absent === undefined || !Entity.refers(values, reference)) continue
      const key = Entity.keyText(values, reference.positions)
      if (!absent.has(key)) continue
      const by = this.unwanted.get(reference.entity)?.get(key)
      if (by !== undefined)
        return Issue.make({
          code: "candidate.rejected",
          entity: entity.name,
          column: reference.positions.map((position) => entity.fields[position]!.name).join(", "),
          value: key,
          message: `${by} decided that rows which refer to this ${reference.entity.name} are rejected, and it exists nowhere; expected one that exists`,
        })
      const known = this.collector.states.get(reference.entity)!.index.find(key) >= 0
      return Issue.make({
        code: known ? "reference.refused" : "reference.missing",
        entity: entity.name,
        column: reference.positions.map((position) => entity.fields[position]!.name).join(", "),
        value: key,
        message: known
          ? `the ${reference.entity.name} it refers to cannot go in`
          : `there is no ${reference.entity.name} of this key, neither in the input nor in the target; expected one that exists`,
      })
    }
    return undefined
  }

  // refuses the records that refer to something absent, and notes all refusals of the batch
  refuseOrphans(of: SealedEntity, planned: Plan.PlannedBatch): Effect.Effect<Plan.PlannedBatch, Failing> {
    const looks = of.entity.references.some((reference) => this.absent.has(reference.entity))
    if (!looks && planned.refusals.length === 0) return Effect.succeed(planned)
    const self = this
    return Effect.gen(function* () {
      const batch = yield* openBatch(self.vault, of, planned.part)
      const refs = yield* self.refs(of, planned.part)
      let whole = planned
      if (planned.refusals.length > 0) {
        const refusals = planned.refusals.map(({ index, issues }) => ({
          index,
          issues: issues.map((issue) => ({ ...issue, entity: of.entity.name, ref: refs.at(index) })),
        }))
        whole = { ...planned, refusals }
        for (const { index, issues } of refusals) self.note(of.entity, batch.records()[index]!, refs.at(index), issues)
      }
      return looks ? self.refuseWhere(of, whole, batch, refs, (values) => self.orphan(of.entity, values)) : whole
    })
  }

  // refuses the other records of rejected rows, unless another row has the same record, and what refers to something absent
  refuseRejected(of: SealedEntity, parts: Array<EntityPlan["parts"][number]>): Effect.Effect<void, Failing> {
    const self = this
    return Effect.gen(function* () {
      const { index } = self.collector.states.get(of.entity)!
      for (const [part, sealed] of parts.entries()) {
        if ((sealed.counts.delete ?? 0) > 0) continue
        const refs = yield* self.refs(of, part)
        const batch = yield* openBatch(self.vault, of, part)
        const bytes = yield* self.vault.open(sealed)
        const planned = Plan.read(part, batch.count, Buffer.from(bytes).toString("utf8"))
        const whole = self.refuseWhere(of, planned, batch, refs, (values, at) => {
          const orphan = self.orphan(of.entity, values)
          if (orphan !== undefined) return orphan
          const rejected = self.rejected.has(refs.at(at)) && !index.isShared(Entity.keyText(values, of.entity.keyPositions))
          return rejected
            ? Issue.make({
                severity: "warning",
                code: "row.rejected",
                entity: of.entity.name,
                message: "another record of its row cannot go in",
              })
            : undefined
        })
        if (whole !== planned) parts[part] = yield* self.seal(of.entity, whole)
      }
    })
  }

  private refuseWhere(
    of: SealedEntity,
    planned: Plan.PlannedBatch,
    batch: Batch.Batch,
    refs: RefLog.RefLog,
    look: (values: Entity.Values, at: number) => Issue.Issue | undefined,
  ): Plan.PlannedBatch {
    let whole = planned
    const kept = new Map(planned.kept?.map(({ fields, index }) => [index, new Set(fields.map(({ field }) => field))]))
    // what is kept for its owner is not written, so it refers to nothing
    const written = (values: Entity.Values, at: number): Entity.Values => {
      const stays = kept.get(at)
      return stays === undefined
        ? values
        : values.map((value, position) => (stays.has(of.entity.fields[position]!.name) ? undefined : value))
    }
    // a record may refer to one of its own entity that is refused further down: go on until nothing changes
    for (let again = true; again; ) {
      again = false
      const refused = new Map<number, ReadonlyArray<Issue.Issue>>()
      for (const [at, values] of batch.records().entries()) {
        if (whole.actions[at] === Plan.code.refuse) continue
        const issue = look(written(values, at), at)
        if (issue === undefined) continue
        const issues = [{ ...issue, ref: refs.at(at) }]
        refused.set(at, issues)
        this.note(of.entity, values, refs.at(at), issues)
      }
      if (refused.size > 0) {
        whole = Plan.refuse(whole, refused)
        again = of.entity.references.some((reference) => reference.entity === of.entity)
      }
    }
    return whole
  }

  private note(entity: Entity.Any, values: Entity.Values, ref: string, issues: ReadonlyArray<Issue.Issue>): void {
    this.refused++
    for (const issue of issues) this.issues.push(issue)
    if (!ref.startsWith(`${candidatePlace}:`) && !ref.startsWith(`${missingPlace}:`) && !this.rejected.has(ref))
      this.rejected.set(ref, issues.find((issue) => issue.severity === "error")?.code ?? issues[0]!.code)
    if (!this.definition.entities.some((it) => it.references.some((reference) => reference.entity === entity))) return
    let keys = this.absent.get(entity)
    if (keys === undefined) {
      keys = new Set()
      this.absent.set(entity, keys)
    }
    keys.add(Entity.keyText(values, entity.keyPositions))
  }

  private refs(of: SealedEntity, part: number): Effect.Effect<RefLog.RefLog, SnapshotStoreError | IntegrityError> {
    return Effect.map(this.vault.open(of.refs[part]!), (bytes) => RefLog.read(Buffer.from(bytes).toString("utf8")))
  }
}
