/**
 * UTF-8 checked and decoded piece by piece.
 *
 * Measured on 248 MB of Turkish text: `isUtf8` 0.04 s, Node's UTF-8 decoder 0.75 s, `transcode` to UTF-16 followed by a copy 0.14 s.
 * Pieces end after a line feed where they have one, so that a row is hardly ever put together from two; and they are small
 * enough for V8's young generation, which makes scanning them 1.4 times faster than scanning pieces of 128 KiB.
 */
import { isAscii, isUtf8, transcode } from "node:buffer"

/** The most bytes that become one text. */
export const pieceBytes = 60 * 1024

/** Some decoded text. */
export interface Piece {
  readonly text: string
  /** How many bytes it was. */
  readonly bytes: number
  /** Whether the byte after it is not UTF-8; then no other piece follows. */
  readonly invalid: boolean
}

const decode = (bytes: Buffer): string =>
  isAscii(bytes) ? bytes.toString("latin1") : transcode(bytes, "utf8", "utf16le").toString("utf16le")

// where a piece that has to end at or before `end` may end without cutting a character in two
const boundary = (bytes: Buffer, start: number, end: number): number => {
  if (end >= bytes.length) return tailStart(bytes, start, bytes.length)
  const line = bytes.subarray(start, end).lastIndexOf(0x0a)
  if (line !== -1) return start + line + 1
  let at = end
  while (at > start && (bytes[at]! & 0xc0) === 0x80 && end - at < 4) at--
  return at
}

// the start of a character that the bytes break off in, or their end
const tailStart = (bytes: Buffer, start: number, end: number): number => {
  for (let at = end - 1; at >= start && at >= end - 4; at--) {
    const byte = bytes[at]!
    if (byte < 0x80) return end
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return at + length > end ? at : end
  }
  return end
}

const firstInvalid = (bytes: Buffer): number => {
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]!
    const length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    if (length > 1 && (at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length)))) return at
    at += length
  }
  return at
}

/** Decodes blocks of bytes as they come; what a block breaks off in is kept for the next. */
export class Utf8 {
  private tail: Buffer = Buffer.alloc(0);

  /** The pieces of a block. `last` says that no other follows. The block may be reused afterwards. */
  *pieces(block: Buffer, last: boolean): Generator<Piece> {
    const bytes = this.tail.length === 0 ? block : Buffer.concat([this.tail, block])
    let at = 0
    while (at < bytes.length) {
      const limit = Math.min(bytes.length, at + pieceBytes)
      const end = last && limit === bytes.length ? limit : boundary(bytes, at, limit)
      if (end <= at) break
      const part = bytes.subarray(at, end)
      if (!isUtf8(part)) {
        const valid = part.subarray(0, firstInvalid(part))
        yield { text: decode(valid), bytes: valid.length, invalid: true }
        return
      }
      yield { text: decode(part), bytes: part.length, invalid: false }
      at = end
    }
    this.tail = Buffer.from(bytes.subarray(at))
  }
}
