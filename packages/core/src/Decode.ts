/**
 * Decoding: raw rows of a page become values, by one synchronous function compiled once from the row's schema.
 *
 * A struct of cell codecs is read cell by cell, without an object per row; any other schema is run by Effect's parser. All problems
 * of a row are found, not the first.
 *
 * @module
 */
import { Schema, SchemaAST, SchemaIssue } from "effect"
import * as Cell from "./Cell.ts"
import type { Field, Value } from "./Field.ts"
import type { Normalization } from "./Normalize.ts"

/** What is wrong with one cell of a row. */
export interface CellIssue {
  readonly column: string | null
  readonly code: string
  readonly message: string
  readonly value: unknown
}

/** A change that a normalization made to one cell. */
export interface CellChange {
  readonly column: string
  readonly rule: string
  readonly before: string
  readonly after: string | null
}

/** A decoder of rows, for one layout of pages. `values` and `row` are valid until the next call of `decode`. */
export interface RowDecoder {
  /** Decodes one row; what is wrong and what was changed is added to the lists. Returns whether all of it could be read. */
  readonly decode: (raw: unknown, issues: Array<CellIssue>, changes: Array<CellChange>) => boolean
  /** The names of {@link values}, or `null` where the row is not a struct of cells. */
  readonly names: ReadonlyArray<string> | null
  /** The values of the row that was decoded last, in the order of {@link names}. */
  readonly values: Array<Value>
  /** The row that was decoded last, as the schema's type. */
  readonly row: () => any
}

// the properties of a struct that is read as it is written; renamed keys or a transformation of the whole are Effect's to read
const propertiesOf = ({ ast }: Schema.Codec<any, any>): ReadonlyArray<SchemaAST.PropertySignature> =>
  SchemaAST.isObjects(ast) && ast.encoding === undefined ? ast.propertySignatures : []

/** Columns that the row's schema knows, needed or not. */
export const columnsOf = (row: Schema.Codec<any, any>): ReadonlyArray<string> => propertiesOf(row).map(({ name }) => String(name))

/** Columns that the row's schema needs and the page has not; reading on would reject every row. */
export const missingColumns = (row: Schema.Codec<any, any>, columns: ReadonlyArray<string>): ReadonlyArray<string> => {
  return propertiesOf(row)
    .filter((property) => !columns.includes(String(property.name)) && isNeeded(property.type))
    .map((property) => String(property.name))
}

const isNeeded = (ast: SchemaAST.AST): boolean => {
  if (SchemaAST.isOptional(ast)) return false
  const cell = Cell.declarationOf(ast)
  return cell === undefined || cell.read(null) instanceof Cell.Problem
}

/**
 * Whether a column's cell codec reads nothing but values of this field, so that they need not be checked a second time: the same kind,
 * the same precision and scale, no further bounds, and never empty unless the field may be null.
 */
export const promises = (row: Schema.Codec<any, any>, column: string | null, field: Field): boolean => {
  if (column === null) return field.optional
  const property = propertiesOf(row).find((it) => String(it.name) === column)
  const cell = property === undefined ? undefined : Cell.declarationOf(property.type)
  if (property === undefined || cell === undefined || !field.free) return false
  const mayBeNull = !(cell.read(null) instanceof Cell.Problem)
  return (
    cell.kind === field.kind &&
    cell.precision === field.precision &&
    cell.scale === field.scale &&
    (!mayBeNull || field.nullable) &&
    (!SchemaAST.isOptional(property.type) || field.optional)
  )
}

interface Step {
  readonly name: string
  readonly source: number
  readonly optional: boolean
  readonly read: Cell.Declaration["read"]
  readonly rules: ReadonlyArray<StartedRule>
}

interface StartedRule {
  readonly rule: string
  readonly columns: ReadonlyArray<string> | null
  readonly cell: (text: string) => string | null
}

/** Normalizations made ready for a run; shared by all layouts of that run, so that a rule remembers across pages. */
export const startRules = (normalize: ReadonlyArray<Normalization>): ReadonlyArray<StartedRule> =>
  normalize.map(({ columns, rule, start }) => ({ rule, columns, cell: start() }))

const applies = (rule: StartedRule, column: string): boolean => rule.columns === null || rule.columns.includes(column)

const normalizeText = (
  text: string,
  column: string,
  rules: ReadonlyArray<StartedRule>,
  changes: Array<CellChange>,
): string | null => {
  let value = text
  for (let at = 0; at < rules.length; at++) {
    const after = rules[at]!.cell(value)
    if (after === value) continue
    if (!(after === null && value === "")) changes.push({ column, rule: rules[at]!.rule, before: value, after })
    if (after === null) return null
    value = after
  }
  return value
}

/**
 * Compiles a decoder for pages with these columns (`null` for pages of objects). Called once per layout, which hardly ever changes
 * within a source.
 */
export const compile = (
  schema: Schema.Codec<any, any>,
  columns: ReadonlyArray<string> | null,
  rules: ReadonlyArray<StartedRule>,
): RowDecoder => {
  const { ast } = schema
  const properties = propertiesOf(schema)
  const cells = properties.map((property) => Cell.declarationOf(property.type))
  if (properties.length > 0 && cells.every((cell) => cell !== undefined) && ast.checks === undefined)
    return compileCells(
      properties.map((property, at): Step => {
        const name = String(property.name)
        return {
          name,
          source: columns === null ? -1 : columns.indexOf(name),
          optional: SchemaAST.isOptional(property.type),
          read: cells[at]!.read,
          rules: rules.filter((rule) => applies(rule, name)),
        }
      }),
      columns,
    )
  return compileSchema(schema, columns, rules)
}

const compileCells = (steps: ReadonlyArray<Step>, columns: ReadonlyArray<string> | null): RowDecoder => {
  const values: Array<Value> = new Array(steps.length)
  const names = steps.map((step) => step.name)
  const rawOf = (raw: unknown, step: Step): unknown => {
    if (columns !== null) return step.source < 0 ? undefined : (raw as ReadonlyArray<unknown>)[step.source]
    return Object.hasOwn(raw as object, step.name) ? (raw as Record<string, unknown>)[step.name] : undefined
  }
  return {
    names,
    values,
    decode: (raw, issues, changes) => {
      if (columns === null && (typeof raw !== "object" || raw === null)) {
        issues.push({ column: null, code: "row.shape", message: "expected an object", value: raw })
        return false
      }
      let good = true
      for (let at = 0; at < steps.length; at++) {
        const step = steps[at]!
        const cell = rawOf(raw, step)
        const text =
          typeof cell === "string" && step.rules.length > 0 ? normalizeText(cell, step.name, step.rules, changes) : cell
        if (text === undefined && step.optional) {
          values[at] = undefined
          continue
        }
        const value = step.read(text)
        if (value instanceof Cell.Problem) {
          good = false
          issues.push({ column: step.name, code: value.code, message: value.message, value: text })
        } else values[at] = value
      }
      return good
    },
    row: () => {
      const row: Record<string, unknown> = {}
      for (let at = 0; at < names.length; at++) if (values[at] !== undefined) row[names[at]!] = values[at]
      return row
    },
  }
}

const compileSchema = (
  schema: Schema.Codec<any, any>,
  columns: ReadonlyArray<string> | null,
  rules: ReadonlyArray<StartedRule>,
): RowDecoder => {
  // Effect reads a struct much faster where it may stop at the first error; only rows that have one are read again, for all of them
  const decode = Schema.decodeUnknownResult(schema)
  const explain = Schema.decodeUnknownResult(schema, { errors: "all" })
  const format = SchemaIssue.makeFormatterStandardSchemaV1()
  // a cell that is not there is an empty cell, as it is where rows are read cell by cell
  const properties = propertiesOf(schema)
  const cells = properties
    .filter((property) => Cell.declarationOf(property.type) !== undefined && !SchemaAST.isOptional(property.type))
    .map((property) => String(property.name))
  // what a struct does not know it passes over; changes to that need no log
  const known =
    SchemaAST.isObjects(schema.ast) && schema.ast.indexSignatures.length === 0 && properties.length > 0
      ? new Set(properties.map((property) => String(property.name)))
      : undefined
  const normalized = (raw: unknown, changes: Array<CellChange>): unknown => {
    if (typeof raw !== "object" || raw === null) return raw
    if (columns === null && rules.length === 0 && cells.length === 0) return raw
    const names = columns ?? Object.keys(raw)
    const row: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const name of cells) row[name] = null
    for (let at = 0; at < names.length; at++) {
      const name = names[at]!
      const cell = columns === null ? (raw as Record<string, unknown>)[name] : (raw as ReadonlyArray<unknown>)[at]
      if (cell === undefined) continue
      const own = known === undefined || known.has(name) ? rules.filter((rule) => applies(rule, name)) : []
      row[name] = typeof cell === "string" && own.length > 0 ? normalizeText(cell, name, own, changes) : cell
    }
    return row
  }
  let row: unknown
  return {
    names: null,
    values: [],
    decode: (raw, issues, changes) => {
      const input = normalized(raw, changes)
      const first = decode(input)
      const result = first._tag === "Success" ? first : explain(input)
      if (result._tag === "Success") {
        row = result.success
        return true
      }
      for (const { message, path } of format(result.failure.issue).issues) {
        const keys = (path ?? []).map((key) => (typeof key === "object" ? key.key : key))
        const value = keys.reduce<unknown>(
          (inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key],
          input,
        )
        issues.push({ column: keys.length === 0 ? null : keys.join("."), code: "row.schema", message, value })
      }
      return false
    },
    row: () => row,
  }
}
