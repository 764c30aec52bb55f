/**
 * Puts the blocks of a plan's answer back into batches, in order: a batch is whole once the answer is past its last record.
 *
 * @module
 */
import { Issue, Plan } from "@waybill/core"
import type { Layout } from "./Layout.ts"
import { type BlockRow, blockBits, type ChangedColumn, comparedFields } from "./planQuery.ts"
import { canonical } from "./Rendering.ts"

/** Where a batch lies among the records of its entity. */
export interface Extent {
  readonly part: number
  readonly first: number
  readonly count: number
}

interface Draft {
  readonly actions: Uint8Array
  readonly updates: Array<Plan.Update>
}

/** Collects the answer for one entity. */
export class PlannedBatches {
  private done = 0
  private readonly drafts = new Map<number, Draft>()
  private readonly fields: ReadonlyArray<ReadonlyArray<number>>
  private readonly lacks = new Map<number, ReadonlyArray<Issue.Issue>>()
  private near = 0

  constructor(
    private readonly layout: Layout,
    private readonly extents: ReadonlyArray<Extent>,
    /** By the record's position among those of its entity. */
    private readonly refused: ReadonlyMap<number, ReadonlyArray<Issue.Issue>>,
  ) {
    this.fields = comparedFields(layout)
  }

  /** Takes one block; gives the batches that are whole before it. */
  take(row: BlockRow & { readonly block: string | number }): ReadonlyArray<Plan.PlannedBatch> {
    const whole = this.until(Number(row.block) * 2 ** blockBits)
    if (row.creates !== null) for (const at of row.creates.split(",")) this.mark(Number(at), Plan.code.create)
    for (const [at, fingerprint, columns] of row.updates ?? []) {
      const draft = this.mark(at, Plan.code.update)
      draft.updates.push({ index: at - this.extents[this.near]!.first, fingerprint, changes: this.changes(columns) })
    }
    for (const [at, position] of row.lacking ?? []) this.lacking(at, position)
    return whole
  }

  /** All batches as creates: the plan against an empty table. */
  *creates(): Generator<Plan.PlannedBatch> {
    for (const { count, first, part } of this.extents)
      yield this.whole(part, first, new Uint8Array(count).fill(Plan.code.create), [])
  }

  /** The rest, once the answer is at its end. */
  rest(): ReadonlyArray<Plan.PlannedBatch> {
    return this.until(Number.POSITIVE_INFINITY)
  }

  private lacking(at: number, position: number): void {
    const field = this.layout.entity.fields[position]!.name
    this.lacks.set(at, [
      Issue.make({
        code: "postgres.23502",
        entity: this.layout.entity.name,
        column: field,
        message: `a new record needs ${field}: its column takes no null and has no default`,
      }),
    ])
  }

  private changes(columns: ReadonlyArray<ChangedColumn>): ReadonlyArray<Plan.Change> {
    const { fields } = this.layout.entity
    const changes: Array<Plan.Change> = []
    for (const [at, texts] of columns.entries()) {
      if (texts === null) continue
      for (const [index, position] of this.fields[at]!.entries()) {
        const { kind, name } = fields[position]!
        changes.push({
          field: name,
          before: canonical(kind, texts[2 * index]!),
          after: canonical(kind, texts[2 * index + 1]!),
          ...(texts.length > 2 * this.fields[at]!.length
            ? { lastWritten: texts.at(-1) as NonNullable<Plan.Change["lastWritten"]> }
            : {}),
        })
      }
    }
    return changes
  }

  // the records come in blocks, so the batch is nearly always the one of the record before
  private mark(at: number, action: number): Draft {
    const { extents } = this
    while (at < extents[this.near]!.first) this.near--
    while (at >= extents[this.near]!.first + extents[this.near]!.count) this.near++
    let draft = this.drafts.get(this.near)
    if (draft === undefined) {
      draft = { actions: new Uint8Array(extents[this.near]!.count), updates: [] }
      this.drafts.set(this.near, draft)
    }
    draft.actions[at - extents[this.near]!.first] = action
    return draft
  }

  private until(at: number): ReadonlyArray<Plan.PlannedBatch> {
    const whole: Array<Plan.PlannedBatch> = []
    for (; this.done < this.extents.length; this.done++) {
      const { count, first, part } = this.extents[this.done]!
      if (first + count > at) break
      const { actions, updates } = this.drafts.get(this.done) ?? { actions: new Uint8Array(count), updates: [] }
      this.drafts.delete(this.done)
      updates.sort((a, b) => a.index - b.index)
      whole.push(this.whole(part, first, actions, updates))
    }
    return whole
  }

  private whole(part: number, first: number, actions: Uint8Array, updates: ReadonlyArray<Plan.Update>): Plan.PlannedBatch {
    const refused = new Map<number, ReadonlyArray<Issue.Issue>>()
    for (const source of [this.refused, this.lacks])
      if (source.size > 0)
        for (let index = 0; index < actions.length; index++) {
          const issues = source.get(first + index)
          if (issues !== undefined) refused.set(index, issues)
        }
    return Plan.refuse({ part, actions, updates, refusals: [] }, refused)
  }
}
