/**
 * The JSON of an answer: verbose, compact and camelCase forms, escaped as the real server's serializer escapes.
 *
 * @module
 */
import type { Query } from "./query.ts"
import type { RawPoi } from "./stations.ts"

// reference objects that compact=true takes out, and what goes with them unless comments are asked for
const references = new Set([
  "DataProvider",
  "OperatorInfo",
  "UsageType",
  "StatusType",
  "SubmissionStatus",
  "Country",
  "ConnectionType",
  "CurrentType",
  "Level",
])
const commentary = new Set(["UserComments", "MediaItems"])

/** A name as .NET's camel case policy writes it: `UUID` → `uuid`, `ISOCode` → `isoCode`, `RelatedURL` → `relatedURL`. */
export const camelCase = (name: string): string => {
  const letters = [...name]
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!
    if (letter === letter.toLowerCase()) break
    const next = letters[at + 1]
    if (at > 0 && next !== undefined && next === next.toLowerCase()) break
    letters[at] = letter.toLowerCase()
  }
  return letters.join("")
}

interface Form {
  readonly nulls: boolean
  readonly references: boolean
  readonly commentary: boolean
  readonly camel: boolean
}

const shaped = (value: unknown, form: Form): unknown => {
  if (Array.isArray(value)) return value.map((item) => shaped(item, form))
  if (typeof value !== "object" || value === null) return value
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const taken = (!form.references && references.has(key)) || (!form.commentary && commentary.has(key))
    const member = taken ? null : shaped((value as Record<string, unknown>)[key], form)
    if (member === null && !form.nulls) continue
    result[form.camel ? camelCase(key) : key] = member
  }
  return result
}

const escaped = (text: string): string =>
  text.replace(/[<>&'+`\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`)

const isTrue = (text: string | undefined): boolean => text?.toLowerCase() === "true"

// the text of a POI in the default form, which is what is asked for nearly always
const texts = new WeakMap<object, string>()

const defaultText = (row: unknown): string => {
  if (typeof row !== "object" || row === null) return escaped(JSON.stringify(row))
  const known = texts.get(row)
  if (known !== undefined) return known
  const text = escaped(JSON.stringify(row))
  texts.set(row, text)
  return text
}

/** The body of an answer with these rows. */
export const body = (rows: ReadonlyArray<RawPoi | unknown>, query: Query): string => {
  const compact = isTrue(query.get("compact"))
  const form: Form = {
    nulls: query.get("verbose")?.toLowerCase() !== "false",
    references: !compact,
    commentary: !compact || isTrue(query.get("includecomments")),
    camel: isTrue(query.get("camelcase")),
  }
  if (form.nulls && !compact && !form.camel) return `[${rows.map(defaultText).join(",")}]`
  return escaped(JSON.stringify(rows.map((row) => shaped(row, form))))
}

const catalogues: ReadonlyArray<readonly [string, (poi: RawPoi) => ReadonlyArray<unknown>]> = [
  ["ConnectionTypes", (poi) => connections(poi, "ConnectionType")],
  ["CurrentTypes", (poi) => connections(poi, "CurrentType")],
  ["ChargerTypes", (poi) => connections(poi, "Level")],
  ["Countries", (poi) => [(poi["AddressInfo"] as Record<string, unknown> | null | undefined)?.["Country"]]],
  ["DataProviders", (poi) => [poi["DataProvider"]]],
  ["Operators", (poi) => [poi["OperatorInfo"]]],
  ["StatusTypes", (poi) => [poi["StatusType"]]],
  ["SubmissionStatusTypes", (poi) => [poi["SubmissionStatus"]]],
  ["UsageTypes", (poi) => [poi["UsageType"]]],
]

const connections = (poi: RawPoi, member: string): ReadonlyArray<unknown> =>
  ((poi["Connections"] ?? []) as ReadonlyArray<Record<string, unknown>>).map((connection) => connection[member])

/** Reference data made of what the stations themselves refer to. */
export const referenceData = (pois: ReadonlyArray<RawPoi>): string => {
  const lists = catalogues.map(([name, of]) => {
    const byId = new Map<unknown, unknown>()
    for (const poi of pois)
      for (const item of of(poi))
        if (typeof item === "object" && item !== null) byId.set((item as Record<string, unknown>)["ID"], item)
    return [name, [...byId.values()]] as const
  })
  return escaped(JSON.stringify(Object.fromEntries(lists)))
}
