/**
 * The collector takes the records of good rows, tells repeated keys, writes canonical lines, and hands out full batches.
 */
import * as Batch from "../Batch.ts"
import * as Entity from "../Entity.ts"
import { KeyIndex } from "./KeyIndex.ts"
import * as RefLog from "./RefLog.ts"

/** A batch that is full, with the refs of its records. */
export interface Full {
  readonly batch: Batch.Batch
  readonly refs: string
}

/** The records of one entity so far. */
export interface EntityState {
  readonly entity: Entity.Any
  readonly index: KeyIndex
  lines: Array<string>
  refs: RefLog.RefLog
  part: number
  first: number
}

/** A record that was looked at but not yet added. */
export interface Looked {
  readonly state: EntityState
  readonly values: Entity.Values
  readonly key: string
  readonly line: string
  /** The entry of its key in the index, or -1. */
  readonly entry: number
}

/** See the file's first sentence. */
export class Collector {
  readonly states: ReadonlyMap<Entity.Any, EntityState>

  constructor(
    entities: ReadonlyArray<Entity.Any>,
    private readonly batchSize: number,
  ) {
    this.states = new Map(
      entities.map((entity) => [
        entity,
        { entity, index: new KeyIndex(), lines: [], refs: new RefLog.RefLog(), part: 0, first: 0 },
      ]),
    )
  }

  /** The key and line of a record, and whether its key is there already. */
  look(entity: Entity.Any, values: Entity.Values): Looked {
    const state = this.states.get(entity)!
    const key = Entity.keyText(values, entity.keyPositions)
    return { state, values, key, line: Batch.writeLine(entity, values), entry: state.index.find(key) }
  }

  /** Adds a record whose key is new; returns a batch if that filled one. */
  add(looked: Looked, row: number, place: string, label: number | string): Full | undefined {
    const { state } = looked
    state.index.add(looked.key, looked.line, row)
    state.lines.push(looked.line)
    state.refs.push(place, label)
    return state.lines.length >= this.batchSize ? this.flush(state) : undefined
  }

  /** The batches that are not full, at the end. */
  *rest(): Iterable<Full> {
    for (const state of this.states.values()) if (state.lines.length > 0) yield this.flush(state)
  }

  private flush(state: EntityState): Full {
    const count = state.lines.length
    const bytes = Buffer.from(`${state.lines.join("\n")}\n`, "utf8")
    const batch = Batch.make({ entity: state.entity, part: state.part, first: state.first, count, bytes })
    const refs = RefLog.write(state.refs.drain())
    state.part++
    state.first += count
    state.lines = []
    return { batch, refs }
  }
}
