/**
 * From what the server says of a record to an issue, in the words of the entity and its table.
 *
 * @module
 */
import { type Batch, Issue, type Sink } from "@waybill/core"
import type { ServerError } from "./Driver.ts"
import type { Layout, Staged } from "./Layout.ts"
import { exactCheck, presentCheck } from "./Stage.ts"

const stageName = (layout: Layout): string => layout.stage.replace("pg_temp.", "")

const said = (error: Sink.SinkError): ServerError => (error.cause ?? error) as ServerError

/**
 * The line of a COPY that an error is about, from 1, or null. The server says `COPY stage, line 3, column price: "x"`, in the
 * language it was told to speak; the name of the stage holds no digit, so the line is the first number.
 */
export const lineOf = (layout: Layout, error: Sink.SinkError): number | null => {
  const { where } = said(error)
  if (where === undefined || !where.includes(stageName(layout))) return null
  const found = /\d+/.exec(where.replaceAll(stageName(layout), ""))
  return found === null ? null : Number(found[0])
}

// `, column price: "x"` stands right behind the line's number; without a column the whole line does, `: "1\tx\t…"`
const columnIn = (layout: Layout, where: string): Staged | undefined => {
  const rest = where.slice(where.search(/\d/)).replace(/^\d+/, "")
  if (/^\s*:/.test(rest)) return undefined
  let found: Staged | undefined
  let at = Number.POSITIVE_INFINITY
  for (const staged of layout.staged) {
    const name = staged.name.slice(1, -1).replaceAll('""', '"')
    const index = rest.indexOf(` ${name}: `)
    if (index >= 0 && index < at) {
      at = index
      found = staged
    }
  }
  return found
}

const stagedOf = (layout: Layout, error: Sink.SinkError): Staged | undefined => {
  const { column, constraint, where } = said(error)
  if (constraint !== undefined) {
    const own = layout.staged.find((it) => [exactCheck(it.position), presentCheck(it.position)].includes(constraint))
    if (own !== undefined) return own
    const check = layout.table.checks.find((it) => it.name === constraint)
    const [only, ...others] = check?.columns ?? []
    if (check !== undefined)
      return others.length === 0 ? layout.staged.find((it) => it.isPlain && it.like.number === only) : undefined
  }
  if (column !== undefined) return layout.staged.find((it) => it.name === `"${column.replaceAll('"', '""')}"`)
  return where === undefined ? undefined : columnIn(layout, where.replaceAll(stageName(layout), ""))
}

const messageOf = (layout: Layout, error: Sink.SinkError, staged: Staged | undefined): string => {
  const { constraint } = said(error)
  if (staged !== undefined && constraint === exactCheck(staged.position))
    return `${staged.like.name} is ${staged.like.type} and does not hold this value exactly; shorten it or widen the column`
  if (staged !== undefined && constraint === presentCheck(staged.position))
    return `null value in column "${staged.like.name}" of ${layout.label} violates its not-null constraint`
  return error.message.replaceAll(stageName(layout), layout.label)
}

/** The issue of a record that the server refuses; its reference and entity are the engine's to add. */
export const issueOf = (layout: Layout, batch: Batch.Batch, index: number, error: Sink.SinkError): Issue.Issue => {
  const staged = stagedOf(layout, error)
  return Issue.make({
    code: `postgres.${error.code ?? "refused"}`,
    entity: layout.entity.name,
    column: staged?.field.name ?? null,
    message: messageOf(layout, error, staged),
    value: staged === undefined ? null : batch.records()[index]?.[staged.position],
  })
}

/** The issue of a record with a NUL in one of its texts. */
export const nulIssue = (layout: Layout, batch: Batch.Batch, index: number, position: number): Issue.Issue =>
  Issue.make({
    code: "postgres.nul",
    entity: layout.entity.name,
    column: layout.entity.fields[position]!.name,
    message: "PostgreSQL cannot hold the character NUL (U+0000); remove it from the text",
    value: batch.records()[index]?.[position],
  })
