/**
 * Headers become column names: trimmed, given the name that an alias stands for, and checked to be unique.
 *
 * Aliases are compared without regard to case, outer blanks and Unicode composition (NFC). The four letters that Turkish has for
 * `i` (`I`, `İ`, `ı`, `i`) are taken as one, because upper and lower case of them mean different pairs in different locales:
 * `KATEGORİ`, `Kategori` and `kategorı` are the same header.
 *
 * @module
 */
import { Result } from "effect"

/** Other names that columns have in files: `{ model_code: ["Model Code", "MODEL", "Kod"] }`. */
export type Aliases = { readonly [column: string]: ReadonlyArray<string> }

/** A warning about the whole of a source. */
export interface Notice {
  readonly code: string
  readonly message: string
}

/** The columns that a header row makes. */
export interface Headers {
  readonly columns: ReadonlyArray<string>
  /** Positions of columns without a name; they are called `column 3`, counted from 1. */
  readonly unnamed: ReadonlyArray<number>
  /** Which headers an alias renamed. */
  readonly notices: ReadonlyArray<Notice>
}

/** The form in which headers and aliases are compared. */
export const fold = (header: string): string => header.normalize("NFC").trim().replace(/[Iİı]/g, "i").toLowerCase()

/** Finds the column that a header names. Made once for a source; an alias of two columns is a defect. */
export const lookup = (aliases: Aliases): ((header: string) => string) => {
  const columns = new Map<string, string>()
  const add = (alias: string, column: string): void => {
    const known = columns.get(fold(alias))
    if (known !== undefined && known !== column) throw new TypeError(`the alias ${alias} stands for both ${known} and ${column}`)
    columns.set(fold(alias), column)
  }
  for (const [column, others] of Object.entries(aliases)) {
    add(column, column)
    for (const alias of others) add(alias, column)
  }
  return (header) => columns.get(fold(header)) ?? header.trim()
}

/** The columns that a user names for a file without a header. Two of one name are a defect. */
export const given = (names: ReadonlyArray<string> | undefined): ReadonlyArray<string> | undefined => {
  const twice = names?.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new TypeError(`two of the headers are called ${twice}`)
  return names
}

/** The columns of a header row; fails with a sentence where two headers are the same column. */
export const resolve = (cells: ReadonlyArray<string>, columnOf: (header: string) => string): Result.Result<Headers, string> => {
  const positions = new Map<string, number>()
  const unnamed: Array<number> = []
  const renamed: Array<string> = []
  // a copy, so that the few names kept for long do not keep the text alive that they were cut from
  const columns = JSON.parse(JSON.stringify(cells.map((cell) => (cell.trim() === "" ? "" : columnOf(cell))))) as Array<string>
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at]!
    if (column === "") {
      unnamed.push(at)
      continue
    }
    const before = positions.get(column)
    if (before !== undefined) return Result.fail(duplicate(column, cells, before, at))
    positions.set(column, at)
    if (column !== cells[at]!.trim()) renamed.push(`${JSON.stringify(cells[at]!.trim())} is read as ${column}`)
  }
  for (const at of unnamed) columns[at] = positions.has(`column ${at + 1}`) ? `column ${at + 1} (no name)` : `column ${at + 1}`
  return Result.succeed({
    columns,
    unnamed,
    notices: renamed.length === 0 ? [] : [{ code: "header.renamed", message: `Header ${renamed.join(", ")}.` }],
  })
}

const duplicate = (column: string, cells: ReadonlyArray<string>, first: number, second: number): string => {
  const names = [cells[first]!.trim(), cells[second]!.trim()].map((name) => JSON.stringify(name))
  const both = names[0] === names[1] ? `are both called ${names[0]}` : `(${names.join(" and ")}) are both read as ${column}`
  return `columns ${first + 1} and ${second + 1} ${both}; rename or remove one of them`
}

/** What is said once when a column without a name turns out to hold data. */
export const unnamedNotice = (column: string, row: number): Notice => ({
  code: "header.empty",
  message: `A column has data (first in row ${row}) and no header; it is called "${column}".`,
})
