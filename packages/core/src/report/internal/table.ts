/**
 * A table of the report: its first rows as markup, all of them as JSON for the page's script, written while the rows come.
 */
import { Effect, Stream } from "effect"
import { count, escaped, json } from "./markup.ts"

/** A column. `word`: few different texts, written once each. `choice`: the same, and the table can be filtered by it. */
export interface Column {
  readonly title: string
  readonly kind: "text" | "number" | "word" | "choice" | "severity"
}

/** What a table is. */
export interface Table {
  readonly id: string
  readonly title: string
  /** What it shows, for its caption. */
  readonly caption: string
  readonly columns: ReadonlyArray<Column>
  /** The most rows that are written; those beyond are counted. */
  readonly maxRows: number
}

/** A row: a text or number for each column. */
export type Row = ReadonlyArray<string | number | null>

const first = 100
// words beyond that are written each time
const maxWords = 5_000

const cell = (value: string | number | null, { kind }: Column): string => {
  const text = value === null ? "" : String(value)
  const name =
    kind === "number" || kind === "choice" ? ` class="${kind}"` : kind === "severity" ? ` class="${escaped(text)}"` : ""
  return `<td${name}><bdi>${escaped(text)}</bdi></td>`
}

const head = ({ caption, columns, id, title }: Table): string => {
  const filters = columns
    .map(({ kind, title: of }, at) =>
      kind === "choice" || kind === "severity"
        ? `<label>${escaped(of)}<select data-at="${at}"><option value="">all</option></select></label>`
        : "",
    )
    .join("")
  const titles = columns
    .map(
      ({ kind, title: of }) =>
        `<th scope="col"${kind === "number" ? ` class="number"` : ""}><button type="button" disabled>${escaped(of)}</button></th>`,
    )
    .join("")
  return `<section aria-labelledby="h-${id}"><h2 id="h-${id}">${escaped(title)}</h2><div class="table" data-table="${id}" data-kinds="${columns.map(({ kind }) => kind).join(",")}"><div class="tools" hidden><label>Search<input type="search" autocomplete="off"></label>${filters}</div><div class="scroll" tabindex="0" role="region" aria-label="Rows of ${escaped(title)}"><table><caption>${escaped(caption)}</caption><thead><tr>${titles}</tr></thead><tbody>`
}

const button = (go: string, text: string): string => `<button type="button" data-go="${go}">${text}</button>`

const foot = `<div class="pages" hidden>${button("first", "First")}${button("back", "Back")}${button("on", "Next")}${button("last", "Last")}</div></div></section>\n`

/**
 * The table, part by part. The rows that are markup come first, then all as JSON; what is in memory is a part and the words. Nothing for a table
 * without rows.
 */
export const table = <E, R>(of: Table, rows: Stream.Stream<Row, E, R>): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    const words = new Map<string, number>()
    const starting: Array<Row> = []
    let written = 0
    let beyond = 0
    const compact = (row: Row): Row =>
      row.map((value, at) => {
        const { kind } = of.columns[at]!
        if (kind === "number" || kind === "text" || typeof value !== "string") return value
        const known = words.get(value)
        if (known !== undefined) return known
        if (words.size >= maxWords) return value
        words.set(value, words.size)
        return words.size - 1
      })
    const lines = (some: ReadonlyArray<Row>): string => {
      let text = ""
      for (const row of some) {
        if (written === of.maxRows) {
          beyond++
          continue
        }
        text += `${written === 0 ? "" : ","}${json(compact(row))}\n`
        written++
      }
      return text
    }
    const opened = (): string => {
      const markup = starting.map((row) => `<tr>${row.map((value, at) => cell(value, of.columns[at]!)).join("")}</tr>`).join("")
      return `${head(of)}${markup}</tbody></table></div><p data-said aria-live="polite">The first ${count(starting.length)}</p><script type="application/json" id="data-${of.id}">{"rows":[${lines(starting)}`
    }
    let isOpen = false
    const body = Stream.mapArray(rows, (some) => {
      let rest: ReadonlyArray<Row> = some
      let text = ""
      if (!isOpen) {
        const taken = some.slice(0, first - starting.length)
        starting.push(...taken)
        rest = some.slice(taken.length)
        if (starting.length < first) return [""] as const
        text = opened()
        isOpen = true
      }
      return [text + lines(rest)] as const
    })
    const end = Stream.fromEffect(
      Effect.sync(() => {
        if (!isOpen && starting.length === 0) return ""
        const text = isOpen ? "" : opened()
        const more = beyond === 0 ? "" : `<p>${count(beyond)} more are not shown here; the command line lists them all.</p>`
        return `${text}],"words":${json([...words.keys()])}}</script>${more}${foot}`
      }),
    )
    return Stream.filter(Stream.concat(body, end), (text) => text !== "")
  })
