/**
 * References that lead to a record the snapshot has not had yet, each key once, with how many rows want it.
 */
import * as Canonical from "../Canonical.ts"
import * as Entity from "../Entity.ts"
import type { Candidate } from "../Run.ts"
import type { Collector } from "./Collector.ts"

/** A record that is wanted and was not there. */
export interface Wanted {
  readonly entity: Entity.Any
  readonly key: string
  /** The key's values, in the order of the entity's key. */
  readonly values: Entity.Values
  rows: number
  readonly firstRef: string
}

/** See the file's first sentence. */
export class Pending {
  private readonly wanted = new Map<Entity.Any, Map<string, Wanted>>()

  constructor(private readonly collector: Collector) {}

  /** Notes the references of a record that lead nowhere so far. */
  note(entity: Entity.Any, values: Entity.Values, ref: () => string): void {
    for (const reference of entity.references) {
      if (!Entity.refers(values, reference)) continue
      const key = Entity.keyText(values, reference.positions)
      if (this.collector.states.get(reference.entity)!.index.find(key) >= 0) continue
      let ofEntity = this.wanted.get(reference.entity)
      if (ofEntity === undefined) {
        ofEntity = new Map()
        this.wanted.set(reference.entity, ofEntity)
      }
      const known = ofEntity.get(key)
      if (known !== undefined) known.rows++
      else
        ofEntity.set(key, {
          entity: reference.entity,
          key,
          values: Entity.keyOf(values, reference.positions),
          rows: 1,
          firstRef: ref(),
        })
    }
  }

  /** What is still not in the snapshot, taken out of the list; records that came later in the source have settled the rest. */
  drain(): ReadonlyArray<Wanted> {
    const open: Array<Wanted> = []
    for (const [entity, ofEntity] of this.wanted) {
      const { index } = this.collector.states.get(entity)!
      for (const wanted of ofEntity.values()) if (index.find(wanted.key) < 0) open.push(wanted)
    }
    this.wanted.clear()
    return open
  }
}

/** Writes candidates as NDJSON, ordered by entity and key. */
export const writeCandidates = (candidates: ReadonlyArray<Candidate>): string =>
  [...candidates]
    .sort((a, b) => (a.entity === b.entity ? (a.key < b.key ? -1 : 1) : a.entity < b.entity ? -1 : 1))
    .map((candidate) => `${Canonical.stringify(candidate)}\n`)
    .join("")
