/**
 * From the text that the server writes to canonical values.
 *
 * @module
 */
import type { Field } from "@waybill/core"

const moment = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?(?:\+00)?$/

/** The canonical value of a text that `ColumnType.rendered` wrote; what has none (infinity, a year before 1) stays text. */
export const canonical = (kind: Field.Kind, text: string | null): Field.Value => {
  if (text === null) return null
  switch (kind) {
    case "integer":
    case "number": {
      const value = Number(text)
      return Number.isFinite(value) ? value : text
    }
    case "boolean":
      return text === "true"
    case "timestamp": {
      const parts = moment.exec(text)
      return parts === null ? text : `${parts[1]}T${parts[2]}${parts[3] ?? ""}Z`
    }
    case "json":
      return JSON.parse(text) as Field.Value
    default:
      return text
  }
}
