/**
 * A batch is records applied together, all or none, in two faces: the canonical bytes they were sealed as, and decoded values.
 *
 * The bytes are NDJSON: one array per record, its values in the order of the entity's fields. An absent field is `[]`, and a
 * `json` field's value is wrapped in an array of one element, so that a JSON array is not taken for an absent field. A JSON null is
 * null, a field without a value.
 *
 * @module
 */
import * as Canonical from "./Canonical.ts"
import type { Any, Values } from "./Entity.ts"
import type { Kind, Value } from "./Field.ts"

/** A sealed batch of one entity. */
export interface Batch {
  readonly entity: Any
  /** Its number among the batches of its entity, from 0. */
  readonly part: number
  /** The position of its first record among the records of its entity, from 0. */
  readonly first: number
  readonly count: number
  /** NDJSON, one line per record. */
  readonly bytes: Uint8Array
  /** The decoded records; {@link parse}d from the bytes on the first call where they are not there already. */
  readonly records: () => ReadonlyArray<Values>
}

/** Makes a batch; without `records` they are parsed from the bytes when somebody asks for them. */
export const make = (batch: Omit<Batch, "records"> & { readonly records?: ReadonlyArray<Values> }): Batch => {
  let records = batch.records
  return {
    ...batch,
    records: () => {
      records ??= parse(batch.entity, batch.bytes)
      return records
    },
  }
}

/** Writes one value of a field. */
export const writeValue = (kind: Kind, value: Value): string => {
  if (value === undefined) return "[]"
  if (value === null) return "null"
  switch (kind) {
    case "text":
      return Canonical.string(value as string)
    case "integer":
    case "number":
      return Canonical.number(value as number)
    case "boolean":
      return value === true ? "true" : "false"
    case "json":
      return `[${Canonical.stringify(value)}]`
    default:
      // bigint, decimal, date and timestamp: digits and signs, which JSON never escapes
      return `"${value as string}"`
  }
}

/** Writes one record as a line, without the line end. */
export const writeLine = (entity: Any, values: Values): string => {
  const { fields } = entity
  let line = "["
  for (let at = 0; at < fields.length; at++) {
    if (at > 0) line += ","
    line += writeValue(fields[at]!.kind, values[at])
  }
  return `${line}]`
}

/** Reads the records of a part. The bytes were checked against their hash before, so what they hold is what was written. */
export const parse = (entity: Any, bytes: Uint8Array): ReadonlyArray<Values> => {
  if (bytes.length === 0) return []
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength - 1).toString("utf8")
  const lines = JSON.parse(`[${text.replaceAll("\n", ",")}]`) as Array<Array<Value>>
  const { fields } = entity
  for (const values of lines) {
    for (let at = 0; at < fields.length; at++) {
      const value = values[at]
      if (Array.isArray(value)) values[at] = fields[at]!.kind === "json" && value.length === 1 ? (value[0] as Value) : undefined
    }
  }
  return lines
}
