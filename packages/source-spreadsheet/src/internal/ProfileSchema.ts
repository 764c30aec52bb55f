/**
 * What a profile may say, as schemas: those of CSV files and those of workbooks. They have no unions of objects, so that what is wrong has one path.
 */
import { Schema } from "effect"
import { encodings } from "./Encoding.ts"
import { defaults } from "./XlsxLimits.ts"

const maybe = Schema.optionalKey

// what is said where a member is missing that there has to be
const orElse = (expected: string) => ({ messageMissingKey: `is missing; expected ${expected}` })

const text = Schema.String.check(Schema.isMinLength(1, { expected: "a text that is not empty" }))
const texts = Schema.Array(text)
const count = Schema.Int.check(Schema.isGreaterThan(0, { expected: "a whole number from 1 on" }))
const columns = texts.check(Schema.isMinLength(1, { expected: "at least one column" }))

/** How the cells of a column are written; the checks of a profile see to it that it is a number or a date. */
const Format = Schema.Struct({
  number: maybe(Schema.Literals(["comma", "point", "detect"])),
  percent: maybe(Schema.Literals(["fraction", "points"])),
  currency: maybe(texts),
  date: maybe(Schema.Literals(["day-month", "month-day", "detect"])),
  twoDigitYears: maybe(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9900 }, { expected: "a year from 1 to 9900" }))),
})

const Normalization = Schema.Struct({
  rule: Schema.Literals(["trim", "nfc", "empty"]).annotateKey(orElse('"trim", "nfc" or "empty"')),
  columns: maybe(columns),
  words: maybe(texts),
})

const common = {
  name: Schema.String.check(
    Schema.isPattern(/^[a-z0-9]+(?:[-._][a-z0-9]+)*$/, { expected: "small letters, digits, and - . _ between them" }),
  ).annotateKey(orElse('the name of the profile, such as "nordwind-prices"')),
  version: count.annotateKey(orElse("its version, a whole number from 1 on")),
  description: maybe(Schema.String),
  requires: columns.annotateKey(orElse("the columns by which its files are known")),
  excludes: maybe(texts),
  aliases: maybe(Schema.Record(Schema.String, texts)),
  headerRow: maybe(count),
  formats: maybe(Schema.Record(Schema.String, Format)),
  normalizations: maybe(Schema.Array(Normalization)),
  defaults: maybe(Schema.Record(Schema.String, text)),
}

const choice = maybe(Schema.Literals(["read", "skip"]))

/** A profile of CSV files. */
export const Csv = Schema.Struct({
  ...common,
  kind: Schema.Literal("csv"),
  encoding: maybe(Schema.Literals(encodings)),
  delimiter: maybe(text),
  quote: maybe(Schema.NullOr(text)),
  escape: maybe(Schema.Literals(["doubled", "backslash"])),
  comment: maybe(Schema.NullOr(text)),
  lineEnd: maybe(Schema.Literals(["lf", "crlf", "cr"])),
  limits: maybe(Schema.Struct({ bytes: maybe(count), rowLength: maybe(count) })),
})

/** A profile of workbooks. */
export const Xlsx = Schema.Struct({
  ...common,
  kind: Schema.Literal("xlsx"),
  sheet: maybe(Schema.Union([text, Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))])),
  values: maybe(Schema.Literals(["stored", "shown"])),
  merged: maybe(Schema.Literals(["first", "repeat"])),
  hidden: maybe(Schema.Struct({ rows: choice, columns: choice, sheets: choice })),
  limits: maybe(
    Schema.Struct({
      bytes: maybe(count),
      ...(Object.fromEntries(Object.keys(defaults).map((name) => [name, maybe(count)])) as {
        readonly [name in keyof typeof defaults]: Schema.optionalKey<typeof count>
      }),
    }),
  ),
})

/** A profile of CSV files, as it is written. */
export type CsvDefinition = typeof Csv.Type

/** A profile of workbooks, as it is written. */
export type XlsxDefinition = typeof Xlsx.Type

/** See the file's first sentence. */
export type Definition = CsvDefinition | XlsxDefinition

const keysOf = (schema: { readonly fields: object }): ReadonlyArray<string> => Object.keys(schema.fields)

/** The members that there are at a path, for who has mistyped one. */
export const membersAt = (path: ReadonlyArray<PropertyKey>, kind: "csv" | "xlsx"): ReadonlyArray<string> => {
  const [first] = path
  if (first === undefined) return keysOf(kind === "csv" ? Csv : Xlsx)
  if (first === "formats") return keysOf(Format)
  if (first === "normalizations") return keysOf(Normalization)
  if (first === "hidden") return ["rows", "columns", "sheets"]
  return first === "limits" ? (kind === "csv" ? ["bytes", "rowLength"] : ["bytes", ...Object.keys(defaults)]) : []
}
