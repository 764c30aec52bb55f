/**
 * What is before the header of a CSV and is none: titles of reports, and comments.
 */
import type { Notice } from "../Headers.ts"
import { type Given, mode, type Sampled } from "./CsvDetection.ts"
import type { Dialect } from "./CsvDialect.ts"

/** What was found. */
export interface Lead {
  /** How many lines are before the header. */
  readonly skip: number
  readonly comment: string
  readonly commentCells: number
  readonly notices: ReadonlyArray<Notice>
}

// longer reports' heads are not guessed
const most = 30

const filled = (cells: ReadonlyArray<string>): number => cells.filter((cell) => cell.trim() !== "").length

// names of columns: all there, all different, none a number
const isHeader = (cells: ReadonlyArray<string>): boolean => {
  const names = cells.map((cell) => cell.trim())
  return names.every((name) => name !== "" && !/^[-+]?[\d.,\s%]+$/.test(name)) && new Set(names).size === names.length
}

/** Judges the first rows, which begin behind `skip` lines. A short row is taken for a title only where it has at most half of the cells. */
export const detectLead = (
  { dialect, rows }: { readonly dialect: Dialect; readonly rows: ReadonlyArray<Sampled> },
  given: Given,
  skip: number,
): Lead => {
  const plain: Lead = { skip, comment: dialect.comment, commentCells: 0, notices: [] }
  const { width } = mode(rows)
  if (width < 2) return plain
  const marked = given.comment === undefined ? rows.filter(({ cells }) => cells[0]!.startsWith("#")) : []
  const isComments = marked.length > 0 && marked.every(({ cells }) => cells.length !== width)
  const comment = isComments ? "#" : dialect.comment
  const data = isComments ? rows.filter(({ cells }) => !cells[0]!.startsWith("#")) : rows
  const notices: Array<Notice> = []
  if (isComments) {
    const which =
      marked.length === 1 ? `line ${marked[0]!.number} does` : `${marked.length} lines do, the first is ${marked[0]!.number}`
    notices.push({
      code: "csv.comments",
      message: `Lines that begin with # are left out as comments, as detected: among the first ${rows.length} ${which}, and none has the ${width} cells of a row. Give \`comment\` if they are rows.`,
    })
  }
  const preamble = preambleOf(data, width)
  if (preamble !== undefined) {
    const [from, to] = [skip + 1, preamble.number - 1]
    notices.push({
      code: "csv.preamble",
      message: `The header is taken to be row ${preamble.number}: what is in lines ${from} to ${to} before it fills at most half of the ${width} cells that rows have. Give \`headerRow\` if it is another.`,
    })
  }
  return {
    skip: preamble === undefined ? skip : preamble.number - 1,
    comment,
    commentCells: isComments ? width : 0,
    notices,
  }
}

// the row that is the header, where something is before it
const preambleOf = (rows: ReadonlyArray<Sampled>, width: number): Sampled | undefined => {
  const at = rows.findIndex(({ cells }) => cells.length === width && filled(cells) * 2 > width)
  if (at < 1 || at > most) return undefined
  const before = rows.slice(0, at)
  const isTitle = before.some(({ cells }) => filled(cells) > 0) && before.every(({ cells }) => filled(cells) * 2 <= width)
  // a file of two columns has too little to tell a title from a row that lacks a cell
  return isTitle && width > 2 && rows.length - at > 1 && isHeader(rows[at]!.cells) ? rows[at] : undefined
}
