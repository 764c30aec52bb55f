/**
 * Generated imports: rows with repeated keys, bad cells, references forth, back and to nowhere, several records a row, into a target
 * that has some of it already.
 */
import { Cell, Engine, Entity, Field, Import, type Job, Normalize } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schema, Stream } from "effect"
import * as fc from "fast-check"

export const Brand = Entity.make("brand", { schema: { slug: Field.text(), title: Field.text() }, key: "slug" })
export const Category = Entity.make("category", {
  schema: { slug: Field.text(), title: Field.text() },
  key: "slug",
  create: (slug) => ({ slug, title: slug }),
})
const fields = {
  sku: Field.text(),
  title: Field.nullable(Field.text({ maxLength: 8 })),
  price: Field.optional(Field.nullable(Field.decimal({ scale: 2 }))),
  category: Field.nullable(Field.text()),
  brand: Field.nullable(Field.text()),
}
export const Product = Entity.make("product", { schema: fields, key: "sku", references: { category: Category, brand: Brand } })
// a part belongs to a product, and may replace another part
export const Part = Entity.make("part", {
  schema: { id: Field.text(), product: Field.text(), replaces: Field.nullable(Field.text()) },
  key: "id",
  references: { product: Product },
})
// an entity can be told that it refers to itself once it is there
Object.assign(Part, { references: [...Part.references, { name: "replaces", entity: Part, positions: [2] }] })

export const entities: ReadonlyArray<Entity.Any> = [Part, Product, Brand, Category]

export const columns = ["sku", "title", "price", "category", "brand", "part", "replaces", "names"]
const Row = Schema.Struct({
  sku: Cell.optional(Cell.text()),
  title: Cell.optional(Cell.text()),
  price: Cell.optional(Cell.decimal({ scale: 2 })),
  category: Cell.optional(Cell.text()),
  brand: Cell.optional(Cell.text()),
  part: Cell.optional(Cell.text()),
  replaces: Cell.optional(Cell.text()),
  // a row that names its category brings the category's record as well
  names: Cell.optional(Cell.boolean()),
})

type RowType = typeof Row.Type

const records = (row: RowType): ReadonlyArray<Entity.EntityRecord> => [
  ...(row.names === true && row.category !== null ? [Category.of({ slug: row.category, title: `The ${row.category}` })] : []),
  ...(row.sku === null
    ? []
    : [
        Product.of({
          sku: row.sku,
          title: row.title,
          ...(row.price === null ? {} : { price: row.price }),
          category: row.category,
          brand: row.brand,
        }),
      ]),
  ...(row.part !== null && row.sku !== null ? [Part.of({ id: row.part, product: row.sku, replaces: row.replaces })] : []),
]

export interface Scenario {
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
  readonly target: { readonly [entity: string]: ReadonlyArray<Entity.Values> }
  readonly mode: Import.Mode
  readonly transaction: "atomic" | "batched"
  readonly batch: number
  readonly pageRows: number
}

const maybe = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { freq: 2 })
const skus = fc.constantFrom("A", "B", "C", "D", "E", "F")
const categories = fc.constantFrom("k1", "k2", "k3", "k4")
const row = fc.tuple(
  fc.option(skus, { freq: 8 }),
  fc.constantFrom("Lamp", "Lamp", "Shade", "-", " Bulb ", "much too long"),
  fc.constantFrom("1", "1", "2.5", "-", "cheap"),
  maybe(categories),
  fc.option(fc.constantFrom("b1", "b2"), { freq: 1 }),
  maybe(fc.constantFrom("p1", "p2", "p3", "p4")),
  fc.option(fc.constantFrom("p1", "p2", "p3", "p4", "p9"), { freq: 1 }),
  fc.option(fc.constant("yes"), { freq: 1 }),
)

const held = fc.record({
  brand: fc.uniqueArray(fc.constantFrom("b1", "b2")).map((slugs) => slugs.map((slug) => [slug, slug])),
  category: fc.uniqueArray(categories).map((slugs) => slugs.map((slug) => [slug, `The ${slug}`])),
  product: fc
    .uniqueArray(fc.tuple(skus, fc.constantFrom("Lamp", "Other")), { selector: ([sku]) => sku })
    .map((all) => all.map(([sku, title]) => [sku, title, "1.00", null, null])),
})

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  rows: fc.array(row, { maxLength: 14 }),
  target: held,
  mode: fc.constantFrom("strict" as const, "smart" as const),
  transaction: fc.constantFrom("atomic" as const, "batched" as const),
  batch: fc.constantFrom(1, 2, 3, 100),
  pageRows: fc.constantFrom(1, 3, 100),
})

export const sinkOf = ({ target }: Scenario): MemorySink.MemorySink => {
  const sink = MemorySink.make()
  for (const [entity, all] of Object.entries(target))
    sink.tables.set(entity, new Map(all.map((values) => [String(values[0]), values])))
  return sink
}

export const importOf = (
  { batch, mode, transaction }: Scenario,
  sink: MemorySink.MemorySink,
  allowPartial = true,
): Import.Import =>
  Import.make<RowType>({
    name: "scenario",
    row: Row,
    normalize: [Normalize.empty(), Normalize.trim()],
    entities,
    map: records,
    mode,
    sink,
    transaction,
    allowPartial,
    limits: { batch },
  })

export const sourceOf = ({ pageRows, rows }: Scenario) => TestSource.make({ columns, rows, pageRows })

/** What a scenario does: the preview, what it shows, the commit, and the tables before and after. */
export const play = (scenario: Scenario) =>
  Effect.gen(function* () {
    const sink = sinkOf(scenario)
    const definition = importOf(scenario, sink)
    const before = structuredClone(sink.tables)
    const preview: Job.Job = yield* Engine.validate(definition, sourceOf(scenario))
    const planned = structuredClone(sink.tables)
    const changes = yield* Stream.runCollect(Engine.changes(definition, preview.id))
    const job: Job.Job = yield* Engine.commit(definition, preview.id)
    return { sink, definition, before, planned, after: sink.tables, preview, changes, job }
  })

/** The records of a table with `undefined` and null, as one text each, to be compared. */
export const plain = (tables: MemorySink.Tables): Record<string, string> =>
  Object.fromEntries(
    [...tables].flatMap(([entity, table]) =>
      [...table].map(([key, values]) => [
        `${entity} ${key}`,
        JSON.stringify(values.map((value) => (value === undefined ? ["absent"] : value))),
      ]),
    ),
  )
