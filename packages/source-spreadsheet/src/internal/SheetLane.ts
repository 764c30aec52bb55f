/**
 * The fast lane: cells that are written as nearly all cells are, read in one go without a look at each tag. Whatever is written in
 * another way, or is not there as a whole yet, is left to the scanner, and must come to the same.
 */

import { decodeEscapes } from "./SharedText.ts"
import { ofNumber } from "./SheetCell.ts"
import type { Shared } from "./SheetRow.ts"
import type { SheetRowBuilder } from "./SheetRowBuilder.ts"

// `<c/>`
const shortest = 4

const powers = Array.from({ length: 16 }, (_, at) => 10 ** at)
// digits that a double holds, whatever they are
const mostDigits = 15

const beforeInline = "<is><t>"
const afterInline = "</t></is></c>"

/** Reads cells from `start` on into the row; gives where the first one begins that it did not read. */
export const readCells = (text: string, start: number, row: SheetRowBuilder, shared: Shared): number => {
  let at = start
  const rowNumber = row.number
  // no look behind the text's end, which would make V8 give up its compiled code: nearly all pieces end with a cell
  const last = text.length - shortest
  // `<c` and a blank or the tag's end
  while (at <= last && text.charCodeAt(at + 1) === 99 && text.charCodeAt(at) === 60) {
    let p = at + 2
    let column = row.column + 1
    let style = 0
    // n, s, b or i (inline)
    let type = 110
    while (text.charCodeAt(p) === 32) {
      const name = text.charCodeAt(p + 1)
      if (text.charCodeAt(p + 2) !== 61 || text.charCodeAt(p + 3) !== 34) return at
      p += 4
      if (name === 114) {
        column = 0
        let letter = text.charCodeAt(p) - 64
        for (; letter >= 1 && letter <= 26; letter = text.charCodeAt(p) - 64) {
          column = column * 26 + letter
          p++
        }
        column--
        let number = 0
        const first = p
        let digit = text.charCodeAt(p) - 48
        for (; digit >= 0 && digit <= 9; digit = text.charCodeAt(p) - 48) {
          number = number * 10 + digit
          p++
        }
        if (number !== rowNumber || text.charCodeAt(first) === 48) return at
      } else if (name === 115) {
        let digit = text.charCodeAt(p) - 48
        for (; digit >= 0 && digit <= 9; digit = text.charCodeAt(p) - 48) {
          style = style * 10 + digit
          p++
        }
      } else if (name === 116) {
        type = text.charCodeAt(p)
        if (type === 105 && text.startsWith("inlineStr", p)) p += 9
        else if (type === 110 || type === 115 || type === 98) p++
        else return at
      } else return at
      if (text.charCodeAt(p) !== 34) return at
      p++
    }
    const code = text.charCodeAt(p)
    if (code === 47 && text.charCodeAt(p + 1) === 62) {
      row.column = column
      row.put(null)
      at = p + 2
      continue
    }
    if (code !== 62) return at
    p++
    if (type === 105) {
      if (!text.startsWith(beforeInline, p)) return at
      const from = p + beforeInline.length
      const to = plainEnd(text, from)
      if (to === -1 || !text.startsWith(afterInline, to) || to - from > row.limits.cellLength) return at
      row.column = column
      row.put(decodeEscapes(text.slice(from, to)))
      at = to + afterInline.length
      continue
    }
    // <v>
    if (text.charCodeAt(p) !== 60 || text.charCodeAt(p + 1) !== 118 || text.charCodeAt(p + 2) !== 62) return at
    p += 3
    const isNegative = text.charCodeAt(p) === 45
    if (isNegative) p++
    const first = p
    let value = 0
    let point = -1
    for (;;) {
      const digit = text.charCodeAt(p) - 48
      if (digit >= 0 && digit <= 9) value = value * 10 + digit
      else if (digit === -2 && point === -1) point = p
      else break
      p++
    }
    const digits = p - first - (point === -1 ? 0 : 1)
    if (digits === 0 || digits > mostDigits || !endsCell(text, p)) return at
    // both are held by doubles, so that the quotient is the nearest there is
    if (point !== -1) value /= powers[p - point - 1]!
    if (isNegative) value = -value
    if (type === 110) {
      row.column = column
      row.put(ofNumber(value, style, shared))
    } else if (type === 115) {
      const found = shared.texts.at(value)
      if (found === undefined) return at
      row.column = column
      row.put(found)
    } else {
      if (value !== 0 && value !== 1) return at
      row.column = column
      row.put(value === 1)
    }
    at = p + 8
  }
  return at
}

// whether `</v></c>` is there
const endsCell = (text: string, at: number): boolean =>
  text.charCodeAt(at) === 60 &&
  text.charCodeAt(at + 1) === 47 &&
  text.charCodeAt(at + 2) === 118 &&
  text.charCodeAt(at + 3) === 62 &&
  text.charCodeAt(at + 4) === 60 &&
  text.charCodeAt(at + 5) === 47 &&
  text.charCodeAt(at + 6) === 99 &&
  text.charCodeAt(at + 7) === 62

// where a text ends in which there is nothing to decode; -1 where there is
const plainEnd = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 60) return at
    if (code === 38 || code === 13) return -1
  }
  return -1
}
