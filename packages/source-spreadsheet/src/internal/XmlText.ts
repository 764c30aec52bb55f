/**
 * The text of XML: UTF-8, or UTF-16 with a byte order mark, which are the encodings that the parts of a workbook may have. Checked and decoded
 * piece by piece; pieces are small enough for V8's young generation.
 */
import { isAscii, isUtf8, transcode } from "node:buffer"

// the most bytes that become one text
const pieceBytes = 60 * 1024

// behind a cell or a shared text a piece is best cut: nothing of it has to be put together with the next
const elementEnd = (bytes: Buffer, start: number, end: number): number | undefined => {
  const piece = bytes.subarray(start, end)
  const found = Math.max(piece.lastIndexOf("</c>") + 4, piece.lastIndexOf("</si>") + 5)
  return found > 5 ? start + found : undefined
}

type Encoding = "UTF-8" | "UTF-16LE" | "UTF-16BE"

const marks: ReadonlyArray<readonly [Encoding, number, number]> = [
  ["UTF-16LE", 0xff, 0xfe],
  ["UTF-16BE", 0xfe, 0xff],
]

/** See the file's first sentence. */
export class XmlText {
  /** Set when a byte is no character of the encoding: a sentence. */
  failure: string | undefined
  private encoding: Encoding | undefined
  private tail: Buffer = Buffer.alloc(0);

  /** The pieces of a block; what it breaks off in is kept for the next. `last` says that no other follows. */
  *pieces(block: Buffer, last: boolean): Generator<string> {
    const bytes = this.tail.length === 0 ? block : Buffer.concat([this.tail, block])
    if (bytes.length < 2 && !last) {
      this.tail = Buffer.from(bytes)
      return
    }
    this.encoding ??= marks.find(([, first, second]) => bytes[0] === first && bytes[1] === second)?.[0] ?? "UTF-8"
    let at = 0
    while (at < bytes.length) {
      const limit = Math.min(bytes.length, at + pieceBytes)
      const element = last && limit === bytes.length ? limit : elementEnd(bytes, at, limit)
      // less than a piece waits for its end
      if (element === undefined && limit === bytes.length) break
      const end = element ?? this.boundary(bytes, at, limit)
      if (end <= at) break
      const text = this.decode(bytes.subarray(at, end))
      if (text === undefined) {
        this.failure = `is not ${this.encoding}`
        return
      }
      yield text
      at = end
    }
    this.tail = Buffer.from(bytes.subarray(at))
  }

  // where a piece that has to end at or before `end` may end without cutting a character in two
  private boundary(bytes: Buffer, start: number, end: number): number {
    if (this.encoding !== "UTF-8") {
      const even = end - ((end - start) & 1)
      const unit = this.encoding === "UTF-16LE" ? bytes[even - 1]! : bytes[even - 2]!
      return even > start && (unit & 0xfc) === 0xd8 ? even - 2 : even
    }
    for (let at = end - 1; at >= start && at >= end - 4; at--) {
      const byte = bytes[at]!
      if (byte < 0x80) return end
      if (byte < 0xc0) continue
      return at + (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > end ? at : end
    }
    return end
  }

  private decode(bytes: Buffer): string | undefined {
    if (this.encoding === "UTF-8") {
      if (isAscii(bytes)) return bytes.toString("latin1")
      // five times as fast as Node's decoder of UTF-8
      return isUtf8(bytes) ? transcode(bytes, "utf8", "utf16le").toString("utf16le") : undefined
    }
    if (bytes.length % 2 !== 0) return undefined
    const text = (this.encoding === "UTF-16LE" ? bytes : Buffer.from(bytes).swap16()).toString("utf16le")
    return /\p{Surrogate}/u.test(text) ? undefined : text
  }
}
