/**
 * Decides, with the documents as they are now, what of a batch is taken back, what is as before already, and what is left.
 */
import { type Batch, type Entity, type Plan, Sink } from "@waybill/core"
import type { Document } from "mongodb"
import type { Written } from "./bookkeeping.ts"
import { driverValue, isWritable, placeOf, type Raw, rawOf, sameRaw, subdocument, textOf } from "./bson.ts"
import { decode, encode, isPlain, same } from "./codec.ts"
import { shown } from "./decide.ts"
import type { Held } from "./held.ts"
import { type Column, keyOfValues, type Layout, rawAt, valueAt } from "./layout.ts"
import { type Image, readImage } from "./wrote.ts"

/** A document to be deleted. */
export interface Removal {
  readonly index: number
  readonly id: unknown
  readonly held: Held
}

/** A document that gets back what it held. */
export interface Restoration {
  readonly index: number
  readonly id: unknown
  readonly held: Held
  /** Path to value. */
  readonly set: ReadonlyMap<string, unknown>
  readonly unset: ReadonlyArray<string>
  /** The paths that must hold what they hold now. */
  readonly paths: ReadonlyArray<string>
}

/** A document that was deleted, and is put back. */
export interface Insertion {
  readonly index: number
  readonly whole: Buffer
}

/** See the file's first sentence. `outcomes` are those of the batch once removals, restorations and insertions are done. */
export interface Reversal {
  readonly outcomes: Uint8Array
  readonly left: Array<Sink.Left>
  readonly removals: ReadonlyArray<Removal>
  readonly restorations: ReadonlyArray<Restoration>
  readonly insertions: ReadonlyArray<Insertion>
}

/** A document that a batch has written. */
export interface Mine {
  readonly index: number
  readonly id: Raw
  /** What it held before; `undefined` for one that the batch made. */
  readonly image: Image | undefined
}

const counted: ReadonlyArray<number> = [Sink.outcome.created, Sink.outcome.updated, Sink.outcome.deleted]

/** The records that count as written although the batch wrote nothing of them: they were as planned already. */
export const foundOf = ({ outcomes, wrote }: Written): ReadonlyArray<number> =>
  [...(outcomes?.keys() ?? [])].filter(
    (index) => counted.includes(outcomes![index]!) && !wrote.made.has(index) && !wrote.images.has(index),
  )

/** The documents that a batch has written, by their position in it. */
export const mineOf = (layout: Layout, batch: Batch.Batch, { outcomes, wrote }: Written): ReadonlyArray<Mine> => {
  // of a batch that broke off, the documents themselves tell what came of it
  const isWritten = (index: number) => outcomes === undefined || counted.includes(outcomes[index]!)
  const mine: Array<Mine> = []
  for (const [index, id] of wrote.made)
    if (isWritten(index)) mine.push({ index, id: rawOf(id ?? keyAsId(layout, batch.records()[index]!)), image: undefined })
  for (const [index, bytes] of wrote.images)
    if (isWritten(index)) {
      const image = readImage(bytes)
      mine.push({ index, id: image.id, image })
    }
  return mine.sort((a, b) => a.index - b.index)
}

const keyAsId = ({ key }: Layout, values: Entity.Values): unknown => encode(key[0]!.kind, values[key[0]!.at] ?? null)

/** The documents of a batch as they are now. */
export interface Now {
  /** By `textOf` their `_id`. */
  readonly byId: ReadonlyMap<string, Held>
  /** By key; those of the records whose own documents are not there. */
  readonly byKey: ReadonlyMap<string, Held>
}

/** See the file's first sentence. `refused` are those that the server was seen to refuse. */
export const decideReversal = (
  layout: Layout,
  batch: Batch.Batch,
  planned: Plan.PlannedBatch,
  mine: ReadonlyArray<Mine>,
  { byId, byKey }: Now,
  refused: ReadonlyMap<number, Sink.Left>,
): Reversal => {
  const records = batch.records()
  const outcomes = new Uint8Array(planned.actions.length)
  const left: Array<Sink.Left> = []
  const removals: Array<Removal> = []
  const restorations: Array<Restoration> = []
  const insertions: Array<Insertion> = []
  const leave = (it: Sink.Left) => {
    outcomes[it.index] = it.kind === "refused" ? Sink.undone.errored : Sink.undone.kept
    left.push(it)
  }
  for (const { id, image, index } of mine) {
    const values = records[index]!
    const held = byId.get(textOf(id))
    outcomes[index] = Sink.undone.reversed
    if (image?.whole !== undefined) {
      const { whole } = image
      const now = held ?? byKey.get(keyOfValues(layout, values))
      if (now?.bytes.equals(whole) === true) continue
      if (now !== undefined) leave(changed(index, "somebody has made a record of this key since", []))
      else if (refused.has(index)) leave(refused.get(index)!)
      else if (isWritable(subdocument(whole))) insertions.push({ index, whole })
      else leave({ index, kind: "refused", message: "it holds a value of a kind that the driver cannot write", fields: [] })
      continue
    }
    if (held === undefined) {
      const other = byKey.get(keyOfValues(layout, values))
      if (other !== undefined)
        leave(changed(index, "it was deleted, and made again by somebody else", moved(layout.columns, values, other.document)))
      continue
    }
    if (refused.has(index)) leave(refused.get(index)!)
    else if (image === undefined) {
      const fields = [...moved(layout.columns, values, held.document), ...added(layout, values, held.document)]
      if (fields.length > 0) leave(changed(index, "somebody changed it since", fields))
      else removals.push({ index, id: driverValue(id), held })
    } else {
      const back = restorationOf(layout, values, image, held)
      if (back === undefined) continue
      if ("kind" in back) leave(back)
      else restorations.push(back)
    }
  }
  return { outcomes, left, removals, restorations, insertions }
}

type Fields = Sink.Left["fields"]

const changed = (index: number, what: string, fields: Fields): Sink.Left => {
  const says = fields.slice(0, 5).map(({ field, now, written }) => `${field} is ${shown(now)} instead of ${shown(written)}`)
  return { index, kind: "changed", message: says.length === 0 ? what : `${what}: ${says.join("; ")}`, fields }
}

/** The fields of a record, among these, that a document does not hold as written. */
const moved = (columns: ReadonlyArray<Column>, values: Entity.Values, document: Document): Fields =>
  columns
    .filter((column) => {
      const written = values[column.at]
      return written !== undefined && !same(column.kind, written, rawAt(document, column))
    })
    .map((column) => ({ field: column.name, now: valueAt(document, column), written: values[column.at] }))

/** What a document holds that is not of its record: somebody put it there, and deleting the document would lose it. */
const added = ({ columns }: Layout, values: Entity.Values, document: Document): Fields => {
  const paths = columns.filter(({ at }) => values[at] !== undefined).map(({ path }) => path)
  const exact = new Set([...paths, "_id"])
  const found: Array<Fields[number]> = []
  const walk = (value: Readonly<Record<string, unknown>>, prefix: string) => {
    for (const name of Object.keys(value)) {
      const path = prefix + name
      if (exact.has(path)) continue
      const inner = value[name]
      if (isPlain(inner) && paths.some((it) => it.startsWith(`${path}.`))) walk(inner, `${path}.`)
      else
        found.push({
          field: columns.find((it) => it.path === path)?.name ?? path,
          now: decode("json", inner),
          written: undefined,
        })
    }
  }
  walk(document, "")
  return found
}

const segmentsOf = (path: string): ReadonlyArray<string> => path.split(".")

/** How a document gets back what it held, why it cannot, or `undefined` if it holds it already. */
const restorationOf = (
  layout: Layout,
  values: Entity.Values,
  { before, id, index }: Image,
  held: Held,
): Restoration | Sink.Left | undefined => {
  const isBack = [...before].every(([path, was]) => {
    const { raw } = placeOf(held.bytes, segmentsOf(path))
    return typeof was === "number" ? raw === undefined : raw !== undefined && sameRaw(was, raw)
  })
  if (isBack) return undefined
  const owned = layout.columns.filter((column) => before.has(column.path) || layout.key.includes(column))
  const fields = moved(owned, values, held.document)
  if (fields.length > 0) return changed(index, "somebody changed it since", fields)
  const set = new Map<string, unknown>()
  const absent: Array<Absent> = []
  for (const [path, was] of before) {
    if (typeof was === "number") absent.push({ segments: segmentsOf(path), depth: was })
    else if (isWritable(was)) set.set(path, driverValue(was))
    else {
      const message = `what was at ${path} is of a kind that the driver cannot write (BSON type ${was.type})`
      return { index, kind: "refused", message, fields: [] }
    }
  }
  const unset = outOf(held.document, absent, 0, "")
  return { index, id: driverValue(id), held, set, unset, paths: owned.map(({ path }) => path) }
}

/** A path that was not there, and how many names of it were. */
interface Absent {
  readonly segments: ReadonlyArray<string>
  readonly depth: number
}

/** What to take out so that the paths are gone, and with them the documents that were made for them and hold nothing else. */
const outOf = (
  document: Readonly<Record<string, unknown>>,
  absent: ReadonlyArray<Absent>,
  level: number,
  prefix: string,
): ReadonlyArray<string> => {
  const names = new Set(absent.map(({ segments }) => segments[level]!))
  return [...names].flatMap((name): ReadonlyArray<string> => {
    const within = absent.filter(({ segments }) => segments[level] === name)
    const inner = document[name]
    const path = prefix + name
    if (within[0]!.segments.length === level + 1 || !isPlain(inner) || isOnly(inner, within, level + 1)) return [path]
    return outOf(inner, within, level + 1, `${path}.`)
  })
}

/** Whether a document was made for some paths, and holds nothing else. */
const isOnly = (document: Readonly<Record<string, unknown>>, absent: ReadonlyArray<Absent>, level: number): boolean =>
  absent.every(({ depth }) => depth < level) &&
  Object.keys(document).every((name) => {
    const within = absent.filter(({ segments }) => segments[level] === name)
    const inner = document[name]
    if (within.length === 0) return false
    return within[0]!.segments.length === level + 1 || (isPlain(inner) && isOnly(inner, within, level + 1))
  })
