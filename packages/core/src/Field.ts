/**
 * Fields of entities: Effect schemas that also declare their kind, from which codecs, column types and byte paths are derived.
 *
 * In memory, in snapshots and in plans a field holds its *canonical value*: one representation for each value, JSON throughout.
 *
 * | kind | canonical value |
 * | --- | --- |
 * | `text` | string |
 * | `integer` | number, within ±(2^53 − 1) |
 * | `bigint` | string of digits, within 64 bits |
 * | `number` | finite number (IEEE 754 double) |
 * | `decimal` | string such as `"-12.50"`; exactly `scale` decimals where a scale is declared |
 * | `boolean` | boolean |
 * | `date` | string `YYYY-MM-DD` |
 * | `timestamp` | string `YYYY-MM-DDTHH:mm:ss[.ffffff]Z`, UTC, no trailing zeros in the fraction |
 * | `json` | any JSON value |
 *
 * @module
 */
import { Schema, SchemaAST } from "effect"
import type { Json } from "./Canonical.ts"
import * as Scalar from "./Scalar.ts"

/** What sort of value a field holds. */
export type Kind = "text" | "integer" | "bigint" | "number" | "decimal" | "boolean" | "date" | "timestamp" | "json"

/** A canonical value; `undefined` is a field that is absent, which the target keeps as it is. */
export type Value = Json | undefined

/** What a schema made here says of itself, as its annotation `waybillField`. */
export interface Declaration {
  readonly kind: Kind
  readonly precision?: number
  readonly scale?: number
  /** Whether every canonical value of the kind (and of precision and scale) is one of this field: it declares no further bounds. */
  readonly free: boolean
  /** Says what is wrong with a value and what would be right, or `undefined` if it is a canonical value of this field. */
  readonly problem: (value: unknown) => string | undefined
}

/** A field as an entity has it: its name, its declaration, and whether it may be null or absent. */
export interface Field extends Declaration {
  readonly name: string
  readonly nullable: boolean
  readonly optional: boolean
}

/** When the feed writes a field of a record that is in the target; of a record that is created it writes all of them. */
export const owners = ["always", "whenEmpty", "atCreation", "keepEdits"] as const

/**
 * One of {@link owners}. `always`: whatever is there. `whenEmpty`: where the target has nothing: the field is absent, null, or a text without a
 * character. `atCreation`: never again. `keepEdits`: where the target has what a commit wrote last, or has nothing and no commit ever wrote it.
 */
export type Owner = (typeof owners)[number]

const isFree = (options: object): boolean => Object.keys(options).length === 0

const declared = <S extends Schema.Schema<any>>(schema: S, declaration: Declaration): S =>
  (schema as any).check(Schema.makeFilter((value: unknown) => declaration.problem(value), { waybillField: declaration }))

/** Text, at most `maxLength` characters (UTF-16 code units) long, optionally of a pattern, or one of some words. */
export const text = (
  options: {
    readonly maxLength?: number
    readonly minLength?: number
    readonly pattern?: RegExp
    readonly oneOf?: ReadonlyArray<string>
  } = {},
): Schema.String =>
  declared(Schema.String, { kind: "text", free: isFree(options), problem: (value) => Scalar.textProblem(value, options) })

/** A whole number within ±(2^53 − 1), optionally within a range. */
export const integer = (options: { readonly min?: number; readonly max?: number } = {}): Schema.Number =>
  declared(Schema.Number, { kind: "integer", free: isFree(options), problem: (value) => Scalar.integerProblem(value, options) })

/** A whole number of 64 bits, held as its digits. */
export const bigint = (): Schema.String => declared(Schema.String, { kind: "bigint", free: true, problem: Scalar.bigintProblem })

/** A finite double. */
export const number = (options: { readonly min?: number; readonly max?: number } = {}): Schema.Number =>
  declared(Schema.Number, { kind: "number", free: isFree(options), problem: (value) => Scalar.numberProblem(value, options) })

/** A decimal number held as text: at most `precision` digits, exactly `scale` of them behind the point. */
export const decimal = (options: { readonly precision?: number; readonly scale?: number } = {}): Schema.String =>
  declared(Schema.String, { kind: "decimal", ...options, free: true, problem: (value) => Scalar.decimalProblem(value, options) })

/** True or false. */
export const boolean = (): Schema.Boolean =>
  declared(Schema.Boolean, {
    kind: "boolean",
    free: true,
    problem: (value) => (typeof value === "boolean" ? undefined : "expected true or false"),
  })

/** A calendar date, `YYYY-MM-DD`. */
export const date = (): Schema.String => declared(Schema.String, { kind: "date", free: true, problem: Scalar.dateProblem })

/** A moment in UTC, `YYYY-MM-DDTHH:mm:ss[.ffffff]Z`. */
export const timestamp = (): Schema.String =>
  declared(Schema.String, { kind: "timestamp", free: true, problem: Scalar.timestampProblem })

/** Any JSON value; nested objects and arrays included. */
export const json = <A = Json>(): Schema.Codec<A> =>
  declared(Schema.Unknown, { kind: "json", free: true, problem: Scalar.jsonProblem }) as unknown as Schema.Codec<A>

/** A field that may be null; null is written as null. */
export const nullable: typeof Schema.NullOr = Schema.NullOr

/** A field that may be absent; the target then keeps what it has. */
export const optional: typeof Schema.optionalKey = Schema.optionalKey

// the kind of a schema that was not made here: of its values, where they are all of one
const kindOf = (ast: SchemaAST.AST): Kind => {
  if (SchemaAST.isString(ast) || SchemaAST.isTemplateLiteral(ast)) return "text"
  if (SchemaAST.isNumber(ast)) return "number"
  if (SchemaAST.isBoolean(ast)) return "boolean"
  if (SchemaAST.isLiteral(ast)) return literalKinds[typeof ast.literal] ?? "json"
  if (!SchemaAST.isUnion(ast)) return "json"
  const kinds = new Set(ast.types.filter((member) => !SchemaAST.isNull(member)).map(kindOf))
  return kinds.size === 1 ? [...kinds][0]! : "json"
}

const literalKinds: { readonly [type: string]: Kind } = { string: "text", number: "number", boolean: "boolean" }

const declarationOf = (ast: SchemaAST.AST): Declaration | undefined => {
  const checks = ast.checks ?? []
  // a further check of the user's own is run by the schema itself: then the declaration alone does not tell
  const own = checks.length === 1 ? (checks[0]?.annotations?.["waybillField"] as Declaration | undefined) : undefined
  if (own !== undefined) return own
  const known = checks
    .map((check) => check.annotations?.["waybillField"] as Declaration | undefined)
    .find((it) => it !== undefined)
  const kind = known?.kind ?? kindOf(ast)
  const decode = Schema.decodeUnknownResult(Schema.make(SchemaAST.toType(ast)) as unknown as Schema.Codec<unknown>)
  return {
    ...known,
    kind,
    free: false,
    problem: (value) => {
      const result = decode(value)
      return result._tag === "Success" ? undefined : Scalar.firstLine(result.failure.message)
    },
  }
}

/** The fields of a struct's schemas, in their order. Called once, when an entity is made. */
export const compile = (fields: Schema.Struct.Fields): ReadonlyArray<Field> =>
  Object.keys(fields).map((name): Field => {
    const ast = fields[name]!.ast
    const optional = SchemaAST.isOptional(ast)
    const members = SchemaAST.isUnion(ast) ? ast.types : [ast]
    const rest = members.filter((member) => !SchemaAST.isNull(member))
    const nullable = rest.length < members.length
    const declaration = rest.length === 1 ? declarationOf(rest[0]!)! : declarationOf(ast)!
    return { ...declaration, name, nullable, optional }
  })
