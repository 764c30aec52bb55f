/**
 * The collector takes the records of good rows, tells repeated keys, writes canonical lines, and hands out full batches.
 */
import * as Batch from "../Batch.ts"
import * as Entity from "../Entity.ts"
import { KeyIndex } from "./KeyIndex.ts"
import { LineWriter } from "./LineWriter.ts"
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
  readonly lines: LineWriter
  /** How many records wait for their batch to be full. */
  count: number
  readonly refs: RefLog.RefLog
  part: number
  first: number
}

/** A record that was looked at but not yet added. */
export interface Looked {
  readonly state: EntityState
  readonly values: Entity.Values
  readonly key: string
  /** Where its line stands in the state's writer, and the hash of it. */
  readonly start: number
  readonly end: number
  readonly high: number
  readonly low: number
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
        { entity, index: new KeyIndex(), lines: new LineWriter(), count: 0, refs: new RefLog.RefLog(), part: 0, first: 0 },
      ]),
    )
  }

  /** Writes the line of a record, to be kept or not, and tells whether its key is there already. */
  look(entity: Entity.Any, values: Entity.Values): Looked {
    const state = this.states.get(entity)!
    const { lines } = state
    const key = Entity.keyText(values, entity.keyPositions)
    const start = lines.write(entity, values)
    return { state, values, key, start, end: lines.end, high: lines.high, low: lines.low, entry: state.index.find(key) }
  }

  /** Adds a record whose key is new; the records of a row are added in the order they were looked at. */
  add({ end, high, key, low, start, state }: Looked, row: number, place: string, label: number | string): void {
    state.index.add(key, high, low, row)
    state.lines.keep(start, end)
    state.refs.push(place, label)
    state.count++
  }

  /** Ends a row: lines that were not added are forgotten. Returns the batches that are full. */
  endRow(looked: ReadonlyArray<Looked>, full: Array<Full>): void {
    for (let at = 0; at < looked.length; at++) {
      const { state } = looked[at]!
      state.lines.release()
      if (state.count >= this.batchSize) full.push(this.flush(state))
    }
  }

  /** The batches that are not full, at the end. */
  *rest(): Iterable<Full> {
    for (const state of this.states.values()) if (state.count > 0) yield this.flush(state)
  }

  private flush(state: EntityState): Full {
    const { count } = state
    const batch = Batch.make({ entity: state.entity, part: state.part, first: state.first, count, bytes: state.lines.take() })
    const refs = RefLog.write(state.refs.drain())
    state.part++
    state.first += count
    state.count = 0
    return { batch, refs }
  }
}
