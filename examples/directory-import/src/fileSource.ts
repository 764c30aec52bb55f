/**
 * One file as a source of one row: what it is, not what is in it.
 *
 * Its hash is of name and content, so that the same content under another name is another document, and both in another folder are known again.
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import * as path from "node:path"
import type { Collector } from "@waybill/collector"
import { Source } from "@waybill/core"
import { Effect, Stream } from "effect"

const failed = (file: Collector.File) => (cause: unknown) =>
  new Source.SourceError({
    reason: (cause as { readonly code?: string }).code === "ENOENT" ? "NotFound" : "Refused",
    message: `${file.name} cannot be read: ${(cause as Error).message}`,
    isRetryable: false,
    cause,
  })

const look = async (file: Collector.File) => {
  const hash = createHash("sha256")
  let bytes = 0
  let start = Buffer.alloc(0)
  for await (const block of createReadStream(file.path) as AsyncIterable<Buffer>) {
    hash.update(block)
    bytes += block.length
    if (start.length < 8) start = Buffer.concat([start, block.subarray(0, 8)]).subarray(0, 8)
  }
  return {
    name: path.posix.basename(file.name),
    path: file.name,
    sha256: hash.digest("hex"),
    bytes,
    // without zeros at the end of its fraction, as moments are written
    modified: file.modified.toISOString().replace(/\.?0+Z$/, "Z"),
    magic: start.toString("hex"),
  }
}

/** The source of a file. */
export const fileSource = (file: Collector.File): Source.Source => ({
  kind: "file",
  identify: Effect.map(Effect.tryPromise({ try: () => look(file), catch: failed(file) }), ({ bytes, name, sha256 }) => ({
    name: file.name,
    sha256: createHash("sha256").update(`${name}\0${sha256}`).digest("hex"),
    bytes,
    details: {},
  })),
  read: (from) =>
    from !== null
      ? Stream.empty
      : Stream.fromEffect(
          Effect.map(
            Effect.tryPromise({ try: () => look(file), catch: failed(file) }),
            (row): Source.Page => ({ columns: null, rows: [row], place: file.name, labels: [1], cursor: 1, issues: [] }),
          ),
        ),
})
