/**
 * Column formats turn what a column's cells say into the one text that an import reads, after one decision for the whole column.
 */
import type { Source } from "@waybill/core"
import * as DateText from "../DateText.ts"
import type { Notice } from "../Headers.ts"
import * as NumberText from "../NumberText.ts"

/** The formats of columns, by name. */
export type Formats = { readonly [column: string]: NumberText.Format | DateText.Format }

/** What a column's cells are taken to be; `""` where nothing tells. */
export type Choice = NumberText.Style | DateText.Order | ""

/** The choices there are. */
export const choices: ReadonlyArray<string> = ["comma", "point", "day-month", "month-day", ""] satisfies ReadonlyArray<Choice>

/** A cell that a format changed. */
export interface Change {
  readonly row: number
  readonly column: string
  readonly rule: string
  readonly before: string
  readonly after: string
}

type Pair = readonly [first: Choice, second: Choice]

/** How one column is read: its format, and the words for messages. */
interface Reader {
  readonly column: string
  readonly kind: "number" | "date"
  readonly given: Choice | "detect"
  /** The two choices, as a user writes them. */
  readonly pair: Pair
  readonly canonical: (text: string, choice: Choice) => string | undefined
  readonly evidence: (text: string) => Choice | "nothing" | "either" | "none"
  readonly expected: (choice: Choice) => string
}

const numberReader = (column: string, format: NumberText.Format): Reader => ({
  column,
  kind: "number",
  given: format.number,
  pair: ["comma", "point"],
  canonical: (text, choice) => NumberText.canonical(text, choice as NumberText.Style, format),
  evidence: (text) => NumberText.evidence(text, format),
  expected: (choice) => NumberText.expected(choice as NumberText.Style, format),
})

const dateReader = (column: string, format: DateText.Format): Reader => ({
  column,
  kind: "date",
  given: format.date,
  pair: ["day-month", "month-day"],
  canonical: (text, choice) => DateText.canonical(text, choice as DateText.Order, format),
  evidence: (text) => DateText.evidence(text, format),
  expected: (choice) => DateText.expected(choice as DateText.Order, format),
})

const words: { readonly [choice in Choice]: string } = {
  comma: "Numbers of the column COLUMN have a decimal comma",
  point: "Numbers of the column COLUMN have a decimal point",
  "day-month": "Dates of the column COLUMN have the day first",
  "month-day": "Dates of the column COLUMN have the month first",
  "": "",
}

// what has no digit is neither a number nor a date but a word for "nothing here", which is the import's to judge
const hasDigit = /\d/

/** The readers of these formats; one of a kind that is not known is a defect. */
export const readersOf = (formats: Formats | undefined): ReadonlyArray<Reader> =>
  Object.entries(formats ?? {}).map(([column, format]) => {
    const reader = "number" in format ? numberReader(column, format) : dateReader(column, format)
    if (![...reader.pair, "detect"].includes(reader.given))
      throw new TypeError(`the format of ${column} is one of ${reader.pair.join(", ")} or detect, not ${String(reader.given)}`)
    return reader
  })

/** What the cells of one column say, as far as they were looked at. */
class Tally {
  private readonly seen = new Map<string, { count: number; readonly row: number; readonly text: string }>()

  constructor(private readonly reader: Reader) {}

  look(text: string, row: number): void {
    if (!hasDigit.test(text)) return
    const says = this.reader.evidence(text)
    const known = this.seen.get(says)
    if (known === undefined) this.seen.set(says, { count: 1, row, text: Buffer.from(text).toString() })
    else known.count++
  }

  decide(rows: number): { readonly choice: Choice; readonly notice: Notice } {
    const { column, kind, pair } = this.reader
    const [first, second] = pair.map((choice) => this.seen.get(choice))
    const ask = `give formats: { ${JSON.stringify(column)}: { ${kind}: "${pair[0]}" } } or "${pair[1]}"`
    const notice = (message: string): Notice => ({ code: "csv.format", message })
    const named = JSON.stringify(column)
    if (first !== undefined && second !== undefined) {
      const both = `row ${first.row} (${shown(first.text)}) says ${pair[0]}, row ${second.row} (${shown(second.text)}) says ${pair[1]}`
      return {
        choice: "",
        notice: notice(`How the ${kind}s of the column ${named} are written cannot be told: ${both}; ${ask}.`),
      }
    }
    const said = first ?? second
    if (said === undefined) {
      const either = this.seen.get("either")
      const why =
        either === undefined
          ? `none of the first ${rows} rows has one that tells`
          : `all of the first ${rows} rows can be read both ways, such as row ${either.row} (${shown(either.text)})`
      return { choice: "", notice: notice(`How the ${kind}s of the column ${named} are written is not known: ${why}; ${ask}.`) }
    }
    const choice = first !== undefined ? pair[0] : pair[1]
    const what = words[choice].replace("COLUMN", () => named)
    const others = this.seen.get("either")?.count ?? 0
    const rest = others === 0 ? "" : `, ${others} can be read both ways`
    return {
      choice,
      notice: notice(
        `${what}, as detected: row ${said.row} (${shown(said.text)}) decides it; of the first ${rows} rows ${said.count} say so${rest}, and none says otherwise.`,
      ),
    }
  }
}

const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

/** Decides on the formats that are to be detected, by a sample of rows. */
export const decide = (
  readers: ReadonlyArray<Reader>,
  columns: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  labels: ReadonlyArray<number>,
): { readonly choices: ReadonlyArray<Choice>; readonly notices: ReadonlyArray<Notice> } => {
  const notices: Array<Notice> = []
  const made = readers.map((reader): Choice => {
    if (reader.given !== "detect") return reader.given
    const at = columns.indexOf(reader.column)
    if (at < 0) return ""
    const tally = new Tally(reader)
    for (let row = 0; row < rows.length; row++) tally.look(rows[row]![at] ?? "", labels[row]!)
    const { choice, notice } = tally.decide(rows.length)
    notices.push(notice)
    return choice
  })
  return { choices: made, notices }
}

/** The formats of a table whose columns are known, applied to its rows. */
export class ColumnFormats {
  /** What is said once of formats whose column is not there. */
  readonly notices: ReadonlyArray<Notice>
  private readonly columns: ReadonlyArray<{ readonly at: number; readonly reader: Reader; readonly choice: Choice }>

  constructor(
    readers: ReadonlyArray<Reader>,
    made: ReadonlyArray<Choice>,
    columns: ReadonlyArray<string>,
    // what codes begin with
    private readonly source: "csv" | "xlsx" = "csv",
  ) {
    const all = readers.map((reader, index) => ({ at: columns.indexOf(reader.column), reader, choice: made[index]! }))
    this.columns = all.filter(({ at }) => at >= 0)
    const absent = all.filter(({ at }) => at < 0).map(({ reader }) => JSON.stringify(reader.column))
    this.notices =
      absent.length === 0
        ? []
        : [{ code: `${source}.format-unused`, message: `There is no column ${absent.join(", ")}, for which a format is given.` }]
  }

  /** Changes the texts of a row, which is the `row`th of its page; adds what was changed and what could not be read. */
  apply(cells: Array<unknown>, row: number, changes: Array<Change>, issues: Array<Source.PageIssue>): void {
    for (const { at, choice, reader } of this.columns) {
      const text = cells[at]
      if (typeof text !== "string" || !hasDigit.test(text)) continue
      const { column, kind } = reader
      if (choice === "" && !["nothing", "none"].includes(reader.evidence(text))) {
        const [one, other] = reader.pair
        const message = `how the ${kind}s of this column are written is not known, and this one needs it; give formats: { ${JSON.stringify(column)}: { ${kind}: "${one}" } } or "${other}"`
        issues.push({ row, severity: "error", code: "csv.undecided", column, message, value: text })
        continue
      }
      const after = reader.canonical(text, choice === "" ? reader.pair[0] : choice)
      if (after === undefined) {
        const message = `expected ${reader.expected(choice === "" ? reader.pair[0] : choice)}`
        issues.push({ row, severity: "error", code: `${this.source}.${kind}`, column, message, value: text })
      } else if (after !== text) {
        cells[at] = after
        changes.push({ row, column, rule: `${this.source}.${kind}`, before: text, after })
      }
    }
  }
}

/** How the formats are read. */
export type Readers = ReadonlyArray<Reader>
