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
  /** The values of the same records, where they are kept. */
  records: Array<Entity.Values> | undefined
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
    /** Whether batches come with the values they were written from. */
    private readonly keepsRecords = false,
  ) {
    this.states = new Map(
      entities.map((entity) => [
        entity,
        {
          entity,
          index: new KeyIndex(),
          lines: new LineWriter(),
          count: 0,
          refs: new RefLog.RefLog(),
          records: keepsRecords ? [] : undefined,
          part: 0,
          first: 0,
        },
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
  add({ end, high, key, low, start, state, values }: Looked, row: number, place: string, label: number | string): void {
    state.index.add(key, high, low, row)
    state.lines.keep(start, end)
    state.refs.push(place, label)
    // the reader may fill the same array for the next row
    state.records?.push(values.slice())
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

  /** The batch of one entity that is not full, if there is one. */
  *restOf(entity: Entity.Any): Iterable<Full> {
    const state = this.states.get(entity)!
    if (state.count > 0) yield this.flush(state)
  }

  private flush(state: EntityState): Full {
    const { count, entity, first, part, records } = state
    const bytes = state.lines.take()
    const batch = Batch.make({ entity, part, first, count, bytes, ...(records === undefined ? {} : { records }) })
    if (this.keepsRecords) state.records = []
    const refs = RefLog.write(state.refs.drain())
    state.part++
    state.first += count
    state.count = 0
    return { batch, refs }
  }
}
