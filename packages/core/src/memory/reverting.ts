/**
 * Reverting: what a job wrote of a batch is given back what was there before, as long as nobody has touched it since.
 */
import type { Batch } from "../Batch.ts"
import * as Entity from "../Entity.ts"
import { type Left, type UndoneBatch, undone } from "../Sink.ts"
import { fingerprint, type Image, merge, moved, type Refuse, type Tables, tableOf } from "./records.ts"

/** What reverting works with. */
export interface Reverting {
  readonly tables: Tables
  readonly entities: ReadonlyArray<Entity.Any>
  readonly refuse: Refuse
  /** What the job wrote of an entity, all of its batches. */
  readonly images: (entity: Entity.Any) => Iterable<Image>
}

/** Reverts one batch; `images` is what the job wrote of it, by position. */
export const revertBatch = (all: Reverting, batch: Batch, images: ReadonlyMap<number, Image>): UndoneBatch => {
  const { entity } = batch
  const table = tableOf(all.tables, entity.name)
  const outcomes = new Uint8Array(batch.count)
  const left: Array<Left> = []
  const referred = referrers(all, entity)
  for (const [index, { before, key, written }] of images) {
    const current = table.get(key)
    const keep = (kind: Left["kind"], message: string, fields: Left["fields"] = []): void => {
      outcomes[index] = kind === "refused" ? undone.errored : undone.kept
      left.push({ index, kind, message, fields })
    }
    outcomes[index] = undone.reversed
    if (written === undefined) {
      // it was gone before the job came to it
      if (before === undefined) continue
      const message = current === undefined ? all.refuse(entity.name, before, table) : undefined
      if (message !== undefined) keep("refused", message)
      else if (current === undefined) table.set(key, before)
      else if (fingerprint(current) !== fingerprint(before)) keep("changed", "somebody has made a record of this key since")
      continue
    }
    if (current === undefined) {
      if (before !== undefined) keep("changed", "somebody deleted it since")
      continue
    }
    if (before !== undefined && moved(written, current, before).length === 0) continue
    const changed = moved(written, current, written)
    if (changed.length > 0) {
      const fields = changed.map((at) => ({ field: entity.fields[at]!.name, now: current[at], written: written[at] }))
      keep("changed", "somebody changed it since", fields)
    } else if (before === undefined) {
      const by = referred.get(key)
      if (by === undefined) table.delete(key)
      else keep("referenced", `${by} refers to it now`)
    } else {
      const values = current.map((value, at) => (written[at] === undefined ? value : before[at]))
      const message = all.refuse(entity.name, values, table)
      if (message === undefined) table.set(key, values)
      else keep("refused", message)
    }
  }
  return { outcomes, left }
}

// the keys that must stay, each with a record that refers to it and is not deleted by this undo itself
const referrers = (all: Reverting, entity: Entity.Any): ReadonlyMap<string, string> => {
  const stays = new Map<string, string>()
  const table = tableOf(all.tables, entity.name)
  const goes = new Map<string, Entity.Values>()
  for (const { before, key, written } of all.images(entity)) {
    const current = table.get(key)
    if (before === undefined && written !== undefined && current !== undefined && moved(written, current, written).length === 0)
      goes.set(key, merge(current, written))
  }
  const waiting: Array<string> = []
  const refersTo = (from: Entity.Any, key: string, values: Entity.Values): void => {
    for (const reference of from.references) {
      if (reference.entity !== entity || !Entity.refers(values, reference)) continue
      const to = Entity.keyText(values, reference.positions)
      if (stays.has(to) || (from === entity && to === key)) continue
      stays.set(to, `${from.name} ${key}`)
      if (goes.has(to)) waiting.push(to)
    }
  }
  for (const from of all.entities)
    for (const [key, values] of tableOf(all.tables, from.name)) if (from !== entity || !goes.has(key)) refersTo(from, key, values)
  // what stays itself keeps what it refers to
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) refersTo(entity, key, goes.get(key)!)
  return stays
}
