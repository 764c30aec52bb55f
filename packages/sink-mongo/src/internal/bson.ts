/**
 * BSON as bytes: a document walked element by element, and a single value of it kept and written again bit for bit.
 *
 * The driver's objects lose some of what a document holds: the type of a number, the order of keys that look like numbers, names such as
 * `__proto__`. A value that is to be put back is therefore made of BSON's own types and of maps, which the driver writes as they are.
 */
import {
  Binary,
  BSON,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from "mongodb"

/** The types that are told apart here. */
export const type = {
  double: 1,
  string: 2,
  document: 3,
  array: 4,
  boolean: 8,
  date: 9,
  null: 10,
  int32: 16,
  int64: 18,
  decimal128: 19,
} as const

// bytes of the values that always have the same number of them
const sizes: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [6, 0],
  [7, 12],
  [8, 1],
  [9, 8],
  [10, 0],
  [16, 4],
  [17, 8],
  [18, 8],
  [19, 16],
  [127, 0],
  [255, 0],
])

/** The position behind a name and its end. */
export const nameEnd = (bytes: Buffer, from: number): number => {
  let at = from
  while (bytes[at] !== 0) at++
  return at + 1
}

/** Whether the name between two positions is this one; one that is not ASCII never is. */
export const isName = (bytes: Buffer, from: number, end: number, name: string): boolean => {
  if (end - from - 1 !== name.length) return false
  for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name.charCodeAt(at) || bytes[from + at]! >= 128) return false
  return true
}

/** The position behind a value, or -1 for a type that is not known here. */
export const skip = (bytes: Buffer, of: number, at: number): number => {
  const size = sizes.get(of)
  if (size !== undefined) return at + size
  switch (of) {
    case 2:
    case 13:
    case 14:
      return at + 4 + bytes.readInt32LE(at)
    case 3:
    case 4:
    case 15:
      return at + bytes.readInt32LE(at)
    case 5:
      return at + 5 + bytes.readInt32LE(at)
    case 11:
      return nameEnd(bytes, nameEnd(bytes, at))
    case 12:
      return at + 4 + bytes.readInt32LE(at) + 12
    default:
      return -1
  }
}

/** A value as a document holds it. */
export interface Raw {
  readonly type: number
  readonly bytes: Buffer
}

/** What lies at a path, and how many names of the path are there. */
export interface Place {
  readonly raw: Raw | undefined
  readonly depth: number
}

/** The elements of a document, in their order. */
export function* elements(bytes: Buffer): Generator<readonly [name: string, value: Raw]> {
  for (let at = 4; bytes[at] !== 0; ) {
    const value = nameEnd(bytes, at + 1)
    const of = bytes[at]!
    const end = skip(bytes, of, value)
    if (end < 0) return
    yield [bytes.toString("utf8", at + 1, value - 1), { type: of, bytes: bytes.subarray(value, end) }]
    at = end
  }
}

/** Looks a path up in the bytes of a document. */
export const placeOf = (document: Buffer, segments: ReadonlyArray<string>): Place => {
  let bytes = document
  for (let depth = 0; ; depth++) {
    let found: Raw | undefined
    for (const [name, value] of elements(bytes))
      if (name === segments[depth]) {
        found = value
        break
      }
    if (found === undefined) return { raw: undefined, depth }
    if (depth === segments.length - 1) return { raw: found, depth: depth + 1 }
    if (found.type !== type.document) return { raw: undefined, depth: depth + 1 }
    bytes = found.bytes
  }
}

/** Whether two values are the same, bit for bit. */
export const sameRaw = (a: Raw, b: Raw): boolean => a.type === b.type && a.bytes.equals(b.bytes)

/** The bytes of a document of these elements. */
export const documentBytes = (all: Iterable<readonly [name: string, value: Raw]>): Buffer => {
  const parts: Array<Buffer> = [Buffer.alloc(4)]
  let length = 5
  for (const [name, { bytes, type: of }] of all) {
    const named = Buffer.from(`\0${name}\0`)
    named[0] = of
    parts.push(named, bytes)
    length += named.length + bytes.length
  }
  parts.push(Buffer.alloc(1))
  parts[0]!.writeInt32LE(length)
  return Buffer.concat(parts, length)
}

/** A whole number as a value. */
export const int32 = (value: number): Raw => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return { type: type.int32, bytes }
}

/** A document as a value. */
export const subdocument = (bytes: Buffer): Raw => ({ type: type.document, bytes })

/** A value that the driver writes as these bytes; see {@link isWritable}. */
export const driverValue = ({ bytes, type: of }: Raw): unknown => {
  switch (of) {
    case type.double:
      return new Double(bytes.readDoubleLE())
    case type.string:
      return bytes.toString("utf8", 4, bytes.length - 1)
    case type.document:
      return mapOf(bytes)
    case type.array:
      return Array.from(elements(bytes), ([, value]) => driverValue(value))
    case 5:
      return bytes[4] === 2 ? new Binary(bytes.subarray(9), 2) : new Binary(bytes.subarray(5), bytes[4])
    case 7:
      return new ObjectId(bytes)
    case type.boolean:
      return bytes[0] === 1
    case type.date:
      return new Date(Number(bytes.readBigInt64LE()))
    case type.null:
      return null
    case 11: {
      const end = nameEnd(bytes, 0)
      return new BSONRegExp(bytes.toString("utf8", 0, end - 1), bytes.toString("utf8", end, bytes.length - 1))
    }
    case 13:
      return new Code(bytes.toString("utf8", 4, bytes.length - 1))
    case 14:
      return new BSONSymbol(bytes.toString("utf8", 4, bytes.length - 1))
    case type.int32:
      return new Int32(bytes.readInt32LE())
    case 17:
      return new Timestamp(bytes.readBigUInt64LE())
    case type.int64:
      return new Long(bytes.readInt32LE(), bytes.readInt32LE(4))
    case type.decimal128:
      return new Decimal128(bytes)
    case 127:
      return new MaxKey()
    case 255:
      return new MinKey()
    default:
      return undefined
  }
}

/** A document that the driver writes as these bytes. */
export const mapOf = (bytes: Buffer): ReadonlyMap<string, unknown> =>
  new Map(Array.from(elements(bytes), ([name, value]) => [name, driverValue(value)]))

/** Whether the driver would write a value just as it is. It cannot with some that only old programs have left behind. */
export const isWritable = (raw: Raw): boolean => {
  try {
    const written = BSON.serialize(new Map([["v", driverValue(raw)]]), { ignoreUndefined: true })
    return Buffer.from(written.buffer, written.byteOffset, written.byteLength).equals(documentBytes([["v", raw]]))
  } catch {
    return false
  }
}

/** The bytes of a value that the driver can write. */
export const rawOf = (value: unknown): Raw => {
  const written = BSON.serialize({ v: value }, { ignoreUndefined: true })
  return placeOf(Buffer.from(written.buffer, written.byteOffset, written.byteLength), ["v"]).raw!
}

/** One text for each value of each type. */
export const textOf = ({ bytes, type: of }: Raw): string => `${of} ${bytes.toString("base64")}`
