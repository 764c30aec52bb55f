/**
 * Which encoding a text file has, judged by its bytes, with how sure that is and why.
 *
 * Only what can be argued for is claimed: a byte order mark; UTF-8, which other text hardly ever is by chance; the zero bytes of UTF-16; Japanese
 * in Shift-JIS; words with accented letters that a language of windows-1252 or windows-1254 writes that way. Detectors by letter
 * frequency were measured (chardet 2.2) and take most short tables for something else: delimiters and numbers are no language.
 */
import { isAscii, isUtf8 } from "node:buffer"
import type { Notice } from "../Headers.ts"
import { type Codepage, codecOf, disputed, type Encoding } from "./Encoding.ts"

/** From this confidence on an encoding is taken; below it a person has to say it. */
export const threshold = 0.75

/** An encoding that the bytes speak for. */
export interface Guess {
  readonly encoding: Codepage
  /** 0 to 1. */
  readonly confidence: number
  /** What it was judged by. */
  readonly why: string
}

/** What was decided of a file's encoding. */
export interface Decision {
  readonly encoding: Codepage
  readonly notice: Notice | undefined
  /** What is said besides where the bytes turn out not to be of this encoding. */
  readonly advice: string
}

/** The byte order marks, and how long they are. */
export const byteOrderMark = (start: Buffer): { readonly encoding: Encoding; readonly length: number } | undefined => {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return { encoding: "utf-8", length: 3 }
  if (start[0] === 0xff && start[1] === 0xfe) return { encoding: "utf-16le", length: 2 }
  if (start[0] === 0xfe && start[1] === 0xff) return { encoding: "utf-16be", length: 2 }
  return undefined
}

// `n` pieces of evidence of which `good` speak for it: one is a coin's toss, four are nearly sure
const sure = (good: number, n: number): number => (n === 0 ? 0 : (good / n) * (1 - 0.5 ** n))

const western = "àâæçéèêëîïôœùûüÿ äöüßéèà áéíñóúüç áàâãçéêíóôõúü àèéìíîòóù åäöæøéüà ëïöüéèêáóíú àèéíïòóúüç"
const icelandic = "áéíóúýþðæö"
const turkish = "çğıöşüâîû"

const alphabets = (list: string): ReadonlyArray<ReadonlySet<string>> => list.split(" ").map((letters) => new Set(letters))
const ofWestern = alphabets(`${western} ${icelandic}`)
const ofTurkish = alphabets(`${western} ${turkish}`)

const lower = (letter: string): string => (letter === "İ" ? "i" : letter.toLowerCase())
const isUpper = (letter: string): boolean => letter === "İ" || letter !== letter.toLowerCase()

// whether some language writes this word so: its letters are all of one alphabet, they are not most of the word, and no capital stands behind a small one
const isSpelt = (word: string, languages: ReadonlyArray<ReadonlySet<string>>): boolean => {
  const letters = [...word]
  const special = letters.filter((letter) => letter > "\u007f")
  if (
    letters.length > 2 &&
    (special.length === letters.length || (letters.length > 5 && special.length * 10 > letters.length * 7))
  )
    return false
  // Portuguese has õ before e and s only; what has it elsewhere is Hungarian in another encoding
  if (/õ(?![es])/iu.test(word)) return false
  for (let at = 1; at < letters.length; at++)
    if (letters[at]! > "\u007f" && isUpper(letters[at]!) && !isUpper(letters[at - 1]!)) return false
  return languages.some((letterSet) => special.every((letter) => letter === "İ" || letterSet.has(lower(letter))))
}

// signs beyond ASCII where they usually stand
const isPlaced = (sign: string, before: string, after: string): boolean => {
  const isLetter = (text: string): boolean => /\p{L}/u.test(text)
  switch (sign) {
    case "€":
    case "£":
    case "¥":
      return !isLetter(before) && !isLetter(after)
    case "’":
      return isLetter(before)
    case "°":
    case "²":
    case "³":
    case "½":
    case "®":
    case "™":
    case "ª":
    case "º":
    case "…":
    case "»":
    case "”":
      return before !== "" && !isLetter(after)
    default:
      return "\u00a0«“‘–—•§©±×¿¡¼¾".includes(sign) && !(isLetter(before) && isLetter(after))
  }
}

const judgeLatin = (bytes: Buffer, encoding: "windows-1252" | "windows-1254"): Guess & { readonly telling: number } => {
  const codec = codecOf(encoding)
  if (codec.firstInvalid(bytes) < bytes.length) return { encoding, confidence: 0, why: "", telling: 0 }
  const text = codec.decode(bytes)!
  const tells = new Set([...disputed].map((byte) => codec.decode(Buffer.from([byte]))!))
  const languages = encoding === "windows-1252" ? ofWestern : ofTurkish
  let words = 0
  let good = 0
  let telling = 0
  for (const [word] of text.matchAll(/\p{L}+/gu)) {
    if (word.length < 2 || !/[^\0-\u007f]/.test(word.replace(/[ªº]/g, ""))) continue
    words++
    if (isSpelt(word, languages)) good++
    for (const letter of word) if (tells.has(letter)) telling++
  }
  for (const match of text.matchAll(/[^\0-\u007f\p{L}]|[ªº]/gu)) {
    words++
    if (isPlaced(match[0], text[match.index - 1] ?? "", text[match.index + 1] ?? "")) good++
  }
  // Icelandic is full of these vowels; without them its own letters are Turkish ones
  const vowels = encoding === "windows-1252" ? (text.match(/[áéíóúæ]/giu) ?? []).length : telling
  const share = telling === 0 ? 1 : Math.min(1, vowels / telling)
  const why = `${good} of ${words} words and signs beyond ASCII are written as ${encoding === "windows-1252" ? "Western European" : "Turkish or Western European"} languages do`
  return { encoding, confidence: sure(good, words) * share, why, telling }
}

const judgeShiftJis = (bytes: Buffer): Guess => {
  const codec = codecOf("shift_jis")
  const whole = bytes.subarray(0, codec.whole(bytes, 0, bytes.length))
  const text = codec.decode(whole)
  if (text === undefined) return { encoding: "shift_jis", confidence: 0, why: "" }
  let wide = 0
  let common = 0
  let narrow = 0
  for (let at = 0, of = 0; of < text.length; of++) {
    const code = text.charCodeAt(of)
    const lead = whole[at]!
    at += codec.byteLength(text[of]!)
    if (code < 0x80) continue
    if (code >= 0xff61 && code <= 0xff9f) narrow++
    else {
      wide++
      // punctuation, kana and the 2,965 kanji of the first level
      if (lead <= 0x83 || (lead >= 0x88 && lead <= 0x98)) common++
    }
  }
  const why = `${common} of ${wide} characters of two bytes are kana or common kanji`
  return { encoding: "shift_jis", confidence: sure(common, wide) * (wide / (wide + narrow / 4 || 1)), why }
}

const judgeUtf16 = (bytes: Buffer): Guess | undefined => {
  let even = 0
  let odd = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0) continue
    if (at % 2 === 0) even++
    else odd++
  }
  if (even + odd === 0) return undefined
  const encoding = odd > even ? "utf-16le" : "utf-16be"
  const codec = codecOf(encoding)
  const text = codec.decode(bytes.subarray(0, codec.whole(bytes, 0, bytes.length)))
  // a table has line ends and delimiters at least, so some units of every twenty are ASCII
  const many = Math.max(even, odd)
  if (text === undefined || text.includes("\u0000") || many * 40 < bytes.length) return undefined
  const why = `${many} of ${even + odd} zero bytes stand where ${encoding.toUpperCase()} has them`
  return { encoding, confidence: sure(many, even + odd), why }
}

const isSequence = (bytes: Buffer, at: number): number => {
  const byte = bytes[at]!
  const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
  return byte >= 0xc2 && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}

// characters of UTF-8 beyond ASCII, and bytes that are none of it
const judgeUtf8 = (bytes: Buffer): { readonly good: number; readonly bad: number; readonly first: number } => {
  let good = 0
  let bad = 0
  let first = -1
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at]! < 0x80) {
      at++
      continue
    }
    const length = isSequence(bytes, at)
    if (length > 0) good++
    else {
      bad++
      if (first < 0) first = at
    }
    at += Math.max(1, length)
  }
  return { good, bad, first }
}

const nameOf = (guess: Guess): string =>
  guess.encoding === "western" ? "windows-1252 (as far as it goes the same as windows-1254)" : guess.encoding

const noticed = (guess: Guess, where: string): Notice => ({
  code: "csv.encoding",
  message: `The text is read as ${nameOf(guess)}, as detected with a confidence of ${guess.confidence.toFixed(2)}: ${guess.why}${where}. Give \`encoding\` if it is another.`,
})

/** The encodings that the bytes of a sample speak for, the most likely first. */
export const guesses = (sample: Buffer): ReadonlyArray<Guess> => {
  const wide = judgeUtf16(sample)
  const latin = [judgeLatin(sample, "windows-1252"), judgeLatin(sample, "windows-1254")] as const
  const [west, turk] = latin
  // where neither has a letter of its own it need not be decided
  const undecided = west.telling + turk.telling === 0 && !sample.includes(0x8e) && !sample.includes(0x9e) && west.confidence > 0
  const found: Array<Guess> = [
    ...(wide === undefined ? [] : [wide]),
    ...(undecided ? [{ ...west, encoding: "western" as const }] : latin),
    judgeShiftJis(sample),
  ]
  return found.filter(({ confidence }) => confidence > 0).sort((a, b) => b.confidence - a.confidence)
}

/**
 * Decides on the encoding of a sample that is not UTF-8 by a byte order mark. `offset` is where in the file it begins, and what is before it is ASCII;
 * `isWhole` says that it is all there is.
 */
export const detect = (sample: Buffer, offset: number, isWhole: boolean): Decision => {
  const whole = isWhole ? sample : sample.subarray(0, codecOf("utf-8").whole(sample, 0, sample.length))
  const plain: Decision = { encoding: "utf-8", notice: undefined, advice: "" }
  if (isUtf8(whole) && !whole.includes(0)) return plain
  const wide = judgeUtf16(sample)
  if (wide !== undefined && wide.confidence >= threshold && offset === 0)
    return { encoding: wide.encoding, notice: noticed(wide, ""), advice: "" }
  if (isAscii(whole) || isUtf8(whole)) return plain
  const { good, bad, first } = judgeUtf8(whole)
  if (good > bad) return plain
  const found = guesses(sample)
  const [best, second] = found
  const list = found.map((guess) => `${nameOf(guess)} (${guess.confidence.toFixed(2)})`).join(", ")
  if (best === undefined || best.confidence < threshold || (second !== undefined && best.confidence - second.confidence < 0.05))
    return {
      ...plain,
      advice:
        list === ""
          ? ", or say its encoding (encoding)"
          : `, or say its encoding (encoding); it may be ${list}, which is too unsure to go by`,
    }
  return { encoding: best.encoding, notice: noticed(best, `; it is not UTF-8, see offset ${offset + first}`), advice: "" }
}
