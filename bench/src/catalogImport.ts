/**
 * The catalog as a Waybill import: one entity, whose fields are filled from the columns directly.
 *
 * @module
 */
import { Cell, Entity, Field, Import, Normalize, type Sink } from "@waybill/core"
import { Schema } from "effect"

const Row = Schema.Struct({
  sku: Cell.text({ maxLength: 40 }),
  ean: Cell.text({ pattern: /^\d{13}$/ }),
  title: Cell.text(),
  brand: Cell.text(),
  category: Cell.text(),
  series: Cell.optional(Cell.text()),
  description: Cell.optional(Cell.text()),
  price: Cell.decimal({ precision: 12, scale: 2 }),
  weight_kg: Cell.optional(Cell.decimal({ precision: 10, scale: 3 })),
  stock: Cell.integer(),
  pack_size: Cell.integer(),
  active: Cell.boolean(),
  released_on: Cell.optional(Cell.date()),
  updated_at: Cell.timestamp(),
})

/** A product; its fields are the columns of the target table. */
export const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    ean: Field.text(),
    title: Field.text(),
    brand: Field.text(),
    category: Field.text(),
    series: Field.nullable(Field.text()),
    description: Field.nullable(Field.text()),
    price: Field.decimal({ precision: 12, scale: 2 }),
    weight_kg: Field.nullable(Field.decimal({ precision: 10, scale: 3 })),
    stock: Field.integer(),
    pack_size: Field.integer(),
    active: Field.boolean(),
    released_on: Field.nullable(Field.date()),
    updated_at: Field.timestamp(),
  },
  key: "sku",
})

/** The import into a sink; rows with errors are left out. */
export const catalogImport = (sink: Sink.Sink): Import.Import =>
  Import.make({
    name: "catalog",
    row: Row,
    normalize: [Normalize.trim(), Normalize.empty()],
    entities: [Product],
    map: Import.columns(Product),
    sink,
    allowPartial: true,
  })
