/**
 * Applies one batch of deletions within the transaction that is open: holds its targets, tells those that are no longer what the plan saw, and
 * deletes the rest, or none where something that stays refers to one of them. Nothing goes along with another row, whatever a foreign key says.
 *
 * @module
 */
import { type Batch, type Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Applied, Manner } from "./applyBatch.ts"
import type { Connection } from "./Connection.ts"
import type { DeleteStatements, JudgedRow } from "./deleteQuery.ts"
import type { Layout } from "./Layout.ts"
import type { Ledger } from "./Ledger.ts"
import * as Referrer from "./Referrer.ts"
import * as Row from "./Row.ts"

/** What it takes to delete records of an entity. */
export interface DeleteDesk {
  readonly layout: Layout
  readonly statements: DeleteStatements
  readonly referrers: ReadonlyArray<Referrer.Referrer>
}

/** See the file's first sentence. */
export const deleteBatch = (
  connection: Connection,
  desk: DeleteDesk,
  { batch, planned }: Sink.PlannedRecords,
  context: Pick<Sink.CommitContext, "onConflict" | "transaction">,
  manner: Manner,
  ledger: Ledger,
): Effect.Effect<Applied, Sink.SinkError> =>
  Effect.gen(function* () {
    const { layout, statements } = desk
    yield* connection.queries(statements.fill(batch, planned.deletions!))
    yield* connection.query(statements.hold)
    // what others did until now is seen by the statements after
    yield* connection.query(statements.find)
    const judged = (yield* connection.query(statements.judge)).rows as ReadonlyArray<JudgedRow>
    const changed = judged.filter(({ same, there }) => there && same !== true).map(({ n }) => Number(n) - batch.first)
    const gone = judged.filter(({ there }) => !there).map(({ n }) => Number(n) - batch.first)
    const stops = changed.length > 0 && context.onConflict === "abort"
    if (manner === "report" || (stops && context.transaction === "batched")) return outcomesOf(planned, changed, gone, false)
    const going = judged.filter(({ same, there }) => there && same === true).map(({ n }) => Number(n))
    if (going.length > 0) {
      yield* connection.query(Referrer.mark(statements.table, going))
      yield* refuseReferred(connection, desk, batch)
      const { rows } = yield* connection.query(ledger.keep(batch, layout, statements.remove, Row.names(layout)))
      if (rows[0].written !== going.length) return yield* Effect.fail(unexplained(layout, going.length, rows[0].written))
    }
    return outcomesOf(planned, changed, gone, !stops)
  })

const refuseReferred = (
  connection: Connection,
  { layout, referrers, statements }: DeleteDesk,
  { entity, first, part }: Batch.Batch,
): Effect.Effect<void, Sink.SinkError> => {
  const statement = Referrer.statementOf(layout, statements.table, referrers)
  if (statement === null) return Effect.void
  return Effect.flatMap(connection.query(`${statement} ORDER BY n LIMIT 1`), ({ rows }) => {
    if (rows.length === 0) return Effect.void
    const { constraint, isVisible, label } = referrers[Number(rows[0].by)]!
    const by = `${label}${constraint === null ? "" : ` (${constraint})`}`
    return Effect.fail(
      new Sink.SinkError({
        reason: "DataRefused",
        message: isVisible
          ? `a row of ${by} refers to it`
          : `rows of ${by} may refer to it, which this role cannot see and a delete would take along`,
        isRetryable: false,
        // as the server would say it
        code: constraint === null ? "referenced" : "23503",
        refused: { entity: entity.name, index: Number(rows[0].n) - first, part, constraint },
      }),
    )
  })
}

const outcomesOf = (
  planned: Plan.PlannedBatch,
  changed: ReadonlyArray<number>,
  gone: ReadonlyArray<number>,
  isWritten: boolean,
): Applied => {
  const { outcome } = Sink
  const outcomes = new Uint8Array(planned.actions.length)
  for (const { index } of planned.refusals) outcomes[index] = outcome.failed
  for (const { index } of planned.deletions!) outcomes[index] = isWritten ? outcome.deleted : outcome.failed
  for (const index of changed) outcomes[index] = outcome.conflict
  return {
    outcomes,
    conflicts: changed.map((index) => ({ index, message: "the record was changed since the plan, which would delete it" })),
    isWritten,
    found: gone,
  }
}

const unexplained = (layout: Layout, wanted: number, deleted: number): Sink.SinkError =>
  new Sink.SinkError({
    reason: "Unknown",
    message: `${layout.label} let go of ${deleted} of ${wanted} records without an error; a trigger, a rule or row level security keeps the others`,
    isRetryable: false,
  })
