/**
 * Takes back within the open transaction what a job deleted of one batch: puts each row back as it was, all of its columns, unless somebody has
 * made one of its key since.
 *
 * @module
 */
import { type Batch, Sink } from "@waybill/core"
import { Effect } from "effect"
import { attempt } from "./attempt.ts"
import { type Connection, mismatch } from "./Connection.ts"
import { takenIn } from "./classifyError.ts"
import * as deleteQuery from "./deleteQuery.ts"
import { isKeyIndex, type Layout } from "./Layout.ts"
import type { Ledger } from "./Ledger.ts"
import * as Row from "./Row.ts"
import { told, unexplained, Verdicts } from "./revertBatch.ts"

const madeSince = "somebody has made a record of this key since"

/** See the file's first sentence. */
export const revertDeletions = (
  connection: Connection,
  layout: Layout,
  batch: Batch.Batch,
  ledger: Ledger,
  job: string,
): Effect.Effect<Sink.UndoneBatch, Sink.SinkError> =>
  Effect.gen(function* () {
    const verdicts = new Verdicts(batch)
    const written = yield* ledger.written(job, batch)
    if (written === null) return verdicts.undone
    const { columns, outcomes, replaced } = written
    const wanted: Array<deleteQuery.Wanted> = []
    for (let index = 0; index < batch.count; index++) {
      if (outcomes[index] !== Sink.outcome.deleted) continue
      if (replaced.has(index)) wanted.push({ index, fingerprint: null })
      // it was gone before the job came to it
      else verdicts.reverse(batch.first + index)
    }
    if (wanted.length === 0 || columns === null) return verdicts.undone
    yield* checkColumns(layout, columns)
    const statements = deleteQuery.make(layout)
    yield* connection.queries([
      ...statements.fill(batch, wanted),
      ...statements.findBack(ledger.images(job, batch, "before"), columns),
    ])
    const judged = (yield* connection.query(statements.judge)).rows as ReadonlyArray<deleteQuery.JudgedRow>
    const missing: Array<number> = []
    for (const { n: text, same, there } of judged) {
      const n = Number(text)
      if (!there) missing.push(n)
      else if (same === true) verdicts.reverse(n)
      else verdicts.leave(n, "changed", madeSince)
    }
    const { done, refused } = yield* attempt(connection, missing, statements.putBack(columns))
    for (const n of missing) {
      const error = refused.get(n)
      if (done.has(n)) verdicts.reverse(n)
      else if (error === undefined) verdicts.leave(n, "refused", unexplained)
      else if (isKeyTaken(layout, error)) verdicts.leave(n, "changed", madeSince)
      else verdicts.leave(n, "refused", told(error))
    }
    return verdicts.undone
  })

const isKeyTaken = (layout: Layout, error: Sink.SinkError): boolean => {
  const index = takenIn(error)
  return layout.table.uniques.some((it) => it.name === index && isKeyIndex(layout, it))
}

// columns that are new are filled by their defaults; what lay in one that is not there any more cannot be put back
const checkColumns = (layout: Layout, columns: ReadonlyArray<string>): Effect.Effect<void, Sink.SinkError> => {
  const now = new Set(Row.columns(layout).map(({ name }) => name))
  const lost = columns.filter((name) => !now.has(name))
  return lost.length === 0
    ? Effect.void
    : Effect.fail(
        mismatch(
          `${layout.entity.name} in ${layout.label}: the job deleted rows with the columns ${lost.join(", ")}, which the table has no more; add them again, then undo it`,
        ),
      )
}
