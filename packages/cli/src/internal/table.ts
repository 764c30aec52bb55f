/**
 * Tables of text: columns as wide as what they hold, two blanks between them.
 */
import type { Style } from "./style.ts"

/** A column: its heading, and on which side its cells stand. */
export interface Column {
  readonly heading: string
  readonly align?: "right"
}

// what a terminal shows in two columns (East Asian wide and fullwidth, emoji), and what it shows in none (combining marks)
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const without = /[\p{Mn}\p{Me}\u200b-\u200f\ufeff]/u

/** How many columns of a terminal a text takes. */
export const width = (text: string): number => {
  let sum = 0
  for (const character of text) sum += without.test(character) ? 0 : wide.test(character) ? 2 : 1
  return sum
}

const controls: { readonly [character: string]: string } = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** Text of somebody else on one line: control characters, which could steer a terminal, are shown as escapes. */
export const visible = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => controls[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )

/** Draws a table, each line indented by two blanks and without blanks at its end. */
export const table = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>, style: Style): string => {
  const cells = rows.map((row) => row.map(visible))
  const widths = columns.map(({ heading }, at) => Math.max(width(heading), ...cells.map((row) => width(row[at] ?? ""))))
  const line = (row: ReadonlyArray<string>, paint: (text: string) => string): string =>
    `  ${columns
      .map(({ align }, at) => {
        const cell = row[at] ?? ""
        const blanks = " ".repeat(widths[at]! - width(cell))
        const painted = cell === "" ? cell : paint(cell)
        return align === "right" ? `${blanks}${painted}` : `${painted}${blanks}`
      })
      .join("  ")
      .trimEnd()}\n`
  const heading = line(
    columns.map((column) => column.heading),
    style.dim,
  )
  return `${heading}${cells.map((row) => line(row, (text) => text)).join("")}`
}
