/**
 * From the canonical bytes of a batch to COPY text, byte by byte: no objects, no strings.
 *
 * JSON's short escapes are those of COPY text, so a string is mostly copied. Every line begins with the record's position among the
 * records of its entity, and ends with bits for the optional fields that are absent.
 *
 * @module
 */
import type { Batch } from "@waybill/core"
import { bitsPerMask } from "./Layout.ts"

/** What of an entity the bytes depend on. */
export interface Shape {
  /** Per field whether it is a json field. */
  readonly json: ReadonlyArray<boolean>
  /** The positions of the optional fields. */
  readonly optional: ReadonlyArray<number>
}

/** Which records are sent, and the fingerprint that goes with each; without fingerprints there is no column for them. */
export interface Selection {
  readonly takes: (index: number) => boolean
  readonly fingerprint: ((index: number) => string | null) | null
}

/** COPY text: line `k` is `bytes[starts[k]] … bytes[starts[k + 1]]`, and is the record `indexes[k]` of its batch. */
export interface Encoded {
  readonly bytes: Buffer
  readonly count: number
  readonly starts: Uint32Array
  readonly indexes: Uint32Array
  /** Records that hold the character NUL, which PostgreSQL cannot, with the field's position; they have no line. */
  readonly refused: ReadonlyArray<{ readonly index: number; readonly position: number }>
}

const everything: Selection = { takes: () => true, fingerprint: null }

const quote = 34
const comma = 44
const open = 91
const backslash = 92
const close = 93

const digit = (code: number): number => (code <= 57 ? code - 48 : (code | 32) - 87)

/** Encodes batches of one shape, one at a time: the bytes are valid until the next. */
export class CopyText {
  private out = Buffer.allocUnsafe(1 << 16)
  private starts = new Uint32Array(1)
  private indexes = new Uint32Array(0)

  constructor(private readonly shape: Shape) {}

  /** Encodes the records of a batch that are selected. */
  encode(batch: Pick<Batch.Batch, "bytes" | "count" | "first">, selection: Selection = everything): Encoded {
    const { json, optional } = this.shape
    const fields = json.length
    const { bytes: source, count, first } = batch
    const buffer = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    const maskCount = Math.ceil(optional.length / bitsPerMask)
    const masks = new Uint32Array(maskCount)
    const overhead = 64 + 12 * maskCount
    if (this.indexes.length < count) {
      this.indexes = new Uint32Array(count)
      this.starts = new Uint32Array(count + 1)
    }
    const { indexes, starts } = this
    const refused: Array<{ readonly index: number; readonly position: number }> = []
    let { out } = this
    let lines = 0
    let at = 0
    let to = 0
    starts[0] = 0
    for (let index = 0; index < count; index++) {
      const end = buffer.indexOf(10, at)
      if (!selection.takes(index)) {
        at = end + 1
        continue
      }
      const need = to + 2 * (end - at) + overhead
      if (need > out.length) {
        const grown = Buffer.allocUnsafe(Math.max(need, 2 * out.length))
        out.copy(grown, 0, 0, to)
        out = grown
        this.out = grown
      }
      to += out.write(String(first + index), to, "latin1")
      out[to++] = 9
      if (selection.fingerprint !== null) {
        to += out.write(selection.fingerprint(index) ?? "\\N", to, "latin1")
        out[to++] = 9
      }
      if (maskCount > 0) masks.fill(0)
      let nul = -1
      at++
      for (let position = 0; position < fields; position++) {
        if (position > 0) out[to++] = 9
        let code = source[at]!
        if (code === quote) {
          at++
          for (code = source[at++]!; code !== quote; code = source[at++]!) {
            if (code !== backslash) {
              out[to++] = code
              continue
            }
            code = source[at++]!
            if (code === quote || code === 47) out[to++] = code
            else if (code !== 117) {
              out[to++] = backslash
              out[to++] = code
            } else {
              const point = hex(source, at)
              at += 4
              if (point === 0) nul = position
              else to = writePoint(out, to, point)
            }
          }
        } else if (code === 110) {
          // null
          out[to++] = backslash
          out[to++] = 78
          at += 4
        } else if (code !== open) {
          // a number, true, false
          while (code !== comma && code !== close) {
            out[to++] = code
            code = source[++at]!
          }
        } else if (source[at + 1] === close) {
          const bit = optional.indexOf(position)
          masks[Math.floor(bit / bitsPerMask)]! |= 1 << (bit % bitsPerMask)
          out[to++] = backslash
          out[to++] = 78
          at += 2
        } else {
          // a json value in its array of one: its text, backslashes doubled
          at++
          let depth = 0
          let inText = false
          for (code = source[at++]!; inText || depth > 0 || code !== close; code = source[at++]!) {
            out[to++] = code
            if (code === backslash) {
              out[to++] = code
              code = source[at++]!
              out[to++] = code
              if (code === backslash) out[to++] = code
              else if (code === 117 && hex(source, at) === 0) nul = position
            } else if (code === quote) inText = !inText
            else if (!inText) {
              if (code === open || code === 123) depth++
              else if (code === close || code === 125) depth--
            }
          }
        }
        // the comma, or the end of the record
        at++
      }
      for (let mask = 0; mask < maskCount; mask++) {
        out[to++] = 9
        to += out.write(String(masks[mask]), to, "latin1")
      }
      at = end + 1
      if (nul >= 0) {
        refused.push({ index, position: nul })
        to = starts[lines]!
        continue
      }
      out[to++] = 10
      indexes[lines++] = index
      starts[lines] = to
    }
    return { bytes: out.subarray(0, to), count: lines, starts, indexes, refused }
  }
}

const hex = (source: Uint8Array, at: number): number =>
  (digit(source[at]!) << 12) | (digit(source[at + 1]!) << 8) | (digit(source[at + 2]!) << 4) | digit(source[at + 3]!)

// canonical JSON escapes control characters only, and has no lone surrogates; whatever else comes is written as UTF-8
const writePoint = (out: Buffer, to: number, point: number): number => {
  const short = "\b\t\n\v\f\r".indexOf(String.fromCharCode(point))
  if (short >= 0) return to + out.write(["\\b", "\\t", "\\n", "\\v", "\\f", "\\r"][short]!, to, "latin1")
  if (point === backslash) return to + out.write("\\\\", to, "latin1")
  return to + out.write(String.fromCharCode(point), to, "utf8")
}
