/**
 * The entities that the laws of a sink are about; an author lays out a table or collection for each.
 */
import * as Entity from "../../Entity.ts"
import * as Field from "../../Field.ts"

/** What others refer to. */
export const Maker = Entity.make("maker", { schema: { slug: Field.text(), title: Field.text() }, key: "slug" })

/** What most laws write: a reference, fields that may be null or absent, and one that is no change by itself. */
export const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.text(),
    stock: Field.nullable(Field.integer()),
    price: Field.decimal({ precision: 10, scale: 2 }),
    maker: Field.optional(Field.nullable(Field.text())),
    note: Field.optional(Field.nullable(Field.text())),
    seen: Field.optional(Field.nullable(Field.timestamp())),
  },
  key: "sku",
  references: { maker: Maker },
  volatile: ["seen"],
})

/** A record with a key of two fields, one of which refers to another entity. */
export const Offer = Entity.make("offer", {
  schema: { product: Field.text(), shop: Field.integer(), price: Field.decimal({ precision: 10, scale: 2 }) },
  key: ["product", "shop"],
  references: { product: Product },
})

const maybe = <S extends Parameters<typeof Field.nullable>[0]>(schema: S) => Field.optional(Field.nullable(schema))

/** A record with a field of each kind, for {@link Hostile.values}. */
export const Value = Entity.make("value", {
  schema: {
    key: Field.text(),
    text: maybe(Field.text()),
    integer: maybe(Field.integer()),
    bigint: maybe(Field.bigint()),
    number: maybe(Field.number()),
    decimal: maybe(Field.decimal()),
    boolean: maybe(Field.boolean()),
    date: maybe(Field.date()),
    timestamp: maybe(Field.timestamp()),
    json: maybe(Field.json()),
  },
  key: "key",
})

/** All of them, in reference order. */
export const entities: ReadonlyArray<Entity.Any> = [Maker, Product, Offer, Value]
