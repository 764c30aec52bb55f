/**
 * A document as a find brought it: its bytes, compared with a record without becoming an object unless the two differ.
 *
 * Most documents of a re-run and of a verification hold just what they should. Making an object of each costs four times as much as
 * all else that is done with it, so the bytes are walked instead. What this file cannot tell is decided by the object.
 */
import type { Entity, Field } from "@waybill/core"
import { BSON, type Document } from "mongodb"
import { isName, nameEnd, skip, type } from "./bson.ts"
import { encode } from "./codec.ts"
import { type Column, differing, keyOfDocument, type Layout } from "./layout.ts"

/** See the file's first sentence. */
export class Held {
  /** The document as it came. */
  readonly bytes: Buffer
  private made: Document | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The document as an object. */
  get document(): Document {
    this.made ??= BSON.deserialize(this.bytes, options)
    return this.made
  }

  /** The text under which the document is found. */
  key(layout: Layout): string {
    if (!layout.flat) return keyOfDocument(layout, this.document)
    const parts: Array<string> = []
    for (const column of layout.key) {
      const part = this.keyPart(column)
      if (part === undefined) return keyOfDocument(layout, this.document)
      parts.push(part)
    }
    return parts.length === 1 ? parts[0]! : JSON.stringify(parts)
  }

  /** The compared fields that a record has and the document does not hold the same. */
  differing(layout: Layout, values: Entity.Values): ReadonlyArray<Column> {
    return this.isSurelySame(layout, values) ? none : differing(layout, values, this.document)
  }

  /** Whether it is plain that the document holds what a record has; the values need not be canonical. Else it takes a closer look. */
  isSurelySame(layout: Layout, values: Entity.Values): boolean {
    return layout.flat && this.made === undefined && this.surelyHolds(layout, values)
  }

  private keyPart({ path }: Column): string | undefined {
    const { bytes } = this
    for (let at = 4; bytes[at] !== 0; ) {
      const value = nameEnd(bytes, at + 1)
      if (isName(bytes, at + 1, value, path)) {
        if (bytes[at] === type.string) return `s${bytes.toString("utf8", value + 4, value + 3 + bytes.readInt32LE(value))}`
        if (bytes[at] === type.int32) return `n${bytes.readInt32LE(value)}`
        return bytes[at] === type.int64 ? `n${bytes.readBigInt64LE(value)}` : undefined
      }
      at = skip(bytes, bytes[at]!, value)
      if (at < 0) return undefined
    }
    return undefined
  }

  private surelyHolds({ compared }: Layout, values: Entity.Values): boolean {
    const { bytes } = this
    const marks = new Uint8Array(compared.length)
    let next = 0
    for (let at = 4; bytes[at] !== 0; ) {
      const value = nameEnd(bytes, at + 1)
      // documents mostly have their fields in the entity's order
      for (let tries = 0; tries < compared.length; tries++) {
        const column = compared[next]!
        if (isName(bytes, at + 1, value, column.path)) {
          const expected = values[column.at]
          if (expected !== undefined) {
            if (!isSame(bytes, bytes[at]!, value, column.kind, expected)) return false
            marks[next] = 1
          }
          next = (next + 1) % compared.length
          break
        }
        if (tries === 0 && isName(bytes, at + 1, value, "_id")) break
        next = (next + 1) % compared.length
      }
      at = skip(bytes, bytes[at]!, value)
      if (at < 0) return false
    }
    for (let index = 0; index < marks.length; index++)
      if (marks[index] === 0 && values[compared[index]!.at] !== undefined) return false
    return true
  }
}

const none: ReadonlyArray<Column> = []

const options = {
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
  bsonRegExp: true,
  validation: { utf8: false },
} as const

const isText = (bytes: Buffer, at: number, text: string): boolean => {
  const length = bytes.readInt32LE(at) - 1
  const from = at + 4
  if (length !== text.length || length > 64) return length >= text.length && bytes.toString("utf8", from, from + length) === text
  for (let index = 0; index < length; index++) {
    const byte = bytes[from + index]!
    if (byte >= 128 || byte !== text.charCodeAt(index)) return false
  }
  return true
}

const isNumber = (bytes: Buffer, of: number, at: number, expected: number): boolean => {
  if (of === type.int32) return bytes.readInt32LE(at) === expected
  if (of === type.double) return bytes.readDoubleLE(at) === expected
  return of === type.int64 && Number.isSafeInteger(expected) && bytes.readBigInt64LE(at) === BigInt(expected)
}

const isSame = (bytes: Buffer, of: number, at: number, kind: Field.Kind, expected: NonNullable<Field.Value> | null): boolean => {
  if (expected === null) return of === type.null
  switch (kind) {
    case "text":
      return of === type.string && isText(bytes, at, expected as string)
    case "integer":
    case "number":
      return isNumber(bytes, of, at, expected as number)
    case "boolean":
      return of === type.boolean && (bytes[at] === 1) === expected
    case "date":
    case "timestamp":
      return of === type.date && bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at) === Date.parse(expected as string)
    case "bigint":
      return of === type.int64 && bytes.readBigInt64LE(at) === BigInt(expected as string)
    case "decimal":
      return (
        of === type.decimal128 && bytes.compare((encode(kind, expected) as { bytes: Uint8Array }).bytes, 0, 16, at, at + 16) === 0
      )
    case "json":
      return isJson(bytes, of, at, expected)
  }
}

const isJson = (bytes: Buffer, of: number, at: number, expected: unknown): boolean => {
  switch (typeof expected) {
    case "string":
      return of === type.string && isText(bytes, at, expected)
    case "number":
      return isNumber(bytes, of, at, expected)
    case "boolean":
      return of === type.boolean && (bytes[at] === 1) === expected
    case "object":
      if (expected === null) return of === type.null
      return Array.isArray(expected)
        ? of === type.array && isArray(bytes, at, expected)
        : of === type.document && isObject(bytes, at, expected as Record<string, unknown>)
    default:
      return false
  }
}

const isArray = (bytes: Buffer, start: number, expected: ReadonlyArray<unknown>): boolean => {
  let index = 0
  for (let at = start + 4; bytes[at] !== 0; index++) {
    const value = nameEnd(bytes, at + 1)
    if (index >= expected.length || !isJson(bytes, bytes[at]!, value, expected[index])) return false
    at = skip(bytes, bytes[at]!, value)
    if (at < 0) return false
  }
  return index === expected.length
}

const isObject = (bytes: Buffer, start: number, expected: Record<string, unknown>): boolean => {
  const keys = Object.keys(expected)
  let members = 0
  let next = 0
  for (let at = start + 4; bytes[at] !== 0; members++) {
    const value = nameEnd(bytes, at + 1)
    // mostly in the same order, or in one like it
    let tries = 0
    while (tries < keys.length && !isName(bytes, at + 1, value, keys[next]!)) {
      next = next + 1 === keys.length ? 0 : next + 1
      tries++
    }
    if (tries === keys.length || !isJson(bytes, bytes[at]!, value, expected[keys[next]!])) return false
    next = next + 1 === keys.length ? 0 : next + 1
    at = skip(bytes, bytes[at]!, value)
    if (at < 0) return false
  }
  return members === keys.length
}
