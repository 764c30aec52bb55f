/**
 * One attempt at an undo: what a job wrote, given back batch by batch through a session of the sink, counted and told.
 */
import { Effect } from "effect"
import * as Entity from "../Entity.ts"
import * as Issue from "../Issue.ts"
import type { LeftRecord, UndoPreview } from "../Run.ts"
import { type Left, type UndoneBatch, type UndoSession, undone } from "../Sink.ts"
import { deletes, hasWork, type Reading, type Sealed } from "./Committing.ts"
import { openBatch } from "./planning.ts"
import * as RefLog from "./RefLog.ts"
import { openPlanned } from "./Refusing.ts"
import type { Vault } from "./Vault.ts"
import type { Halted, WorldError } from "./worldError.ts"

type Sums = { -readonly [sum in keyof UndoPreview["entities"][string]]: number }

const noSums = (): Sums => ({ reversed: 0, kept: 0, errored: 0 })

const shown = (value: unknown): string => (value === undefined ? "absent" : (Issue.excerpt(value) ?? "null"))

/** What of a record is there now, in a sentence. */
export const sentence = ({ fields, message }: LeftRecord): string =>
  [
    message,
    ...fields.map(({ field, now, written }) => `${field} is ${shown(now)} now, the job had written ${shown(written)}`),
  ].join("; ")

/** See the file's first sentence. */
export class Undoing {
  private readonly entities = new Map<string, Sums>()
  private done = 0

  constructor(
    private readonly vault: Vault,
    private readonly session: UndoSession,
    /** Called for each record that is left as it is. */
    private readonly tell: (record: LeftRecord) => void,
    /** Called between batches; may fail where the undo is to stop. */
    private readonly between: (done: number) => Effect.Effect<void, Halted>,
  ) {}

  /**
   * Takes back all that is sealed, the last that was written first: what was deleted, the entities in reference order; then what was created and
   * updated, in reverse reference order. Their batches from the last to the first.
   */
  all(sealed: ReadonlyArray<Sealed>): Effect.Effect<void, WorldError> {
    const self = this
    return Effect.gen(function* () {
      for (const { entity } of sealed) self.entities.set(entity.name, noSums())
      for (const of of sealed) yield* self.batches(of, (part) => deletes(of, part))
      for (const of of sealed.toReversed()) yield* self.batches(of, (part) => hasWork(of, part) && !deletes(of, part))
    })
  }

  private batches(of: Sealed, which: (part: number) => boolean): Effect.Effect<void, WorldError> {
    const self = this
    return Effect.gen(function* () {
      for (const part of [...of.plan.parts.keys()].toReversed()) {
        if (!which(part)) continue
        yield* self.between(self.done)
        const known = self.session.checkpoint.get(`${of.entity.name}/${part}`)
        yield* self.count(of, part, known ?? (yield* self.revert(of, part)))
        self.done += of.records[part]!.lines
      }
    })
  }

  private revert(of: Sealed, part: number): Effect.Effect<UndoneBatch, WorldError> {
    return Effect.flatMap(openPlanned(this.vault, of, part), ({ batch, planned }) => this.session.revert(batch, planned))
  }

  private count(of: Sealed, part: number, { left, outcomes }: UndoneBatch): Effect.Effect<void, Reading> {
    const sums = this.entities.get(of.entity.name)!
    for (const code of outcomes) {
      if (code === undone.reversed) sums.reversed++
      else if (code === undone.kept) sums.kept++
      else if (code === undone.errored) sums.errored++
    }
    if (left.length === 0) return Effect.void
    return Effect.map(Effect.all([openBatch(this.vault, of, part), this.vault.open(of.refs[part]!)]), ([batch, bytes]) => {
      const refs = RefLog.read(Buffer.from(bytes).toString("utf8"))
      const records = batch.records()
      for (const it of left) this.tell(leftRecord(of.entity, records[it.index]!, refs.at(it.index), it))
    })
  }

  /** The sums so far, per entity in reference order. */
  sums(): Omit<UndoPreview, "left"> {
    const all = noSums()
    for (const sums of this.entities.values()) for (const sum of Object.keys(all) as Array<keyof Sums>) all[sum] += sums[sum]
    return { ...all, entities: Object.fromEntries(this.entities) }
  }
}

const leftRecord = (entity: Entity.Any, values: Entity.Values, ref: string, { fields, kind, message }: Left): LeftRecord => ({
  entity: entity.name,
  key: Entity.keyText(values, entity.keyPositions),
  ref,
  kind,
  message,
  fields,
})
