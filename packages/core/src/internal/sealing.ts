/**
 * Sealing: full batches and log lines on their way into the snapshot store, while the source is still being read.
 */
import { Effect } from "effect"
import type * as Entity from "../Entity.ts"
import { names, type Part } from "../Snapshot.ts"
import type { SnapshotStoreError } from "../SnapshotStore.ts"
import type { Full } from "./Collector.ts"
import type { SealedEntity } from "./planning.ts"
import type { PageResult } from "./Reader.ts"
import type { Vault } from "./Vault.ts"

const logPart = { lines: 20_000, bytes: 4 * 1024 * 1024 }

// lines of a log that wait for their part. They are kept as bytes: a line is text cut out of a page, which it would keep in memory
interface Log {
  chunks: Array<Buffer>
  lines: number
  bytes: number
  parts: number
  readonly name: (part: number) => string
}

const emptyLog = (name: Log["name"]): Log => ({ chunks: [], lines: 0, bytes: 0, parts: 0, name })

/** What of a snapshot is sealed so far. */
export class Sealing {
  readonly entities: ReadonlyArray<SealedEntity>
  readonly logs: Array<Part> = []
  private readonly normalization = emptyLog(names.normalization)
  private readonly rejected = emptyLog(names.rejected)

  constructor(
    private readonly vault: Vault,
    entities: ReadonlyArray<Entity.Any>,
  ) {
    this.entities = entities.map((entity) => ({ entity, records: [], refs: [] }))
  }

  /** Seals a batch and the refs of its records. */
  batch({ batch, refs }: Full): Effect.Effect<void, SnapshotStoreError> {
    const { entity, part } = batch
    const of = this.entities.find((it) => it.entity === entity)!
    return Effect.zipWith(
      this.vault.seal(names.records(entity.name, part), batch.bytes, batch.count),
      this.vault.seal(names.refs(entity.name, part), refs, batch.count),
      (records, labels) => {
        of.records[part] = records
        of.refs[part] = labels
      },
      { concurrent: true },
    )
  }

  /** Takes the log lines of a page, and seals a part of a log that is long enough. */
  log(lines: Pick<PageResult, "normalization" | "rejected">): Effect.Effect<void, SnapshotStoreError> {
    add(this.normalization, lines.normalization)
    add(this.rejected, lines.rejected)
    return Effect.andThen(this.flush(this.normalization, logPart), this.flush(this.rejected, logPart))
  }

  /** Seals what is left of the logs. */
  finish(): Effect.Effect<void, SnapshotStoreError> {
    const rest = { lines: 1, bytes: 1 }
    return Effect.andThen(this.flush(this.normalization, rest), this.flush(this.rejected, rest))
  }

  private flush(log: Log, least: { readonly lines: number; readonly bytes: number }): Effect.Effect<void, SnapshotStoreError> {
    return Effect.suspend(() => {
      if (log.lines < least.lines && log.bytes < least.bytes) return Effect.void
      const bytes = Buffer.concat(log.chunks, log.bytes)
      const { lines } = log
      Object.assign(log, { chunks: [], lines: 0, bytes: 0 })
      return Effect.map(this.vault.seal(log.name(log.parts++), bytes, lines), (part) => {
        this.logs.push(part)
      })
    })
  }
}

const add = (log: Log, lines: ReadonlyArray<string>): void => {
  if (lines.length === 0) return
  const chunk = Buffer.from(`${lines.join("\n")}\n`, "utf8")
  log.chunks.push(chunk)
  log.lines += lines.length
  log.bytes += chunk.length
}
