/**
 * The temporary table that a session copies records into: columns of the target's types, and the target's own rules, so that a
 * preview asks them before anything is written.
 *
 * @module
 */

import { any } from "./Joins.ts"
import { absent, bitsPerMask, type Layout, type Staged } from "./Layout.ts"
import { identifier } from "./Sql.ts"

/** The name of the check that a column holds a value exactly, by the position of its field. */
export const exactCheck = (position: number): string => `waybill:exact:${position}`
/** The name of the check that a field may be absent, but not null. */
export const presentCheck = (position: number): string => `waybill:present:${position}`

/** Whether a staged field may not be null: the column it ends in is NOT NULL. */
const isRequired = (layout: Layout, staged: Staged): boolean =>
  layout.stored.some(({ column, positions }) => column.notNull && positions.includes(staged.position))

// null where the field is absent: then the target keeps what it has, and its rules are asked when it is written
const columnOf = (layout: Layout, staged: Staged): string => {
  const required = isRequired(layout, staged) && !layout.optional.includes(staged.position)
  return `${staged.name} ${staged.type.staged}${required ? " NOT NULL" : ""}`
}

const checksOf = (layout: Layout): ReadonlyArray<string> => {
  const checks: Array<string> = []
  for (const staged of layout.staged) {
    const { exact } = staged.type
    if (exact !== null) checks.push(`CONSTRAINT ${identifier(exactCheck(staged.position))} CHECK (${exact(staged.name)})`)
    const mask = absent(layout, staged.position, "")
    if (mask !== null && isRequired(layout, staged))
      checks.push(`CONSTRAINT ${identifier(presentCheck(staged.position))} CHECK (${staged.name} IS NOT NULL OR ${mask})`)
  }
  const plain = new Map(layout.staged.filter((it) => it.isPlain).map((it) => [it.like.number, it]))
  for (const { columns, expression, name } of layout.table.checks) {
    if (columns.length === 0 || !columns.every((number) => plain.has(number))) continue
    const masks = columns.map((number) => absent(layout, plain.get(number)!.position, "")).filter((it) => it !== null)
    checks.push(`CONSTRAINT ${identifier(name)} CHECK (${any([...masks, expression])})`)
  }
  return checks
}

const masks = (layout: Layout): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(layout.optional.length / bitsPerMask) }, (_, at) => `"waybill:absent${at}"`)

/**
 * Makes the stage of an entity. A plan looks at all of it at once; a commit at the rows of one batch, which it finds by their positions,
 * and it has a column for the fingerprints that the plan saw. An undo asks no rule of what was written long since.
 */
export const create = (layout: Layout, withFingerprint: boolean, withRules: boolean): ReadonlyArray<string> => {
  const columns = [
    `"waybill:n" int8 NOT NULL`,
    ...(withFingerprint ? [`"waybill:before" int8`] : []),
    ...layout.staged.map((staged) => (withRules ? columnOf(layout, staged) : `${staged.name} ${staged.type.staged}`)),
    ...masks(layout).map((name) => `${name} int4 NOT NULL`),
    ...(withRules ? checksOf(layout) : []),
  ]
  return [
    `CREATE TEMPORARY TABLE ${layout.stage.replace("pg_temp.", "")} (\n  ${columns.join(",\n  ")}\n)`,
    ...(withFingerprint ? [`CREATE INDEX ON ${layout.stage} ("waybill:n")`] : []),
  ]
}

/** The table and columns of a COPY into the stage, in the order of `CopyText`'s lines. */
export const copyTarget = (layout: Layout, withFingerprint: boolean): string => {
  const columns = [
    `"waybill:n"`,
    ...(withFingerprint ? [`"waybill:before"`] : []),
    ...layout.staged.map((staged) => staged.name),
    ...masks(layout),
  ]
  return `${layout.stage} (${columns.join(", ")})`
}
