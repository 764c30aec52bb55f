/**
 * The import whose workers are killed: many records of one entity, each of which follows from its number.
 *
 * @module
 */
import { Cell, Entity, Field, Import, type Sink, type Source } from "@waybill/core"
import { Effect, Schema, Stream } from "effect"

const Item = Entity.make("item", {
  schema: {
    sku: Field.text(),
    position: Field.integer(),
    title: Field.text(),
    price: Field.decimal({ precision: 10, scale: 2 }),
    note: Field.nullable(Field.text()),
  },
  key: "sku",
})

/** An item as it lies in a target when the import is done. */
export interface ItemRecord {
  readonly sku: string
  readonly position: number
  readonly title: string
  readonly price: string
  readonly note: string | null
}

/** The item of a number. */
export const item = (at: number): ItemRecord => ({
  sku: `I-${String(at).padStart(7, "0")}`,
  position: at,
  title: `Item number ${at}`,
  price: `${at % 1_000}.50`,
  note: at % 3 === 0 ? null : "as good as new",
})

/** What a target has of a number before: every tenth item as it is going to be, or with another title. */
export const formerItem = (at: number): ItemRecord | null =>
  at % 10 !== 0 ? null : at % 20 === 0 ? item(at) : { ...item(at), title: "Former" }

/** Whether the import writes the item of a number. */
export const isWritten = (at: number): boolean => at % 20 !== 0

const columns = Object.keys(item(0))
const pageRows = 1_000

/** So many items. */
export const source = (records: number): Source.Source => ({
  kind: "items",
  identify: Effect.succeed({ name: "items", sha256: null, bytes: null, details: {} }),
  read: (from) =>
    Stream.unfold((from as number | null) ?? 0, (start) =>
      Effect.sync(() => {
        if (start >= records) return undefined
        const end = Math.min(start + pageRows, records)
        const numbers = Array.from({ length: end - start }, (_, at) => start + at)
        const page: Source.Page = {
          columns,
          rows: numbers.map((at) => {
            const { note, position, price, sku, title } = item(at)
            return [sku, String(position), title, price, note]
          }),
          place: "items",
          labels: numbers.map((at) => at + 1),
          cursor: end,
          issues: [],
        }
        return [page, end] as const
      }),
    ),
})

/** The import into a sink, in batches of so many records. */
export const definition = (sink: Sink.Sink, batch: number): Import.Import =>
  Import.make({
    name: "large",
    row: Schema.Struct({
      sku: Cell.text(),
      position: Cell.integer(),
      title: Cell.text(),
      price: Cell.decimal({ precision: 10, scale: 2 }),
      note: Cell.optional(Cell.text()),
    }),
    entities: [Item],
    map: Import.columns(Item),
    sink,
    transaction: "batched",
    limits: { batch },
  })
