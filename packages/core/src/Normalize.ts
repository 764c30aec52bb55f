/**
 * Normalizations are changes made to rows before they are decoded, each logged with ref, column, before and after.
 *
 * They work on text: the cells of a table, or the top-level text members of an object. They run in the order they are listed.
 *
 * @module
 */
import type { Json } from "./Canonical.ts"

/** A change of one cell, as the normalization log keeps it. */
export interface Change {
  readonly ref: string
  readonly column: string
  readonly rule: string
  readonly before: Json
  readonly after: Json
}

/**
 * A normalization. `cell` looks at one text and returns what it becomes: other text, `null` for an empty cell, or the same text.
 * `start` makes one for a run: a rule that remembers what it has seen (disambiguation) starts afresh with each validation.
 */
export interface Normalization {
  /** Stable, e.g. `empty`; names the rule in the log. */
  readonly rule: string
  /** The only columns it works on; all where `null`. */
  readonly columns: ReadonlyArray<string> | null
  readonly start: () => (text: string) => string | null
  /** What of it decides its results, for the definition's fingerprint. */
  readonly options: Json
}

const stateless = (
  rule: string,
  columns: ReadonlyArray<string> | null,
  options: Json,
  cell: (text: string) => string | null,
): Normalization => ({ rule, columns, options, start: () => cell })

const isBlank = (code: number): boolean => code <= 32 || code === 0xa0 || code === 0xfeff

// blanks above U+00A0 are rare, so a text that might have one is left to trim(), which knows them all
const mayHaveOuterBlanks = (text: string): boolean => {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  return isBlank(first) || isBlank(last) || first > 0x1000 || last > 0x1000
}

/** Words that mean "nothing here" (compared without regard to case or outer blanks) become the empty cell. */
export const empty = (
  words: ReadonlyArray<string> = ["-", "nan", "null"],
  columns: ReadonlyArray<string> | null = null,
): Normalization => {
  const known = new Set(words.map((word) => word.toLowerCase()))
  const longest = Math.max(0, ...words.map((word) => word.length))
  // most cells begin with none of the words' letters, and are settled by one look
  const beginnings = new Set([...known].flatMap((word) => [word.charCodeAt(0), word.toUpperCase().charCodeAt(0)]))
  return stateless("empty", columns, [...known], (text) => {
    const { length } = text
    if (length === 0) return null
    if (mayHaveOuterBlanks(text)) {
      const word = text.trim()
      return word === "" || (word.length <= longest && known.has(word.toLowerCase())) ? null : text
    }
    if (length > longest || !beginnings.has(text.charCodeAt(0))) return text
    return known.has(text.toLowerCase()) ? null : text
  })
}

/** Blanks at both ends are taken off, no-break spaces and byte order marks included. */
export const trim = (columns: ReadonlyArray<string> | null = null): Normalization =>
  stateless("trim", columns, null, (text) => (text.length > 0 && mayHaveOuterBlanks(text) ? text.trim() : text))

// below U+0300 there is nothing that NFC would change
const mayCompose = /[^\u0000-\u02ff]/

/** Text becomes Unicode NFC, so that `é` is one thing however it was typed. */
export const nfc = (columns: ReadonlyArray<string> | null = null): Normalization =>
  stateless("nfc", columns, null, (text) => (mayCompose.test(text) ? text.normalize("NFC") : text))

/**
 * The second `GKO-6010` of a column becomes `GKO-6010-2`, the third `GKO-6010-3`; a suffix that some other row has already is
 * passed over. For keys that a partner repeats although the rows are different things.
 */
export const disambiguate = (column: string): Normalization => ({
  rule: "disambiguate",
  columns: [column],
  options: null,
  start: () => {
    const seen = new Map<string, number>()
    return (text) => {
      // an empty cell is no key, and two of them are not the same thing
      if (text === "") return text
      const times = seen.get(text)
      if (times === undefined) {
        // a copy: a cell may be a slice of its whole page, which the map would keep alive
        seen.set(Buffer.from(text).toString(), 1)
        return text
      }
      let suffix = times + 1
      while (seen.has(`${text}-${suffix}`)) suffix++
      seen.set(text, suffix)
      seen.set(`${text}-${suffix}`, 1)
      return `${text}-${suffix}`
    }
  },
})

/** A normalization of one's own: a pure function of the text. */
export const custom = (
  rule: string,
  columns: ReadonlyArray<string> | null,
  cell: (text: string) => string | null,
): Normalization => stateless(rule, columns, null, cell)
