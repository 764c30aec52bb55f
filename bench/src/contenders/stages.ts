/**
 * The stages of one pass over the catalog, each timed by itself, page by page; no database, no file is written.
 *
 * This looks inside the packages, so it is bundled from their sources.
 *
 * @module
 */
import { Batch, Entity, Fingerprint } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Effect, Stream } from "effect"
import * as Decode from "../../../packages/core/src/Decode.ts"
import { Collector } from "../../../packages/core/src/internal/Collector.ts"
import { KeyIndex } from "../../../packages/core/src/internal/KeyIndex.ts"
import { LineWriter } from "../../../packages/core/src/internal/LineWriter.ts"
import { Pending } from "../../../packages/core/src/internal/Pending.ts"
import { Reader } from "../../../packages/core/src/internal/Reader.ts"
import { Tally } from "../../../packages/core/src/internal/Tally.ts"
import { CopyText } from "../../../packages/sink-postgres/src/internal/CopyText.ts"
import { catalogImport, Product } from "../catalogImport.ts"
import { catalogSource } from "../catalogSource.ts"
import type { Contender } from "../contender.ts"

const batchSize = 5_000

/** Times pieces of work by the name of their stage. */
const stopwatch = () => {
  const seconds: Record<string, number> = {}
  const add = (stage: string, start: number): void => {
    seconds[stage] = (seconds[stage] ?? 0) + (performance.now() - start) / 1000
  }
  return {
    seconds,
    timed: <T>(stage: string, work: () => T): T => {
      const start = performance.now()
      const result = work()
      add(stage, start)
      return result
    },
    awaited: async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
      const start = performance.now()
      const result = await work()
      add(stage, start)
      return result
    },
  }
}

/** Runs all stages over the file and tells the seconds of each. */
export const stages: Contender = async ({ file }) => {
  const { awaited, seconds, timed } = stopwatch()
  const definition = catalogImport(MemorySink.make())
  const source = catalogSource(file)
  await awaited("identify", () => Effect.runPromise(source.identify))

  const rules = Decode.startRules(definition.normalize)
  const index = new KeyIndex()
  const writer = new LineWriter()
  const copyText = new CopyText({ json: Product.fields.map(() => false), optional: [] })
  const collector = new Collector(definition.entities, batchSize)
  const reader = new Reader(definition, "strict", collector, new Pending(collector), new Tally(definition.limits.issues))

  let decoder: Decode.RowDecoder | undefined
  let rows = 0
  let rejected = 0
  let count = 0
  const settle = (): void => {
    const bytes = writer.take()
    timed("hash", () => Fingerprint.sha256(bytes))
    timed("copy-text", () => copyText.encode({ bytes, count, first: 0 }))
    timed("parse", () => Batch.parse(Product, bytes))
    count = 0
  }

  const pages = Stream.toAsyncIterable(source.read(null))[Symbol.asyncIterator]()
  for (;;) {
    const next = await awaited("scan", () => pages.next())
    if (next.done === true) break
    const page = next.value
    rows += page.rows.length
    decoder ??= Decode.compile(definition.row, page.columns, rules)
    const { decode, values } = decoder
    const records: Array<Entity.Values> = []
    timed("decode", () => {
      for (const raw of page.rows)
        if (decode(raw, [], [])) records.push(values.slice())
        else rejected++
    })
    timed("lines", () => {
      for (const record of records) {
        const start = writer.write(Product, record)
        writer.keep(start, writer.end)
      }
    })
    timed("keys", () => {
      for (const record of records) {
        const key = Entity.keyText(record, Product.keyPositions)
        if (index.find(key) < 0) index.add(key, 0, 0, index.size)
      }
    })
    timed("reader (decode, lines, keys and the rest)", () => reader.page(page))
    count += records.length
    if (count >= batchSize) settle()
  }
  if (count > 0) settle()
  return { rows, rejected, stages: seconds }
}
