/**
 * What a hand-kept workbook looks like: the ways in which cells of the generated one differ from clean data.
 */

/** Mulberry32: small random numbers in [0, 1), the same for the same seed. */
export const random = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Rows with an error in them, by their number among the data rows, from 1. The row in the sheet is one more. */
export const badRows = {
  /** The brand is missing. */
  brand: 13,
  /** The price is `sorunuz` ("ask us"). */
  price: 23,
  /** On sale from 31 February. */
  date: 31,
  /** The price is an error cell, `#N/A`. */
  formula: 37,
  /** The price is 0, which the shop's own check refuses. */
  free: 41,
  /** The barcode of the row before. */
  barcode: 47,
  /** The brand is another than in the product's row before. */
  contradiction: 59,
} as const

/** Rows that refer to a brand or a series that the shop has not: all variants of a product. */
export const newcomers = { brand: [52, 53, 54], series: [55, 56, 57] } as const

/** Rows that the generated workbook has at least, so that all of its mess is in it. */
export const leastRows = 60

const blanks = [(text: string) => ` ${text}`, (text: string) => `${text}  `, (text: string) => `\u00a0${text}\t`]

/** Text with blanks around it, for some rows. */
export const padded = (text: string, row: number): string => (row % 7 === 0 ? blanks[row % blanks.length]!(text) : text)

const nothings = ["-", "nan", "NULL", " - ", ""]

/** What stands in a cell that has no value. */
export const nothing = (row: number): string => nothings[row % nothings.length]!

/** A number as text with a decimal comma: `1.234,50`. */
export const turkishNumber = (value: number, decimals: number): string => {
  const [whole, fraction] = value.toFixed(decimals).split(".") as [string, string | undefined]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ".")
  return fraction === undefined ? grouped : `${grouped},${fraction}`
}
