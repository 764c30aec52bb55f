/**
 * Refusing, while a commit is under way: what the target does not take of a batch is told and left out, and so is what refers to it.
 */
import { Effect } from "effect"
import * as Entity from "../Entity.ts"
import type { Import } from "../Import.ts"
import type { IntegrityError } from "../IntegrityError.ts"
import * as Issue from "../Issue.ts"
import * as Ownership from "../Ownership.ts"
import * as Plan from "../Plan.ts"
import { type AppliedBatch, type CommitSession, outcome, type PlannedRecords, SinkError } from "../Sink.ts"
import type { EntityPlan } from "../Snapshot.ts"
import type { SnapshotStoreError } from "../SnapshotStore.ts"
import * as halving from "./halving.ts"
import { openBatch, type SealedEntity } from "./planning.ts"
import * as RefLog from "./RefLog.ts"
import type { Tally } from "./Tally.ts"
import type { Vault } from "./Vault.ts"

/** One entity of the plan with all it takes to apply it. */
export interface Sealed extends SealedEntity {
  readonly plan: EntityPlan
}

/** Why sealed parts could not be read. */
export type Reading = SnapshotStoreError | IntegrityError

/** A sealed batch with its plan, without the fields that the plan keeps. */
export const openPlanned = (vault: Vault, of: Sealed, part: number): Effect.Effect<PlannedRecords, Reading> =>
  Effect.zipWith(openBatch(vault, of, part), vault.open(of.plan.parts[part]!), (batch, bytes) => {
    const planned = Plan.read(part, batch.count, Buffer.from(bytes).toString("utf8"))
    return { batch: Ownership.effective(batch, planned), planned }
  })

/** The refs of a sealed batch. */
export const openRefs = (vault: Vault, of: Sealed, part: number): Effect.Effect<RefLog.RefLog, Reading> =>
  Effect.map(vault.open(of.refs[part]!), (bytes) => RefLog.read(Buffer.from(bytes).toString("utf8")))

/** How many records of a batch were refused, by the plan or by the target. */
export const refusedIn = ({ outcomes }: AppliedBatch): number =>
  outcomes.reduce((sum, code) => (code === outcome.failed ? sum + 1 : sum), 0)

type Issues = ReadonlyMap<number, ReadonlyArray<Issue.Issue>>

/** See the file's first sentence. */
export class Refusing {
  // keys of records that were to be created and were not
  private readonly absent = new Map<Entity.Any, Set<string>>()

  constructor(
    private readonly all: {
      readonly definition: Import
      readonly vault: Vault
      readonly session: CommitSession
      readonly tally: Tally
    },
  ) {}

  /** The error that stops a commit for the records that were told. */
  static stopped(error: SinkError, issues: Issues): SinkError {
    const [first] = [...issues.values()].flat()
    if (first === undefined) return error
    const more = issues.size - 1
    return new SinkError({
      ...error,
      message: `${first.ref}: ${first.message}${more === 0 ? "" : `, and ${more} more ${more === 1 ? "record" : "records"}`}`,
    })
  }

  /** Makes an issue of each record that the target refuses. */
  tell(of: Sealed, part: number, refused: ReadonlyMap<number, SinkError>): Effect.Effect<Issues, Reading> {
    return Effect.map(openRefs(this.all.vault, of, part), (refs) => {
      const issues = new Map(
        [...refused].map(([index, error]) => [
          index,
          [
            Issue.make({
              code: `sink.${error.code ?? "refused"}`,
              entity: of.entity.name,
              ref: refs.at(index),
              column: error.refused?.constraint ?? null,
              message: error.message,
            }),
          ],
        ]),
      )
      for (const [issue] of issues.values()) this.all.tally.issue(issue!)
      return issues
    })
  }

  /** A batch without records; those that were to be created are not there for others to refer to. */
  leave(of: Sealed, records: PlannedRecords, issues: Issues): PlannedRecords {
    const values = records.batch.records()
    for (const index of issues.keys()) this.miss(of.entity, values[index]!, records.planned.actions[index])
    return halving.without(records, issues)
  }

  private miss(entity: Entity.Any, values: Entity.Values, action: number | undefined): void {
    if (action !== Plan.code.create) return
    const keys = this.absent.get(entity) ?? new Set()
    this.absent.set(entity, keys.add(Entity.keyText(values, entity.keyPositions)))
  }

  /** A batch without the records that refer to one that was refused. */
  withoutOrphans(of: Sealed, records: PlannedRecords): Effect.Effect<PlannedRecords, Reading> {
    const orphans = this.orphans(of, records)
    if (orphans.size === 0) return Effect.succeed(records)
    return Effect.map(openRefs(this.all.vault, of, records.batch.part), (refs) => {
      const issues = new Map([...orphans].map(([index, issue]) => [index, [{ ...issue, ref: refs.at(index) }]]))
      for (const [issue] of issues.values()) this.all.tally.issue(issue!)
      return this.leave(of, records, issues)
    })
  }

  private orphans(of: Sealed, { batch, planned }: PlannedRecords): ReadonlyMap<number, Issue.Issue> {
    const found = new Map<number, Issue.Issue>()
    const looked = of.entity.references.filter((reference) => this.absent.has(reference.entity))
    if (looked.length === 0) return found
    for (const [index, values] of batch.records().entries()) {
      if (planned.actions[index] !== Plan.code.create && planned.actions[index] !== Plan.code.update) continue
      for (const reference of looked) {
        if (!Entity.refers(values, reference)) continue
        const key = Entity.keyText(values, reference.positions)
        if (!this.absent.get(reference.entity)!.has(key)) continue
        const issue = Issue.make({
          code: "reference.refused",
          entity: of.entity.name,
          column: reference.positions.map((position) => of.entity.fields[position]!.name).join(", "),
          value: key,
          message: `the ${reference.entity.name} it refers to was refused by the target`,
        })
        found.set(index, issue)
        break
      }
    }
    return found
  }

  /**
   * Tells again what was refused of a batch that an earlier attempt has applied: that attempt has taken its issues with it. The rest of the batch is
   * in the target, so each is refused again for what it was refused for then.
   */
  again(of: Sealed, part: number, applied: AppliedBatch): Effect.Effect<void, SinkError | Reading> {
    const self = this
    const { refuse } = of.plan.parts[part]!.counts
    if (refusedIn(applied) === refuse) return Effect.void
    return Effect.gen(function* () {
      const records = yield* openPlanned(self.all.vault, of, part)
      const left = yield* self.withoutOrphans(of, records)
      const { actions } = left.planned
      const sent = [...actions.keys()].filter((index) => halving.isSent(actions[index]))
      const refused = new Map<number, SinkError>()
      for (const index of sent) {
        if (applied.outcomes[index] !== outcome.failed) continue
        const others = new Map(sent.flatMap((other) => (other === index ? [] : [[other, []] as const])))
        refused.set(index, yield* self.words(halving.without(left, others), refused.size))
      }
      self.leave(of, left, yield* self.tell(of, part, refused))
    })
  }

  // what the target says of a batch with one record in it
  private words({ batch, planned }: PlannedRecords, asked: number): Effect.Effect<SinkError, SinkError> {
    const message = "the target refused it in an earlier attempt"
    const unknown = new SinkError({ reason: "DataRefused", message, isRetryable: false })
    const { probe } = this.all.session
    if (probe === undefined || asked >= halving.mostProbes) return Effect.succeed(unknown)
    return Effect.matchEffect(probe(batch, planned), {
      onFailure: (error) => (error.reason === "DataRefused" ? Effect.succeed(error) : Effect.fail(error)),
      onSuccess: () => Effect.succeed(unknown),
    })
  }
}
