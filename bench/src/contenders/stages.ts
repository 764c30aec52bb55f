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
import { KeyIndex } from "../../../packages/core/src/internal/KeyIndex.ts"
import { catalogImport, Product } from "../catalogImport.ts"
import { catalogSource } from "../catalogSource.ts"
import type { Contender } from "../contender.ts"

const batchSize = 5_000

/** What of a page goes from stage to stage. */
interface Passing {
  lines: Array<string>
  keys: Array<string>
}

/** Runs all stages over the file and tells the seconds of each. */
export const stages: Contender = async ({ file }) => {
  const definition = catalogImport(MemorySink.make())
  const rules = Decode.startRules(definition.normalize)
  const index = new KeyIndex()
  const seconds: Record<string, number> = {}
  const timed = <T>(stage: string, work: () => T): T => {
    const start = performance.now()
    const result = work()
    seconds[stage] = (seconds[stage] ?? 0) + (performance.now() - start) / 1000
    return result
  }
  let decoder: Decode.RowDecoder | undefined
  let rows = 0
  let rejected = 0
  let waiting: Passing = { lines: [], keys: [] }

  const settle = (): void => {
    const { keys, lines } = waiting
    waiting = { lines: [], keys: [] }
    timed("stage-keys", () => {
      for (let at = 0; at < keys.length; at++) if (index.find(keys[at]!) < 0) index.add(keys[at]!, lines[at]!, index.size)
    })
    const bytes = timed("stage-bytes", () => Buffer.from(`${lines.join("\n")}\n`, "utf8"))
    timed("stage-hash", () => Fingerprint.sha256(bytes))
    timed("stage-parse", () => Batch.parse(Product, bytes))
  }

  const source = catalogSource(file)
  const identify = performance.now()
  await Effect.runPromise(source.identify)
  seconds["stage-identify"] = (performance.now() - identify) / 1000
  const pages = Stream.toAsyncIterable(source.read(null))[Symbol.asyncIterator]()
  for (;;) {
    const start = performance.now()
    const next = await pages.next()
    seconds["stage-scan"] = (seconds["stage-scan"] ?? 0) + (performance.now() - start) / 1000
    if (next.done === true) break
    const page = next.value
    rows += page.rows.length
    decoder ??= Decode.compile(definition.row, page.columns, rules)
    const { decode, values } = decoder
    const records: Array<ReadonlyArray<(typeof values)[number]>> = []
    timed("stage-decode", () => {
      const issues: Array<Decode.CellIssue> = []
      const changes: Array<Decode.CellChange> = []
      for (const raw of page.rows)
        if (decode(raw, issues, changes)) records.push(values.slice())
        else rejected++
    })
    timed("stage-lines", () => {
      for (const record of records) {
        waiting.lines.push(Batch.writeLine(Product, record))
        waiting.keys.push(Entity.keyText(record, Product.keyPositions))
      }
    })
    if (waiting.lines.length >= batchSize) settle()
  }
  if (waiting.lines.length > 0) settle()
  return { rows, rejected, stages: seconds }
}
