/**
 * An entity with a field of each kind, all of them nullable and optional.
 */
import { Entity, Field } from "@waybill/core"

/** The fields by their kinds. */
export const kinds = {
  text: Field.text(),
  integer: Field.integer(),
  bigint: Field.bigint(),
  number: Field.number(),
  decimal: Field.decimal(),
  boolean: Field.boolean(),
  date: Field.date(),
  timestamp: Field.timestamp(),
  json: Field.json(),
}

/** See the file's first sentence. */
export const Thing = Entity.make("thing", {
  key: "code",
  schema: {
    code: Field.text(),
    ...(Object.fromEntries(
      Object.entries(kinds).map(([kind, schema]) => [kind, Field.optional(Field.nullable(schema))]),
    ) as unknown as { [kind in keyof typeof kinds]: typeof kinds.text }),
  },
})
