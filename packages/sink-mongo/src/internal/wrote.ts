/**
 * What a batch has written, as an undo needs to know it: which documents it made, and what was in those that it changed.
 *
 * Made: `_id`s in runs, since the driver counts them up. A run is 20 bytes: the position of its first record in the batch, how many
 * records follow each other, and the first `_id`, of zeros where the record's key is the `_id`. Where the application has its own way
 * to make `_id`s, `[position, _id]` for each.
 *
 * Before: a BSON document for each record, one after the other: `{ at, id, before: { path: value }, absent: { path: depth } }`, where
 * `depth` is how many names of the path were there. Of a document that is deleted, `{ at, id, whole: document }`.
 */
import { Binary, ObjectId } from "mongodb"
import { documentBytes, elements, int32, placeOf, type Raw, subdocument } from "./bson.ts"

/** The documents that a batch has made: position in the batch, and `_id`; `undefined` where the record's key is the `_id`. */
export type Made = ReadonlyMap<number, unknown>

/** What a document held at a path: a value, or how many names of the path were there. */
export type Before = Raw | number

/** What a document held before a batch changed it, at the paths that were set. */
export interface Image {
  readonly index: number
  readonly id: Raw
  readonly before: ReadonlyMap<string, Before>
  /** The whole document, where the batch deleted it. */
  readonly whole?: Buffer
}

/** What a batch has written. */
export interface Wrote {
  readonly made: Made
  /** The images' bytes, by position in the batch. */
  readonly images: ReadonlyMap<number, Buffer>
}

/** Nothing. */
export const nothing: Wrote = { made: new Map(), images: new Map() }

/** What two attempts at a batch have written together; the later one says what was there before it. */
export const together = (first: Wrote, later: Wrote): Wrote => ({
  made: new Map([...first.made, ...later.made]),
  images: new Map([...first.images, ...later.images]),
})

const run = 20
const none = Buffer.alloc(12)

const follows = (first: Buffer, count: number, id: Buffer): boolean =>
  first.equals(none)
    ? id.equals(none)
    : first.compare(id, 0, 9, 0, 9) === 0 && id.readUIntBE(9, 3) === first.readUIntBE(9, 3) + count

/** Packs what was made for the batch's document. */
export const packMade = (made: Made): Binary | ReadonlyArray<readonly [number, unknown]> => {
  const runs: Array<{ readonly index: number; readonly first: Buffer; count: number }> = []
  for (const [index, id] of [...made].sort(([a], [b]) => a - b)) {
    if (id !== undefined && !(id instanceof ObjectId)) return [...made]
    const bytes = id === undefined ? none : Buffer.from(id.id)
    const last = runs.at(-1)
    if (last !== undefined && last.index + last.count === index && follows(last.first, last.count, bytes)) last.count++
    else runs.push({ index, first: bytes, count: 1 })
  }
  const packed = Buffer.alloc(runs.length * run)
  for (const [at, { count, first, index }] of runs.entries()) {
    packed.writeUInt32LE(index, at * run)
    packed.writeUInt32LE(count, at * run + 4)
    first.copy(packed, at * run + 8)
  }
  return new Binary(packed)
}

/** The inverse of {@link packMade}. */
export const unpackMade = (stored: unknown): Made => {
  if (!(stored instanceof Binary)) return new Map((stored ?? []) as ReadonlyArray<readonly [number, unknown]>)
  const packed = Buffer.from(stored.value())
  const made = new Map<number, unknown>()
  for (let at = 0; at < packed.length; at += run) {
    const index = packed.readUInt32LE(at)
    const first = packed.subarray(at + 8, at + run)
    for (let count = 0; count < packed.readUInt32LE(at + 4); count++) {
      if (first.equals(none)) {
        made.set(index + count, undefined)
        continue
      }
      const id = Buffer.from(first)
      id.writeUIntBE(first.readUIntBE(9, 3) + count, 9, 3)
      made.set(index + count, new ObjectId(id))
    }
  }
  return made
}

/** What a document holds at paths, as its image's bytes. */
export const imageOf = (index: number, document: Buffer, paths: Iterable<string>): Buffer => {
  const before: Array<readonly [string, Raw]> = []
  const absent: Array<readonly [string, Raw]> = []
  for (const path of paths) {
    const { depth, raw } = placeOf(document, path.split("."))
    if (raw === undefined) absent.push([path, int32(depth)])
    else before.push([path, raw])
  }
  return documentBytes([
    ["at", int32(index)],
    ["id", placeOf(document, ["_id"]).raw!],
    ["before", subdocument(documentBytes(before))],
    ["absent", subdocument(documentBytes(absent))],
  ])
}

/** All of a document that is deleted, as its image's bytes. */
export const wholeImage = (index: number, document: Buffer): Buffer =>
  documentBytes([
    ["at", int32(index)],
    ["id", placeOf(document, ["_id"]).raw!],
    ["whole", subdocument(document)],
  ])

/** Takes the images of a batch apart. */
export const splitImages = (bytes: Buffer): ReadonlyMap<number, Buffer> => {
  const images = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const image = bytes.subarray(at, at + bytes.readInt32LE(at))
    images.set(placeOf(image, ["at"]).raw!.bytes.readInt32LE(), image)
    at += image.length
  }
  return images
}

/** Reads an image. */
export const readImage = (bytes: Buffer): Image => {
  const found = new Map(elements(bytes))
  const index = found.get("at")!.bytes.readInt32LE()
  const id = found.get("id")!
  const whole = found.get("whole")?.bytes
  if (whole !== undefined) return { index, id, before: new Map(), whole }
  const before = new Map<string, Before>(elements(found.get("before")!.bytes))
  for (const [path, depth] of elements(found.get("absent")!.bytes)) before.set(path, depth.bytes.readInt32LE())
  return { index, id, before }
}
