/**
 * Writes records as canonical lines straight into bytes, without a string per line, and hashes what it wrote on the way.
 *
 * The bytes are those of {@link Batch.writeLine}. Most text is short and plain, and goes in character by character, which is also the
 * look for what JSON would escape; the rest takes the long way through {@link Canonical}.
 */
import * as Canonical from "../Canonical.ts"
import type { Any, Values } from "../Entity.ts"
import type { Kind, Value } from "../Field.ts"

const quote = 34
const comma = 44

/** A growing run of lines. Lines are written at its end, and stay only when they are kept. */
export class LineWriter {
  private bytes: Buffer
  /** The end of the lines that are kept. */
  length = 0
  /** The end of the lines that are written; {@link release} takes it back to {@link length}. */
  end = 0
  /** The 64-bit hash of the line that was written last, in two halves. */
  high = 0
  low = 0

  constructor(private capacity = 64 * 1024) {
    this.bytes = Buffer.allocUnsafe(capacity)
  }

  /** Writes a record's line with its line end behind what is written; returns where it starts. */
  write(entity: Any, values: Values): number {
    const start = this.end
    const { fields } = entity
    let at = this.room(start, 2)
    this.bytes[at++] = 91
    for (let field = 0; field < fields.length; field++) {
      at = this.room(at, 64)
      if (field > 0) this.bytes[at++] = comma
      at = this.value(at, fields[field]!.kind, values[field])
    }
    at = this.room(at, 2)
    this.bytes[at++] = 93
    this.bytes[at++] = 10
    this.end = at
    this.hash(start, at)
    return start
  }

  /** Keeps the line from `start` to `end`, moved to the end of the lines that are kept. */
  keep(start: number, end: number): void {
    if (start !== this.length) this.bytes.copyWithin(this.length, start, end)
    this.length += end - start
  }

  /** Forgets the lines that were not kept. */
  release(): void {
    this.end = this.length
  }

  /** The lines that are kept; the writer is empty afterwards. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length)
    // the next run will be about as long
    this.capacity = Math.max(64 * 1024, Math.ceil(this.length * 1.1))
    this.bytes = Buffer.allocUnsafe(this.capacity)
    this.length = 0
    this.end = 0
    return taken
  }

  private room(at: number, needed: number): number {
    if (at + needed <= this.capacity) return at
    while (at + needed > this.capacity) this.capacity *= 2
    const bytes = Buffer.allocUnsafe(this.capacity)
    this.bytes.copy(bytes, 0, 0, at)
    this.bytes = bytes
    return at
  }

  private value(at: number, kind: Kind, value: Value): number {
    if (value === undefined) return this.ascii(at, "[]")
    if (value === null) return this.ascii(at, "null")
    switch (kind) {
      case "text":
        return this.text(at, value as string)
      case "integer":
      case "number":
        return this.ascii(at, Canonical.number(value as number))
      case "boolean":
        return this.ascii(at, value === true ? "true" : "false")
      case "json":
        return this.json(at, value)
      default: {
        // bigint, decimal, date and timestamp: digits and signs
        const inside = this.room(at, (value as string).length + 2)
        this.bytes[inside] = quote
        const end = this.ascii(inside + 1, value as string)
        this.bytes[end] = quote
        return end + 1
      }
    }
  }

  // boxed, as a field of this kind is written
  private json(from: number, value: Value): number {
    let at = this.room(from, 64)
    this.bytes[at++] = 91
    at = this.room(this.member(at, value), 64)
    this.bytes[at++] = 93
    return at
  }

  // the bytes of Canonical.stringify; what is seldom goes there
  private member(at: number, value: unknown): number {
    switch (typeof value) {
      case "string":
        return this.text(at, value)
      case "number":
        return this.ascii(at, Canonical.number(value))
      case "boolean":
        return this.ascii(at, value ? "true" : "false")
      case "object":
        if (value === null) return this.ascii(at, "null")
        if (Array.isArray(value)) return this.elements(at, value)
        return value instanceof Date
          ? this.text(at, value.toISOString())
          : this.members(at, value as Readonly<Record<string, unknown>>)
      default:
        return this.long(at, Canonical.stringify(value))
    }
  }

  private elements(from: number, values: ReadonlyArray<unknown>): number {
    let at = this.room(from, 2)
    this.bytes[at++] = 91
    for (let index = 0; index < values.length; index++) {
      at = this.room(at, 64)
      if (index > 0) this.bytes[at++] = comma
      at = this.member(at, values[index])
    }
    at = this.room(at, 2)
    this.bytes[at++] = 93
    return at
  }

  private members(from: number, values: Readonly<Record<string, unknown>>): number {
    let at = this.room(from, 2)
    this.bytes[at++] = 123
    let written = 0
    for (const key of sortedKeys(values)) {
      const value = values[key]
      if (value === undefined) continue
      at = this.room(at, 64)
      if (written++ > 0) this.bytes[at++] = comma
      at = this.room(this.text(at, key), 64)
      this.bytes[at++] = 58
      at = this.member(at, value)
    }
    at = this.room(at, 2)
    this.bytes[at++] = 125
    return at
  }

  // text known to be ASCII that needs no escape
  private ascii(from: number, text: string): number {
    const { length } = text
    let at = this.room(from, length + 2)
    const { bytes } = this
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index)
    return at
  }

  private text(from: number, text: string): number {
    const { length } = text
    let at = this.room(from, length + 3)
    const { bytes } = this
    bytes[at++] = quote
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code < 32 || code > 126 || code === quote || code === 92) return this.long(from, Canonical.string(text))
      bytes[at++] = code
    }
    bytes[at++] = quote
    return at
  }

  private long(from: number, text: string): number {
    const at = this.room(from, text.length * 3 + 2)
    return at + this.bytes.write(text, at, "utf8")
  }

  private hash(start: number, end: number): void {
    const { bytes } = this
    let a = 0xdeadbeef
    let b = 0x41c6ce57
    for (let at = start; at < end; at++) {
      const code = bytes[at]!
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
    this.high = b | 0
    this.low = a | 0
  }
}

// by UTF-16 code units, as RFC 8785 wants them
const sortedKeys = (values: object): ReadonlyArray<string> => {
  const keys = Object.keys(values)
  if (keys.length > 16) return keys.sort()
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at]!
    let to = at
    for (; to > 0 && keys[to - 1]! > key; to--) keys[to] = keys[to - 1]!
    keys[to] = key
  }
  return keys
}
