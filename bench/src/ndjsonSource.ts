/**
 * A source of NDJSON files, as an application would write one: pages of 1,000 rows, the cursor is the number of rows before.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { basename } from "node:path"
import { type Canonical, Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import { readGroups } from "./ndjson.ts"

const pageSize = 1_000

const unreadable = (cause: unknown): Source.SourceError =>
  new Source.SourceError({ reason: "Refused", message: "the file cannot be read", isRetryable: false, cause })

async function* pages(file: string, place: string, from: number): AsyncGenerator<Source.Page> {
  let before = 0
  for await (const rows of readGroups<{ readonly ID: number } & Canonical.Json>(file, pageSize)) {
    before += rows.length
    if (before <= from) continue
    yield { columns: null, rows, place, labels: rows.map((row) => row.ID), cursor: before, issues: [] }
  }
}

/** The rows of a file, each a JSON object with an `ID`. */
export const ndjsonSource = (file: string): Source.Source => ({
  kind: "ndjson",
  identify: Effect.tryPromise({
    try: async () => {
      const hash = createHash("sha256")
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) hash.update(chunk as Buffer)
      return { name: basename(file), sha256: hash.digest("hex"), bytes: (await stat(file)).size, details: {} }
    },
    catch: unreadable,
  }),
  read: (from) => Stream.fromAsyncIterable(pages(file, "stations", Number(from ?? 0)), unreadable),
})
