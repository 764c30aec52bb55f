/**
 * Mutations that know what a CSV is made of: quotes, delimiters, line ends, marks and encodings.
 *
 * @module
 */
import { type Mutation, replaced } from "./byteMutations.ts"
import type { Random } from "./random.ts"

const tokens = [
  ...[
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    "|",
    "||",
    "\r",
    "\n",
    "\r\n",
    "\n\r",
    "\\",
    '\\"',
    "\\\n",
    "#",
    "\ufeff",
    "\0",
    "\u2028",
    "é",
    "ğ",
  ],
  ...[
    "😀",
    "\u0301",
    "\u200f",
    '"a\nb"',
    "1.234,56",
    "-0",
    "1e999",
    "NaN",
    "31.12.1999",
    "2024-02-30",
    "=1+1",
    "__proto__",
    "constructor",
  ],
]

// what no encoding or only some of them have
const bytes = [
  [0x80],
  [0xff],
  [0xfe, 0xff],
  [0xff, 0xfe],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xed, 0xa0, 0x80],
  [0xc0, 0x80],
  [0xa0],
  [0x81],
]

const token = (random: Random): Buffer => (random.oneIn(3) ? Buffer.from(random.pick(bytes)) : Buffer.from(random.pick(tokens)))

const structural = (file: Buffer): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = 0; at < file.length; at++) if ([0x22, 0x2c, 0x3b, 0x09, 0x7c, 0x0a, 0x0d].includes(file[at]!)) found.push(at)
  return found
}

/** Puts a token somewhere, mostly where cells meet. */
export const putToken: Mutation = (file, random) => {
  const places = structural(file)
  const at = places.length === 0 || random.oneIn(3) ? random.below(file.length + 1) : random.pick(places) + random.below(2)
  return replaced(file, at, at + (random.oneIn(3) ? 1 : 0), token(random))
}

/** Takes a delimiter, a quote or a line end out, or makes it another. */
export const changeToken: Mutation = (file, random) => {
  const places = structural(file)
  if (places.length === 0) return putToken(file, random, () => file)
  const at = random.pick(places)
  return replaced(file, at, at + 1, random.oneIn(2) ? Buffer.alloc(0) : token(random))
}

/** Makes all of one token another: other delimiters, other quotes, other line ends. */
export const changeAll: Mutation = (file, random) => {
  const places = structural(file)
  if (places.length === 0) return file
  const from = file.subarray(random.pick(places)).toString("latin1", 0, 1)
  return Buffer.from(
    file.toString("latin1").replaceAll(from, () => token(random).toString("latin1")),
    "latin1",
  )
}

const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16()

/** Writes the text in another encoding. */
export const encode: Mutation = (file, random) => {
  const text = file.toString(random.pick(["utf8", "latin1"]))
  const mark = random.oneIn(2) ? "\ufeff" : ""
  return random.pick([
    () => Buffer.from(mark + text, "utf16le"),
    () => utf16be(mark + text),
    () => Buffer.from(text, "latin1"),
    () => Buffer.from(mark + text),
    () => Buffer.from(text).subarray(random.below(4)),
  ])()
}

/** Puts lines elsewhere, or doubles them. */
export const shuffleLines: Mutation = (file, random) => {
  const lines = file.toString("latin1").split(/(?<=\n)/)
  for (let left = 1 + random.size(10); left > 0; left--) {
    const [line] = lines.splice(random.below(lines.length), random.oneIn(2) ? 1 : 0)
    lines.splice(random.below(lines.length + 1), 0, line ?? random.pick(lines.length === 0 ? [""] : lines))
  }
  return Buffer.from(lines.join(""), "latin1")
}

/** All of them. */
export const csvMutations: ReadonlyArray<Mutation> = [
  putToken,
  putToken,
  changeToken,
  changeToken,
  changeAll,
  encode,
  shuffleLines,
]
