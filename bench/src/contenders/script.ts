/**
 * What people write: csv-parse, a zod schema per row, and upserts of 1,000 rows at a time. One phase, no preview, no record of what
 * was done.
 *
 * @module
 */
import { createReadStream } from "node:fs"
import { parse } from "csv-parse"
import pg from "pg"
import { z } from "zod"
import { catalogNames } from "../catalogColumns.ts"
import type { Contender } from "../contender.ts"

const nothing = new Set(["", "-", "nan", "null"])
const blank = (cell: unknown): unknown => (typeof cell === "string" && nothing.has(cell.toLowerCase()) ? null : cell)
const cell = <T extends z.ZodType>(schema: T) => z.preprocess(blank, schema)

const text = z.string().min(1)
const integer = z
  .string()
  .regex(/^[+-]?\d{1,9}$/)
  .transform(Number)
const decimal = (scale: number) => z.string().regex(new RegExp(`^[+-]?\\d{1,10}(\\.\\d{1,${scale}})?$`))

const Row = z.object({
  sku: cell(text),
  ean: cell(z.string().regex(/^\d{13}$/)),
  title: cell(text),
  brand: cell(text),
  category: cell(text),
  series: cell(text.nullable()),
  description: cell(text.nullable()),
  price: cell(decimal(2)),
  weight_kg: cell(decimal(3).nullable()),
  stock: cell(integer),
  pack_size: cell(integer),
  active: cell(
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(["true", "yes", "false", "no"]))
      .transform((word) => word === "true" || word === "yes"),
  ),
  released_on: cell(z.iso.date().nullable()),
  updated_at: cell(
    z
      .string()
      .transform((moment) => moment.replace(" ", "T"))
      .pipe(z.iso.datetime({ offset: true })),
  ),
})
type Row = z.infer<typeof Row>

const batchSize = 1_000

const upsert = async (client: pg.Client, rows: ReadonlyArray<Row>): Promise<void> => {
  const parameters: Array<unknown> = []
  const tuples = rows.map((row) => {
    const places = catalogNames.map((name) => `$${parameters.push(row[name as keyof Row])}`)
    return `(${places.join(", ")})`
  })
  const changes = catalogNames.filter((name) => name !== "sku").map((name) => `${name} = EXCLUDED.${name}`)
  await client.query(
    `INSERT INTO catalog_script (${catalogNames.join(", ")}) VALUES ${tuples.join(", ")}
     ON CONFLICT (sku) DO UPDATE SET ${changes.join(", ")}`,
    parameters,
  )
}

/** Reads, validates and upserts the file into `catalog_script`. */
export const script: Contender = async ({ file, url }) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows = 0
    let rejected = 0
    let batch: Array<Row> = []
    const records = createReadStream(file).pipe(parse({ columns: true, bom: true, trim: true }))
    for await (const record of records) {
      rows++
      const result = Row.safeParse(record)
      if (result.success) batch.push(result.data)
      else rejected++
      if (batch.length < batchSize) continue
      await upsert(client, batch)
      batch = []
    }
    if (batch.length > 0) await upsert(client, batch)
    return { rows, rejected }
  } finally {
    await client.end()
  }
}
