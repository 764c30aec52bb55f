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

const linesPerLogPart = 20_000

/** What of a snapshot is sealed so far. */
export class Sealing {
  readonly entities: ReadonlyArray<SealedEntity>
  readonly logs: Array<Part> = []
  private readonly waiting = {
    normalization: { lines: [] as Array<string>, parts: 0, name: names.normalization },
    rejected: { lines: [] as Array<string>, parts: 0, name: names.rejected },
  }

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
    this.waiting.normalization.lines.push(...lines.normalization)
    this.waiting.rejected.lines.push(...lines.rejected)
    return this.flush(linesPerLogPart)
  }

  /** Seals what is left of the logs. */
  finish(): Effect.Effect<void, SnapshotStoreError> {
    return this.flush(1)
  }

  private flush(least: number): Effect.Effect<void, SnapshotStoreError> {
    const self = this
    return Effect.gen(function* () {
      for (const log of Object.values(self.waiting)) {
        if (log.lines.length < least) continue
        const { lines } = log
        log.lines = []
        self.logs.push(yield* self.vault.seal(log.name(log.parts++), `${lines.join("\n")}\n`, lines.length))
      }
    })
  }
}
