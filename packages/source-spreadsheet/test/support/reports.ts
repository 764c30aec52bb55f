// Making reports of jobs in memory, and reading them with a library that had no part in writing them.
import { inflateRawSync } from "node:zlib"
import { Cell, Entity, Field, Import, type JobStore, Normalize, Rule, type SnapshotStore } from "@waybill/core"
import { MemoryJobStore, type MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import ExcelJS from "exceljs"

export const run = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([]))))

const Category = Entity.make("category", { schema: { slug: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.text(),
    price: Field.nullable(Field.decimal({ scale: 2 })),
    category: Field.nullable(Field.text()),
  },
  key: "sku",
  references: { category: Category },
})
const Row = Schema.Struct({
  sku: Cell.text(),
  title: Cell.text(),
  price: Cell.optional(Cell.decimal({ scale: 2 })),
  category: Cell.optional(Cell.text()),
})

/** An import of products; of the categories only `lamps` is there. */
export const prices = (sink: MemorySink.MemorySink, options: Partial<Import.Options<typeof Row.Type>> = {}): Import.Import =>
  Import.make<typeof Row.Type>({
    name: "prices",
    row: Row,
    normalize: [Normalize.trim(), Normalize.empty(["-"])],
    entities: [Category, Product],
    map: (row) => [...(row.category === "lamps" ? [Category.of({ slug: "lamps" })] : []), Product.of(row)],
    rules: [
      Rule.check(
        "free",
        (row) => (row.price === "0.00" ? { column: "price", message: "expected a price" } : undefined),
        "warning",
      ),
    ],
    sink,
    allowPartial: true,
    ...options,
  })

export const csv = (rows: ReadonlyArray<ReadonlyArray<string>>, delimiter = ","): Buffer =>
  Buffer.from(rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter)).join("\r\n"))

export const bytesOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Buffer, E, R> =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(chunks))

/** The entries of a zip: their texts, and the moments they say they were written at. */
export const entriesOf = (
  bytes: Buffer,
): ReadonlyMap<string, { readonly text: string; readonly bytes: Buffer; readonly moment: number }> => {
  const found = new Map<string, { readonly text: string; readonly bytes: Buffer; readonly moment: number }>()
  const end = bytes.lastIndexOf("PK\u0005\u0006", undefined, "latin1")
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28)
    const header = bytes.readUInt32LE(at + 42)
    const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28)
    const packed = bytes.subarray(start, start + bytes.readUInt32LE(at + 20))
    const content = bytes.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)
    found.set(bytes.toString("utf8", at + 46, nameEnd), {
      text: content.toString("utf8"),
      bytes: content,
      moment: bytes.readUInt32LE(at + 12),
    })
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  return found
}

/** Links within a workbook, cell by cell: exceljs knows none but those to other files. */
export const linksOf = (bytes: Buffer, workbook: ExcelJS.Workbook, sheet: string): ReadonlyMap<string, string> => {
  const { id } = workbook.getWorksheet(sheet)!
  const xml = entriesOf(bytes).get(`xl/worksheets/sheet${id}.xml`)!.text
  return new Map([...xml.matchAll(/<hyperlink ref="([A-Z]+\d+)" location="([^"]+)"/g)].map(([, from, to]) => [from!, to!]))
}

/** Reads a workbook with exceljs. */
export const open = (bytes: Buffer): Effect.Effect<ExcelJS.Workbook> =>
  Effect.promise(async () => {
    const workbook = new ExcelJS.Workbook()
    await workbook.xlsx.load(bytes as unknown as ArrayBuffer)
    return workbook
  })

export const save = (workbook: ExcelJS.Workbook): Effect.Effect<Buffer> =>
  Effect.promise(async () => Buffer.from(await workbook.xlsx.writeBuffer()))

/** A cell's value as a person sees it: a link shows its text. */
export const shown = (value: ExcelJS.CellValue): unknown =>
  value !== null && typeof value === "object" && "text" in value ? value.text : value

/** The rows of a sheet, header included, empty cells as `null`. */
export const table = (sheet: ExcelJS.Worksheet | undefined): ReadonlyArray<ReadonlyArray<unknown>> => {
  const rows: Array<ReadonlyArray<unknown>> = []
  sheet?.eachRow((row) => {
    const width = sheet.columnCount
    rows.push(Array.from({ length: width }, (_, at) => shown(row.getCell(at + 1).value)))
  })
  return rows
}
