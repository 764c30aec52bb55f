/**
 * What MongoDB can never hold, told per value before anything is sealed, and per document when a plan is made.
 */
import { type Entity, type Field, Issue, type Sink } from "@waybill/core"
import { BSON } from "mongodb"
import { documentOf, type Layout, reserved } from "./layout.ts"

/** The largest document that a server takes, in bytes of BSON. */
export const maxDocument = 16 * 1024 * 1024

// the server's documented depth is 100, of which the document and the field take two
const maxDepth = 98
const idBytes = 17

type Problem = Pick<Issue.Issue, "code" | "message">

const text = (value: string): Problem | undefined =>
  value.isWellFormed()
    ? undefined
    : { code: "mongo.text", message: "expected text that is valid Unicode; it has half of a surrogate pair" }

const fieldName = (name: string, why: string): Problem => ({
  code: "mongo.field-name",
  message: `expected field names that MongoDB can hold; ${JSON.stringify(name)} ${why}`,
})

// names come again in every record
const good = new Set<string>()
const goodAtMost = 10_000

const nameProblem = (name: string): Problem | undefined => {
  if (good.has(name)) return undefined
  const problem = findNameProblem(name)
  if (problem === undefined && good.size < goodAtMost) good.add(name)
  return problem
}

const findNameProblem = (name: string): Problem | undefined => {
  if (name.startsWith("$")) return fieldName(name, "begins with $")
  if (name.includes(".")) return fieldName(name, "has a dot")
  if (name.includes("\0")) return fieldName(name, "has a NUL")
  if (reserved.has(name)) return fieldName(name, "means something else to the driver")
  return name.isWellFormed() ? undefined : fieldName(name, "has half of a surrogate pair")
}

const json = (value: Field.Value, depth: number): Problem | undefined => {
  if (typeof value === "string") return text(value)
  if (typeof value !== "object" || value === null) return undefined
  if (depth > maxDepth) return { code: "mongo.depth", message: `expected a value nested at most ${maxDepth} levels deep` }
  if (Array.isArray(value)) {
    for (const member of value) {
      const problem = json(member, depth + 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  for (const key of Object.keys(value)) {
    const problem = nameProblem(key) ?? json((value as { readonly [key: string]: Field.Value })[key], depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Decimal128 has 34 digits; leading zeros are none of them. */
const decimal = (value: string): Problem | undefined => {
  const digits = value.replace(/^-?0*\.?0*/, "").replace(".", "").length
  if (digits > 34)
    return { code: "mongo.decimal", message: `expected at most 34 digits, the most that MongoDB's decimals have; got ${digits}` }
  const decimals = value.includes(".") ? value.length - value.indexOf(".") - 1 : 0
  return decimals > 6176 ? { code: "mongo.decimal", message: `expected at most 6176 decimals; got ${decimals}` } : undefined
}

const problemOf = (kind: Field.Kind, value: Field.Value): Problem | undefined => {
  if (value === undefined || value === null) return undefined
  switch (kind) {
    case "text":
      return text(value as string)
    case "json":
      return json(value, 1)
    case "decimal":
      return (value as string).length > 34 ? decimal(value as string) : undefined
    case "timestamp":
      return (value as string).length > 24
        ? { code: "mongo.timestamp", message: "expected a moment to the millisecond, the finest that MongoDB holds" }
        : undefined
    default:
      return undefined
  }
}

/** The problems of a record's values, each with the field it is about. */
export const unholdable = ({ columns }: Layout, values: Entity.Values): ReturnType<NonNullable<Sink.Sink["unholdable"]>> => {
  let found: Array<ReturnType<NonNullable<Sink.Sink["unholdable"]>>[number]> | undefined
  for (const { at, kind, name } of columns) {
    const problem = problemOf(kind, values[at])
    if (problem === undefined) continue
    found ??= []
    found.push({ ...problem, column: name, value: values[at] })
  }
  return found ?? none
}

const none: ReadonlyArray<never> = []

/** The issue of a record whose document would be too large; `bytes` is the length of its canonical line. */
export const tooLarge = (layout: Layout, values: Entity.Values, bytes: number): Issue.Issue | undefined => {
  // the least JSON for its BSON is an array of digits: 2 bytes of one, 15 of the other
  if (bytes * 8 < maxDocument) return undefined
  const size = BSON.calculateObjectSize(documentOf(layout, values), { ignoreUndefined: true }) + idBytes
  return size <= maxDocument
    ? undefined
    : Issue.make({
        code: "mongo.size",
        entity: layout.entity.name,
        message: `expected a document of at most ${maxDocument} bytes, the most that MongoDB holds; got ${size}`,
      })
}
