/**
 * How a CSV marks its cells and rows, where its header is and what its comments begin with, judged by its first rows.
 */
import type { Notice } from "../Headers.ts"
import { type Dialect, delimiters, type Escape, type LineEnd, nameOf, usual } from "./CsvDialect.ts"
import { detectLead } from "./CsvLead.ts"
import { CsvScanner } from "./CsvScanner.ts"

/** What a user has said of the dialect. */
export interface Given {
  readonly delimiter: string | undefined
  readonly quote: string | undefined
  readonly escape: Escape | undefined
  readonly comment: string | undefined
  readonly lineEnd: LineEnd | undefined
  /** The line that the header is on; 1 where the file has no header. */
  readonly headerRow: number | undefined
}

/** What was found. */
export interface Detected {
  readonly dialect: Dialect
  /** How many lines are before the header, or before the first row. */
  readonly skip: number
  /** How many cells a line has that begins like a detected comment and is none. */
  readonly commentCells: number
  readonly notices: ReadonlyArray<Notice>
}

/** A row of the sample. */
export interface Sampled {
  readonly cells: ReadonlyArray<string>
  readonly number: number
}

/** How much text is looked at. */
export const sampleLength = 64 * 1024

const sampleRows = 200

interface Judged {
  readonly dialect: Dialect
  readonly rows: ReadonlyArray<Sampled>
  /** The width that most rows have. */
  readonly width: number
  /** How many have it. */
  readonly even: number
  readonly problems: number
  readonly score: number
}

const rowsOf = (sample: string, whole: boolean, dialect: Dialect, skip: number) => {
  const scanner = new CsvScanner(dialect, 1, sample.length)
  scanner.feed(sample, whole)
  for (let line = 0; line < skip; line++) scanner.skipLine()
  const rows: Array<Sampled> = []
  let problems = 0
  while (rows.length < sampleRows) {
    const cells = scanner.next()
    if (cells === undefined) break
    rows.push({ cells, number: scanner.number })
    if (scanner.problems.some(({ code }) => code === "csv.quote")) problems++
  }
  if (scanner.failure !== undefined && whole) problems += rows.length + 1
  return { rows, problems }
}

/** The width that most of the rows have, and how many that are; of two the larger. */
export const mode = (rows: ReadonlyArray<Sampled>): { readonly width: number; readonly count: number } => {
  const counts = new Map<number, number>()
  for (const { cells } of rows) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1)
  let best = { width: 0, count: 0 }
  for (const [width, count] of counts)
    if (count > best.count || (count === best.count && width > best.width)) best = { width, count }
  return best
}

const judge = (sample: string, whole: boolean, dialect: Dialect, skip: number): Judged => {
  const first = rowsOf(sample, whole, dialect, skip)
  // a sample that holds no row to its end is judged by what there is of it
  const { problems, rows } = first.rows.length > 0 ? first : rowsOf(sample, true, dialect, skip)
  const { count, width } = mode(rows)
  const n = Math.max(1, rows.length)
  const headed = rows[0]?.cells.length === width ? 0 : 0.2
  const score =
    width < 2 ? Number.NEGATIVE_INFINITY : (count / n - headed) * 1000 + Math.min(width, 999) / 10 - (problems / n) * 2000
  return { dialect, rows, width, even: count, problems, score }
}

const candidatesOf = (sample: string, given: Given, told: string | undefined): ReadonlyArray<Dialect> => {
  const quotes = given.quote !== undefined ? [given.quote] : /(^|[,;\t|\r\n])'/.test(sample) ? ['"', "'"] : ['"']
  const escapes = (quote: string): ReadonlyArray<Escape> =>
    given.escape !== undefined
      ? [given.escape]
      : quote !== "" && sample.includes(`\\${quote}`)
        ? ["doubled", "backslash"]
        : ["doubled"]
  const parts = given.delimiter !== undefined ? [given.delimiter] : told !== undefined ? [told] : delimiters
  const base = {
    ...usual,
    comment: given.comment ?? "",
    ...(given.lineEnd === undefined ? {} : { lineEnd: given.lineEnd, isStrict: true }),
  }
  return parts.flatMap((delimiter) =>
    quotes.flatMap((quote) => escapes(quote).map((each) => ({ ...base, delimiter, quote, escape: each }))),
  )
}

// rows end at any line end while it is not known how they end
const lineEndOf = (
  sample: string,
  whole: boolean,
  { dialect }: Judged,
): { readonly lineEnd: LineEnd; readonly notices: ReadonlyArray<Notice> } => {
  if (!sample.includes("\r")) return { lineEnd: "lf", notices: [] }
  const scanner = new CsvScanner(dialect, 1, sample.length)
  scanner.feed(sample, whole)
  const count = { lf: 0, crlf: 0, cr: 0 }
  for (let row = 0; row < sampleRows && scanner.next() !== undefined; row++) {
    // how the last row of a file ends says nothing
    if (scanner.ended !== undefined && (scanner.restLength > 0 || row === 0 || !whole)) count[scanner.ended]++
  }
  const { cr, crlf, lf } = count
  if (cr > lf + crlf) return { lineEnd: "cr", notices: [] }
  if (lf === 0 && crlf > 0) return { lineEnd: "crlf", notices: [] }
  const message = `Rows end in CRLF (${crlf} of the first) and in LF alone (${lf}), so both are taken as row ends. Give \`lineEnd\` if one of them is part of cells.`
  return { lineEnd: "lf", notices: lf > 0 && crlf > 0 ? [{ code: "csv.line-ends", message }] : [] }
}

// single quotes are apostrophes until cells are seen that they open and close
const isQuoted = ({ dialect: { quote }, rows, problems }: Judged, sample: string): boolean =>
  quote !== "'" || (problems === 0 && rows.length > 1 && !/(^|[,;\t|\r\n])"/.test(sample) && hasClosed(sample))

const hasClosed = (sample: string): boolean => {
  const opened = sample.match(/(^|[,;\t|\r\n])'/g)?.length ?? 0
  const closed = sample.match(/'(?=$|[,;\t|\r\n])/g)?.length ?? 0
  return opened > 1 && opened === closed
}

/** Finds out what is not given. `whole` says that the sample is all there is. */
export const detect = (sample: string, whole: boolean, given: Given): Detected => {
  // what spreadsheet programs write into the first line to tell themselves
  const told = /^sep=([^\r\n])\r?\n/i.exec(sample)
  const before = told === null ? 0 : 1
  const skip = given.headerRow === undefined ? before : given.headerRow - 1
  const judged = candidatesOf(sample, given, told?.[1])
    .map((dialect) => judge(sample, whole, dialect, skip))
    .filter((it) => given.quote !== undefined || isQuoted(it, sample))
  const first = judged[0] ?? judge(sample, whole, { ...usual, comment: given.comment ?? "" }, skip)
  const best = judged.reduce((one, other) => (isBetter(other, one) ? other : one), first)
  const ends = given.lineEnd === undefined ? lineEndOf(sample, whole, best) : { lineEnd: given.lineEnd, notices: [] }
  const lead =
    given.headerRow === undefined
      ? detectLead(best, given, skip)
      : { skip, comment: best.dialect.comment, commentCells: 0, notices: [] }
  return {
    dialect: { ...best.dialect, lineEnd: ends.lineEnd, comment: lead.comment },
    skip: lead.skip,
    commentCells: lead.commentCells,
    notices: [...signNotices(best, judged, given, told !== null), ...ends.notices, ...lead.notices],
  }
}

const isBetter = (other: Judged, one: Judged): boolean => {
  // a backslash escapes only where doubling leaves something wrong
  if (
    other.dialect.escape === "backslash" &&
    one.dialect.escape === "doubled" &&
    other.dialect.delimiter === one.dialect.delimiter
  )
    if (one.problems === 0) return false
  return other.score > one.score
}

const signNotices = (best: Judged, judged: ReadonlyArray<Judged>, given: Given, isTold: boolean): ReadonlyArray<Notice> => {
  const { delimiter, escape: escapes, quote } = best.dialect
  const notices: Array<Notice> = []
  if (given.delimiter === undefined && (delimiter !== "," || isTold)) {
    const rival = judged.find((it) => it.dialect.delimiter !== delimiter && it.even === best.rows.length && it.width > 1)
    const but =
      rival === undefined
        ? ""
        : `; ${nameOf(rival.dialect.delimiter)} would give ${rival.width} cells, give \`delimiter\` if it is that`
    const why = isTold ? "line 1 says so" : `${best.even} of the first ${best.rows.length} rows have ${best.width} cells`
    notices.push({ code: "csv.delimiter", message: `The cells are parted by ${nameOf(delimiter)}, as detected: ${why}${but}.` })
  }
  if (given.quote === undefined && quote === "'")
    notices.push({
      code: "csv.quotes",
      message: "Cells are quoted with ', as detected: every ' that opens a cell is closed at its end.",
    })
  if (given.escape === undefined && escapes === "backslash")
    notices.push({
      code: "csv.escape",
      message: `A quote within a cell is written \\${quote}, as detected: taken as doubled quotes the first ${best.rows.length} rows have text behind closing quotes.`,
    })
  return notices
}
