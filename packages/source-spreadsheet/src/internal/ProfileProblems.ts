/**
 * What is wrong with a profile: each problem with its path in the file, and what would be right.
 */
import { Result, Schema, SchemaIssue } from "effect"
import * as Headers from "../Headers.ts"
import { check } from "./CsvDialect.ts"
import { nearest } from "./nearest.ts"
import { Csv, type Definition, membersAt, Xlsx } from "./ProfileSchema.ts"

/** One thing that is wrong. */
export interface Problem {
  /** Where in the file: `$.formats.price.number`. */
  readonly path: string
  readonly message: string
}

const simpleName = /^[A-Za-z_]\w*$/

/** A path as people write it. */
export const pathOf = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>(
    (all, key) =>
      typeof key === "number"
        ? `${all}[${key}]`
        : simpleName.test(String(key))
          ? `${all}.${String(key)}`
          : `${all}[${JSON.stringify(key)}]`,
    "$",
  )

const formatter = SchemaIssue.makeFormatterStandardSchemaV1()

const options = { errors: "all", onExcessProperty: "error", reportInput: true } as const

const longestMessage = 300

const shorten = (message: string): string => (message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message)

const sentenceOf = (message: string): string => shorten(message.replace(/^Expected/, "expected").replaceAll('" | "', '" or "'))

const problemOf =
  (kind: "csv" | "xlsx") => (issue: { readonly path?: ReadonlyArray<unknown> | undefined; readonly message: string }) => {
    const path = (issue.path ?? []) as ReadonlyArray<PropertyKey>
    if (!issue.message.startsWith("Unexpected key")) return { path: pathOf(path), message: sentenceOf(issue.message) }
    const members = membersAt(path.slice(0, -1), kind)
    const near = nearest([String(path.at(-1))], members)
    const right = near === undefined ? `expected one of ${members.join(", ")}` : `did you mean ${near}?`
    return { path: pathOf(path), message: shorten(`is not known in a profile of kind ${kind}; ${right}`) }
  }

/** The profile that a JSON value is, or all that is wrong with it. */
export const decode = (value: unknown): Result.Result<Definition, ReadonlyArray<Problem>> => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return Result.fail([{ path: "$", message: "expected an object, which says name, version, kind and requires" }])
  const { kind } = value as { readonly kind?: unknown }
  if (kind !== "csv" && kind !== "xlsx") {
    const got = kind === undefined ? "is missing; " : ""
    return Result.fail([
      { path: "$.kind", message: shorten(`${got}expected "csv" or "xlsx"${got === "" ? `, got ${JSON.stringify(kind)}` : ""}`) },
    ])
  }
  const decoded = Result.mapError(
    Schema.decodeUnknownResult((kind === "csv" ? Csv : Xlsx) as Schema.Codec<Definition, unknown>, options)(value),
    ({ issue }) => formatter(issue).issues.map(problemOf(kind)),
  )
  if (Result.isFailure(decoded)) return decoded
  const found = problemsOf(decoded.success)
  return found.length === 0 ? decoded : Result.fail(found)
}

// what no schema of one member can say
function* problemsIn(definition: Definition): Generator<Problem> {
  for (const [column, format] of Object.entries(definition.formats ?? {})) {
    const at = (...path: ReadonlyArray<PropertyKey>): string => pathOf(["formats", column, ...path])
    const { currency, date, number, percent, twoDigitYears } = format
    if ((number === undefined) === (date === undefined))
      yield {
        path: at(),
        message: 'expected either number, such as { "number": "comma" }, or date, such as { "date": "day-month" }',
      }
    if (number === undefined && percent !== undefined)
      yield { path: at("percent"), message: "is of numbers only; expected number beside it" }
    if (number === undefined && currency !== undefined)
      yield { path: at("currency"), message: "is of numbers only; expected number beside it" }
    if (date === undefined && twoDigitYears !== undefined)
      yield { path: at("twoDigitYears"), message: "is of dates only; expected date beside it" }
    if (definition.kind === "xlsx" && (number === "detect" || date === "detect"))
      yield {
        path: at(number === "detect" ? "number" : "date"),
        message: `texts of a workbook are not surveyed; expected ${number === "detect" ? '"comma" or "point"' : '"day-month" or "month-day"'}, got "detect"`,
      }
  }
  for (const [at, { rule, words }] of (definition.normalizations ?? []).entries())
    if (rule !== "empty" && words !== undefined)
      yield { path: pathOf(["normalizations", at, "words"]), message: `is of the rule "empty" only, not of "${rule}"` }
  yield* columnProblems(definition)
  if (definition.kind !== "csv") return
  const { comment, delimiter, escape: escapes, limits, quote } = definition
  const sign = (given: string | null | undefined): string | undefined => (given === null ? "" : given)
  try {
    check({ comment: sign(comment), delimiter, escape: escapes, quote: sign(quote) })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const about = (["quote", "delimiter", "comment"] as const).find((name) => definition[name] !== undefined)
    yield { path: pathOf(about === undefined ? [] : [about]), message: error.message }
  }
  if ((limits?.rowLength ?? 0) > longestRow)
    yield { path: "$.limits.rowLength", message: `expected at most ${longestRow} characters, got ${limits!.rowLength}` }
}

const longestRow = 256 * 1024 * 1024

// columns are called by their own names everywhere but in the header
function* columnProblems(definition: Definition): Generator<Problem> {
  const known = new Map<string, string>()
  for (const [column, others] of Object.entries(definition.aliases ?? {})) {
    for (const [at, name] of [[-1, column] as const, ...others.entries()]) {
      const before = known.get(Headers.fold(name))
      const path = pathOf(at < 0 ? ["aliases", column] : ["aliases", column, at])
      if (before === undefined) known.set(Headers.fold(name), column)
      else if (before !== column)
        yield {
          path,
          message: `${JSON.stringify(name)} stands for the column ${JSON.stringify(before)} already; expected a name that is of one column only`,
        }
    }
  }
  const mentions: ReadonlyArray<readonly [path: ReadonlyArray<PropertyKey>, column: string]> = [
    ...definition.requires.map((column, at) => [["requires", at], column] as const),
    ...(definition.excludes ?? []).map((column, at) => [["excludes", at], column] as const),
    ...(["formats", "defaults"] as const).flatMap((member) =>
      Object.keys(definition[member] ?? {}).map((column) => [[member, column], column] as const),
    ),
    ...(definition.normalizations ?? []).flatMap(({ columns = [] }, rule) =>
      columns.map((column, at) => [["normalizations", rule, "columns", at], column] as const),
    ),
  ]
  const names = new Map<string, string>()
  for (const [path, column] of mentions) {
    const own = known.get(Headers.fold(column)) ?? names.get(Headers.fold(column))
    if (own === undefined) names.set(Headers.fold(column), column)
    else if (own !== column)
      yield {
        path: pathOf(path),
        message: `${JSON.stringify(column)} is another name of the column ${JSON.stringify(own)}; expected ${JSON.stringify(own)}`,
      }
  }
  for (const [at, column] of (definition.excludes ?? []).entries())
    if (definition.requires.includes(column))
      yield {
        path: pathOf(["excludes", at]),
        message: `${JSON.stringify(column)} is required as well; no header can have it and not have it`,
      }
}

const problemsOf = (definition: Definition): ReadonlyArray<Problem> => [...problemsIn(definition)]
