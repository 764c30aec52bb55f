/**
 * A ref says where a person finds a row again: a place (file and sheet, or an API's name) and a label within it
 * (row number, id), as in `prices.xlsx!Prices:14` or `ocm:12345`.
 *
 * @module
 */

/** What tells a row from the others of its place: the row number of a sheet or file (from 1, header included), or an id. */
export type Label = number | string

/** The text of a ref. */
export const make = (place: string, label: Label): string => `${place}:${label}`

/** The place and the label of a ref; a label of digits is a number. `undefined` where the text is no ref. */
export const parse = (ref: string): { readonly place: string; readonly label: Label } | undefined => {
  const colon = ref.lastIndexOf(":")
  if (colon < 0) return undefined
  const label = ref.slice(colon + 1)
  return { place: ref.slice(0, colon), label: /^\d{1,15}$/.test(label) ? Number(label) : label }
}
