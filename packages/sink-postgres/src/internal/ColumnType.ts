/**
 * How values of a field live in a column: whether they can, and how a column is staged, compared, hashed and written out.
 *
 * @module
 */
import type { Field } from "@waybill/core"
import type { Column } from "./Catalog.ts"

/** A column's type as the SQL of a session needs it. */
export interface ColumnType {
  /** The type of the column in the stage. */
  readonly staged: string
  /** A condition that a staged value must not break beyond its type, so that nothing is rounded silently, or null. */
  readonly exact: ((expression: string) => string) | null
  /** The expression that says whether two values are the same. */
  readonly comparable: (expression: string) => string
  /** The value as text, which {@link "./Rendering.ts"} turns into a canonical value. */
  readonly rendered: (expression: string) => string
}

const numbers = new Set(["int2", "int4", "int8", "numeric"])
const moments = new Set(["timestamp", "timestamptz"])
const hashable = new Set(
  "bool int2 int4 int8 numeric float4 float8 text varchar bpchar name uuid date timestamp timestamptz time interval bytea jsonb inet cidr macaddr".split(
    " ",
  ),
)

interface Scale {
  readonly precision: number
  readonly scale: number
}

// precision and scale of numeric(p,s); the scale is a signed number of 11 bits
const scaleOf = ({ base, modifier }: Column): Scale | null => {
  if (base !== "numeric" || modifier < 4) return null
  const packed = modifier - 4
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 }
}

/** What is wrong with this field in this column, and what would be right; or undefined. */
export const problem = (field: Field.Field, column: Column): string | undefined => {
  const { base, category, type } = column
  const right = (expected: string): string => `its column ${column.name} is ${type}; ${expected}`
  // arrays, composites, ranges, pseudo-types
  if ("ACRP".includes(category)) return right("an import fills no columns of this type")
  if (field.kind === "json") return base === "json" || base === "jsonb" ? undefined : right("a json field needs jsonb")
  if (base === "json" || base === "jsonb") return right("declare the field as Field.json()")
  // text holds the canonical text of any value
  if (category === "S") return undefined
  const scale = scaleOf(column)
  switch (field.kind) {
    case "text":
      if (category === "N") return right("declare the field as Field.integer(), Field.decimal() or Field.number()")
      if (category === "B") return right("declare the field as Field.boolean()")
      if (base === "date") return right("declare the field as Field.date()")
      if (moments.has(base)) return right("declare the field as Field.timestamp()")
      return undefined
    case "integer":
      return numbers.has(base) || base === "float8" ? undefined : right("an integer field needs bigint, integer or numeric")
    case "bigint":
      return numbers.has(base) ? undefined : right("a bigint field needs bigint or numeric")
    case "number":
      return base === "float8" || base === "numeric" ? undefined : right("a number field needs double precision")
    case "decimal":
      if (base === "numeric") {
        if (field.scale !== undefined && scale !== null && field.scale > scale.scale)
          return right(
            `it would round the field's ${field.scale} decimals; make it numeric(${scale.precision + field.scale - scale.scale},${field.scale}), or declare the field with scale ${scale.scale}`,
          )
        return undefined
      }
      return numbers.has(base) && field.scale === 0 ? undefined : right("a decimal field needs numeric")
    case "boolean":
      return base === "bool" ? undefined : right("a boolean field needs boolean")
    case "date":
      return base === "date" ? undefined : right("a date field needs date")
    case "timestamp":
      return moments.has(base) ? undefined : right("a timestamp field needs timestamp with time zone")
  }
}

const comparable = ({ base, category, deterministic, isEnum }: Column): ColumnType["comparable"] => {
  if (base === "json") return (it) => `(${it})::jsonb`
  if (isEnum) return (it) => it
  // citext and collations that ignore case take a change of case for none
  if (category === "S" && (!hashable.has(base) || !deterministic)) return (it) => `((${it})::text COLLATE "C")`
  return hashable.has(base) ? (it) => it : (it) => `(${it})::text`
}

const rendered = (field: Field.Field, { base, type }: Column): ColumnType["rendered"] => {
  if (field.kind === "json") return (it) => `(${it})::jsonb::text`
  if (base === "numeric" && field.kind === "decimal") {
    const { scale } = field
    if (scale === undefined) return (it) => `(${it})::${type}::text`
    return (it) => `(CASE WHEN scale(trim_scale(${it})) <= ${scale} THEN round(${it}, ${scale}) ELSE trim_scale(${it}) END)::text`
  }
  if (base === "numeric") return (it) => `trim_scale(${it})::text`
  // as text it always has its netmask
  if (base === "inet") return (it) => `abbrev(${it})`
  return (it) => `(${it})::text`
}

const exact = (column: Column): ColumnType["exact"] => {
  const scale = scaleOf(column)
  if (scale === null) return (it) => `${it} = ${it}::${column.type}`
  return (it) => `round(${it}, ${scale.scale}) = ${it} AND abs(${it}) < 1e${scale.precision - scale.scale}`
}

/** The type of a column for a field that has no {@link problem} with it. */
export const of = (field: Field.Field, column: Column): ColumnType => {
  const rounds =
    !column.isDomain &&
    column.modifier >= 0 &&
    ((column.base === "numeric" && !(field.kind === "decimal" && field.scale !== undefined)) ||
      (moments.has(column.base) && column.modifier < 6))
  return {
    staged: rounds ? column.baseType : column.type,
    exact: rounds ? exact(column) : null,
    comparable: comparable(column),
    rendered: rendered(field, column),
  }
}
