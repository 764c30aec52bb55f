/**
 * The tables of laws as `docs/kits.md` shows them.
 */
import type { Law } from "@waybill/core/testing"

type Told = Pick<Law, "name" | "holds">

const row = (cells: ReadonlyArray<string>, widths: ReadonlyArray<number>): string =>
  `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`

/** A table of laws, with what is looked at where a law says it. */
export const tableOf = (laws: ReadonlyArray<Told>): string => {
  const hasDetails = laws.some(({ holds }) => holds !== undefined)
  const rows = [
    hasDetails ? ["law", "what is looked at"] : ["law"],
    ...laws.map(({ holds, name }) => (hasDetails ? [name, holds ?? ""] : [name])),
  ]
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((cells) => cells[at]!.length)))
  const [head, ...body] = rows.map((cells) => row(cells, widths))
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body].join("\n")
}
