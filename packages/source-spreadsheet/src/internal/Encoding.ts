/**
 * The encodings of text files: what bytes are characters, where one ends, and how many bytes a text was.
 *
 * The tables of the legacy encodings are those of iconv-lite. Node's own `TextDecoder` was measured as well: under Node 20 it reads the
 * bytes 0x80 to 0x9F of windows-1252 as control characters, gives the bytes that an encoding does not define some character all the same,
 * and exchanges 0x1A, 0x1C and 0x7F in Shift-JIS. UTF-8 and UTF-16 are Node's own.
 */
import { isAscii, isUtf8, transcode } from "node:buffer"
import iconv from "iconv-lite"

/** The encodings that can be given. */
export const encodings = [
  "utf-8",
  "utf-16le",
  "utf-16be",
  "windows-1252",
  "windows-1254",
  "iso-8859-1",
  "iso-8859-9",
  "shift_jis",
] as const

/** An encoding that can be given. */
export type Encoding = (typeof encodings)[number]

/**
 * An encoding that text is read in. `western` is what windows-1252 and windows-1254 have in common: the two differ in six letters only, and as
 * long as none of them has been seen it need not be known which of the two it is.
 */
export type Codepage = Encoding | "western"

/** See the file's first sentence. Bytes begin at the start of a character. */
export interface Codec {
  readonly name: Codepage
  /** The text of whole characters; `undefined` where a byte is no character. */
  readonly decode: (bytes: Buffer) => string | undefined
  /** Where the last character begins that `bytes` break off in, or their end. */
  readonly whole: (bytes: Buffer, start: number, end: number) => number
  /** Where the first byte is that is no character. */
  readonly firstInvalid: (bytes: Buffer) => number
  /** Whether NUL characters are in the bytes. */
  readonly hasNul: (bytes: Buffer) => boolean
  /** How many bytes this text is. */
  readonly byteLength: (text: string) => number
  /** Whether a byte 0x0A is always a line feed. */
  readonly hasLineFeedBytes: boolean
}

const hasZero = (bytes: Buffer): boolean => bytes.includes(0)

const everything = (_: Buffer, __: number, end: number): number => end

// the start of a character that the bytes break off in, or their end
const wholeUtf8 = (bytes: Buffer, start: number, end: number): number => {
  for (let at = end - 1; at >= start && at >= end - 4; at--) {
    const byte = bytes[at]!
    if (byte < 0x80) return end
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return at + length > end ? at : end
  }
  return end
}

const firstNotUtf8 = (bytes: Buffer): number => {
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]!
    const length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    if (length > 1 && (at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length)))) return at
    at += length
  }
  return at
}

// measured on 248 MB of Turkish text: `isUtf8` 0.04 s, Node's UTF-8 decoder 0.75 s, `transcode` to UTF-16 followed by a copy 0.14 s
const utf8: Codec = {
  name: "utf-8",
  decode: (bytes) => {
    if (isAscii(bytes)) return bytes.toString("latin1")
    return isUtf8(bytes) ? transcode(bytes, "utf8", "utf16le").toString("utf16le") : undefined
  },
  whole: wholeUtf8,
  firstInvalid: firstNotUtf8,
  hasNul: hasZero,
  byteLength: (text) => Buffer.byteLength(text),
  hasLineFeedBytes: true,
}

const utf16 = (name: "utf-16le" | "utf-16be"): Codec => {
  const high = name === "utf-16le" ? 1 : 0
  const unitAt = (bytes: Buffer, at: number): number => (bytes[at + high]! << 8) | bytes[at + 1 - high]!
  const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
  const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000
  return {
    name,
    decode: (bytes) => {
      if (bytes.length % 2 === 1) return undefined
      const text = (high === 1 ? bytes : Buffer.from(bytes).swap16()).toString("utf16le")
      return text.isWellFormed() ? text : undefined
    },
    whole: (bytes, start, end) => {
      const even = end - ((end - start) % 2)
      return even - 2 >= start && isHigh(unitAt(bytes, even - 2)) ? even - 2 : even
    },
    firstInvalid: (bytes) => {
      let at = 0
      for (; at + 1 < bytes.length; at += 2) {
        const unit = unitAt(bytes, at)
        if (isLow(unit)) return at
        if (!isHigh(unit)) continue
        if (at + 3 >= bytes.length || !isLow(unitAt(bytes, at + 2))) return at
        at += 2
      }
      return at
    },
    hasNul: (bytes) => {
      for (let at = 0; at + 1 < bytes.length; at += 2) if (bytes[at] === 0 && bytes[at + 1] === 0) return true
      return false
    },
    byteLength: (text) => text.length * 2,
    hasLineFeedBytes: false,
  }
}

const noCharacter = 0xfffd

const tableOf = (name: string): Uint16Array => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  return Uint16Array.from(iconv.decode(all, name), (character) => character.charCodeAt(0))
}

const singleByte = (name: Codepage, table: Uint16Array): Codec => ({
  name,
  decode: (bytes) => {
    if (isAscii(bytes)) return bytes.toString("latin1")
    const units = new Uint16Array(bytes.length)
    for (let at = 0; at < bytes.length; at++) {
      const unit = table[bytes[at]!]!
      if (unit === noCharacter) return undefined
      units[at] = unit
    }
    return Buffer.from(units.buffer).toString("utf16le")
  },
  whole: everything,
  firstInvalid: (bytes) => {
    const at = bytes.findIndex((byte) => table[byte] === noCharacter)
    return at < 0 ? bytes.length : at
  },
  hasNul: hasZero,
  byteLength: (text) => text.length,
  hasLineFeedBytes: true,
})

// C1 control characters are no text; what is there in a file that is said to be ISO 8859 is of the Windows encoding in truth
const withoutControls = (table: Uint16Array): Uint16Array =>
  table.map((unit) => (unit >= 0x80 && unit < 0xa0 ? noCharacter : unit))

const isLead = (byte: number): boolean => (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc)

const shiftJis = (): Codec => {
  const decode = (bytes: Buffer): string | undefined => {
    if (isAscii(bytes)) return bytes.toString("latin1")
    const text = iconv.decode(bytes, "shift_jis")
    return /[\u0080-\u00a0\ue000-\uf8ff\ufffd]/.test(text) ? undefined : text
  }
  const step = (bytes: Buffer, at: number): number => (isLead(bytes[at]!) ? 2 : 1)
  return {
    name: "shift_jis",
    decode,
    whole: (bytes, start, end) => {
      let at = start
      while (at < end) {
        const next = at + step(bytes, at)
        if (next > end) return at
        at = next
      }
      return end
    },
    firstInvalid: (bytes) => {
      let at = 0
      while (at < bytes.length) {
        const next = at + step(bytes, at)
        if (next > bytes.length || decode(bytes.subarray(at, next)) === undefined) return at
        at = next
      }
      return at
    },
    hasNul: hasZero,
    byteLength: (text) => {
      let count = text.length
      for (let at = 0; at < text.length; at++) {
        const unit = text.charCodeAt(at)
        if (unit >= 0x80 && (unit < 0xff61 || unit > 0xff9f)) count++
      }
      return count
    },
    hasLineFeedBytes: true,
  }
}

/** The six bytes that are different letters in windows-1252 and windows-1254. */
export const disputed: ReadonlySet<number> = new Set([0xd0, 0xdd, 0xde, 0xf0, 0xfd, 0xfe])

const makers: { readonly [name in Codepage]: () => Codec } = {
  "utf-8": () => utf8,
  "utf-16le": () => utf16("utf-16le"),
  "utf-16be": () => utf16("utf-16be"),
  "windows-1252": () => singleByte("windows-1252", tableOf("windows-1252")),
  "windows-1254": () => singleByte("windows-1254", tableOf("windows-1254")),
  western: () =>
    singleByte(
      "western",
      // 0x8E and 0x9E are letters of windows-1252 only
      tableOf("windows-1252").map((unit, byte) => (disputed.has(byte) || byte === 0x8e || byte === 0x9e ? noCharacter : unit)),
    ),
  "iso-8859-1": () => singleByte("iso-8859-1", withoutControls(tableOf("iso-8859-1"))),
  "iso-8859-9": () => singleByte("iso-8859-9", withoutControls(tableOf("iso-8859-9"))),
  shift_jis: shiftJis,
}

const made = new Map<Codepage, Codec>()

/** The codec of an encoding. */
export const codecOf = (name: Codepage): Codec => {
  const codec = made.get(name) ?? makers[name]()
  made.set(name, codec)
  return codec
}

/** Whether a text names an encoding that can be read in. */
export const isCodepage = (name: unknown): name is Codepage => typeof name === "string" && Object.hasOwn(makers, name)

const hex = (byte: number): string => `0x${byte.toString(16).toUpperCase().padStart(2, "0")}`

/** What is said of a place that is no character: `bytes` begin there, `offset` is where that is in the file. */
export const invalidAt = (name: Codepage, bytes: Buffer, offset: number): string => {
  const byte = hex(bytes[0]!)
  switch (name) {
    case "utf-8":
      return `the byte at offset ${offset} is not UTF-8; save the file as UTF-8 (Excel: "CSV UTF-8") and try again`
    case "utf-16le":
    case "utf-16be":
      return `half a character is at offset ${offset} of this UTF-16 text; the file is cut off or damaged there`
    case "western": {
      const [western, turkish] = ["windows-1252", "windows-1254"].map((each) => iconv.decode(bytes.subarray(0, 1), each))
      if (turkish === "\ufffd" && western === "\ufffd")
        return `the byte ${byte} at offset ${offset} is no character of windows-1252, which this file seemed to be; say what it is (encoding)`
      return `the byte ${byte} at offset ${offset} is ${western} in windows-1252 and ${turkish === "\ufffd" ? "nothing" : turkish} in windows-1254, and nothing in the sample tells which of the two this file is; say it (encoding)`
    }
    default:
      return `the byte ${byte} at offset ${offset} is no character of ${name}; is it another encoding? Say which (encoding)`
  }
}
