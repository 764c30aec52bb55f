/** A mapping that does not fit its tables is told when a session opens, in a sentence that says what would be right. */
import { Entity, Field } from "@waybill/core"
import type { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, errorOf, plan, planWithin, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Series = Entity.make("series", { schema: { slug: Field.text() }, key: "slug" })
const columns = (more: Schema.Struct.Fields) =>
  Entity.make("product", {
    schema: { sku: Field.text(), ...more },
    key: "sku",
    references: "series" in more ? ({ series: Series } as any) : {},
  })

interface Case {
  readonly ddl: string
  readonly fields?: Schema.Struct.Fields
  readonly options?: PostgresSink.TableOptions
  readonly says: string
}

const product = (more: string, key = "PRIMARY KEY") => `CREATE TABLE $S.product (id serial UNIQUE, sku text ${key}${more})`

const cases: Readonly<Record<string, Case>> = {
  "a missing table": { ddl: "", says: "there is no table $S.product, or this role may not see it" },
  "a view": { ddl: "CREATE VIEW $S.product AS SELECT 'a' AS sku", says: "$S.product is not a table" },
  "a missing column": {
    ddl: product(""),
    fields: { title: Field.text() },
    says: "product in $S.product: there is no column title for the field title; add it or name another in the mapping",
  },
  "a mapping that names no field": {
    ddl: product(""),
    options: { columns: { titel: "title" } },
    says: "product in $S.product: the mapping names titel, but the entity has no such field",
  },
  "a key without a unique index": {
    ddl: product("", ""),
    says: 'product in $S.product: its key needs a unique index on exactly ("sku"), neither partial nor deferrable: CREATE UNIQUE INDEX ON "$S"."product" ("sku")',
  },
  "a key with an index on more than it": {
    ddl: product(", UNIQUE (sku, id)", ""),
    says: "its key needs a unique index on exactly",
  },
  "a key with a partial index": {
    ddl: `${product("", "")}; CREATE UNIQUE INDEX ON $S.product (sku) WHERE id > 0`,
    says: "its key needs a unique index on exactly",
  },
  "a key that is deferrable": { ddl: product("", "UNIQUE DEFERRABLE"), says: "its key needs a unique index on exactly" },
  "a decimal that would be rounded": {
    ddl: product(", price numeric(8,2)"),
    fields: { price: Field.decimal({ precision: 10, scale: 3 }) },
    says: "product in $S.product: price does not fit: its column price is numeric(8,2); it would round the field's 3 decimals; make it numeric(9,3), or declare the field with scale 2",
  },
  "a decimal in a double": {
    ddl: product(", price float8"),
    fields: { price: Field.decimal() },
    says: "its column price is double precision; a decimal field needs numeric",
  },
  "a number in a real": {
    ddl: product(", x real"),
    fields: { x: Field.number() },
    says: "its column x is real; a number field needs double precision",
  },
  "text in a number": {
    ddl: product(", x int"),
    fields: { x: Field.text() },
    says: "its column x is integer; declare the field as Field.integer(), Field.decimal() or Field.number()",
  },
  "a moment in a date": {
    ddl: product(", x date"),
    fields: { x: Field.timestamp() },
    says: "its column x is date; a timestamp field needs timestamp with time zone",
  },
  "json in text": {
    ddl: product(", x text"),
    fields: { x: Field.json() },
    says: "its column x is text; a json field needs jsonb",
  },
  "text in jsonb": {
    ddl: product(", x jsonb"),
    fields: { x: Field.text() },
    says: "its column x is jsonb; declare the field as Field.json()",
  },
  "an array": {
    ddl: product(", x text[]"),
    fields: { x: Field.text() },
    says: "its column x is text[]; an import fills no columns of this type",
  },
  "a generated column": {
    ddl: product(", x text GENERATED ALWAYS AS ('a') STORED"),
    fields: { x: Field.text() },
    says: "the column x for the field x is computed by the server",
  },
  "two fields in one column": {
    ddl: product(", x text"),
    fields: { x: Field.text(), y: Field.text() },
    options: { columns: { y: "x" } },
    says: "two fields would lie in the column x; map one elsewhere",
  },
  "a reference that the entity has not": {
    ddl: product(", x int"),
    options: { columns: { x: PostgresSink.reference("x") } },
    says: "the mapping says that x refers by x, but the entity has no such reference",
  },
  "a reference to a table without that id": {
    ddl: `CREATE TABLE $S.series (slug text PRIMARY KEY); ${product(", series_id int")}`,
    fields: { series: Field.text() },
    options: { columns: { series: PostgresSink.reference("series_id") } },
    says: "series_id holds the id of a series, but its table has no such column; name it",
  },
  "a reference to an id that is not unique": {
    ddl: `CREATE TABLE $S.series (id int, slug text PRIMARY KEY); ${product(", series_id int")}`,
    fields: { series: Field.text() },
    options: { columns: { series: PostgresSink.reference("series_id") } },
    says: 'series_id refers to $S.series by "id", which needs a unique index on it alone',
  },
}

const sinkOf = (schema: string, options: PostgresSink.TableOptions = {}) =>
  PostgresSink.make({
    pool: database.pool,
    schema,
    tables: { product: PostgresSink.table(`${schema}.product`, options), series: PostgresSink.table(`${schema}.series`) },
  })

describe("a schema mismatch", () => {
  for (const [name, { ddl, fields = {}, options, says }] of Object.entries(cases))
    it(`tells ${name}`, async () => {
      const schema = await database.schema(ddl)
      const entity = columns(fields)
      const error = await errorOf(
        planWithin(sinkOf(schema, options), [...("series" in fields ? [[Series, []] as const] : []), [entity, []]]),
      )
      expect([error.reason, error.isRetryable]).toEqual(["SchemaMismatch", false])
      expect(error.message).toContain(says.replaceAll("$S", schema))
    })

  it("tells a needed column that nothing fills, once records are to be created", async () => {
    const schema = await database.schema(product(", made_by text NOT NULL"))
    const sink = sinkOf(schema)
    const entity = columns({})
    expect(tallyOf(await plan(sink, [[entity, []]]), entity).create).toBe(0)
    const error = await errorOf(planWithin(sink, [[entity, batches(entity, [{ sku: "a" }])]]))
    expect(error.reason).toBe("SchemaMismatch")
    expect(error.message).toContain("made_by takes no null, has no default and is filled by no field")
  })

  it("takes tables and columns of any name", async () => {
    const schema = await database.schema(`CREATE TABLE $S."Odd.table" ("Sku ""x""" text PRIMARY KEY, "select" int)`)
    const entity = columns({ select: Field.integer() })
    const sink = PostgresSink.make({
      pool: database.pool,
      tables: { product: PostgresSink.table(`${schema}."Odd.table"`, { columns: { sku: 'Sku "x"' } }) },
    })
    expect(tallyOf(await plan(sink, [[entity, batches(entity, [{ sku: "a", select: 1 }])]]), entity).create).toBe(1)
  })

  it("a name that is none is a defect", () => {
    for (const name of ["", "a.b.c", ".a", 'a"b', "a."]) expect(() => PostgresSink.table(name)).toThrow("is no name of a table")
  })
})
