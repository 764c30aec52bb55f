/**
 * Applies one batch within the transaction that is open: stages its creates and updates, finds what is no longer as the plan saw it,
 * and writes the rest, or nothing of it.
 *
 * @module
 */
import { type Batch, Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import * as applyQuery from "./applyQuery.ts"
import type { Connection } from "./Connection.ts"
import { message } from "./conflict.ts"
import type { Layout } from "./Layout.ts"
import type { Seat } from "./Session.ts"
import { sendAll } from "./send.ts"

/** What applying a batch came to. */
export interface Applied extends Sink.AppliedBatch {
  /** Whether the policy forbids to keep what was written of it. */
  readonly isAborted: boolean
  /** Behind which the stage has no rows yet. */
  readonly last: string
}

const selectionOf = ({ actions, updates }: Plan.PlannedBatch) => {
  const fingerprints = new Map(updates.map((it) => [it.index, it.fingerprint]))
  return {
    takes: (index: number) => actions[index] === Plan.code.create || actions[index] === Plan.code.update,
    fingerprint: (index: number) => fingerprints.get(index) ?? null,
  }
}

// stages the rows, and says which condition picks them
const stage = (
  connection: Connection,
  { layout, target, text }: Seat,
  { batch, planned }: Sink.PlannedRecords,
  after: string,
): Effect.Effect<{ readonly rows: string; readonly last: string }, Sink.SinkError> =>
  Effect.gen(function* () {
    const encoded = text.encode(batch, selectionOf(planned))
    yield* sendAll(connection, target, encoded)
    const behind = (yield* connection.query(applyQuery.extent(layout, after))).rows[0] as { count: number; last: string | null }
    if (behind.count === encoded.count) return { rows: applyQuery.behind(after), last: behind.last ?? after }
    // some rows have found room further up: look for them everywhere
    const anywhere = (yield* connection.query(applyQuery.extent(layout, applyQuery.start))).rows[0] as { last: string }
    return {
      rows: `s."waybill:n" BETWEEN ${batch.first} AND ${batch.first + batch.count - 1}`,
      last: anywhere.last,
    }
  })

const unexplained = (layout: Layout, wanted: number, written: number): Sink.SinkError =>
  new Sink.SinkError({
    reason: "Unknown",
    message: `${layout.label} took ${written} of ${wanted} records without an error; a trigger, a rule or row level security keeps them out`,
    isRetryable: false,
  })

/** See the file's first sentence. */
export const applyBatch = (
  connection: Connection,
  seat: Seat,
  statements: applyQuery.ApplyStatements,
  records: Sink.PlannedRecords,
  after: string,
  context: Pick<Sink.CommitContext, "onConflict" | "transaction">,
): Effect.Effect<Applied, Sink.SinkError> =>
  Effect.gen(function* () {
    const { batch, planned } = records
    const { layout } = seat
    const aborts = context.onConflict === "abort"
    // one transaction over all is given up as a whole, at its end: till then the rest is written, so that what refers to it is judged right
    const stops = aborts && context.transaction === "batched"
    const { create, update } = Plan.tally(planned)
    const { last, rows } = yield* stage(connection, seat, records, after)
    const verdicts: Array<applyQuery.VerdictRow> = []
    const ask = (statement: string) =>
      Effect.map(connection.query(statement), (result) => {
        verdicts.push(...(result.rows as ReadonlyArray<applyQuery.VerdictRow>))
      })
    const numbers = (which: (row: applyQuery.VerdictRow) => boolean) => verdicts.filter(which).map((row) => Number(row.n))
    const isConflict = (row: applyQuery.VerdictRow) => row.verdict !== "applied"

    if (statements.orphans !== null && context.transaction === "batched") yield* ask(statements.orphans(rows))
    const orphans = numbers(() => true)
    if (update > 0) {
      yield* connection.query(statements.lock(rows))
      yield* ask(statements.moved(rows))
    }
    const settled = verdicts.length
    if (stops && verdicts.some(isConflict)) {
      if (create > 0) yield* ask(statements.appeared(rows))
      return { ...outcomesOf(layout, records, verdicts, aborts), last }
    }
    if (create > 0) {
      const { rowCount } = yield* connection.query(statements.insert(rows, orphans))
      const orphanCreates = orphans.filter((n) => planned.actions[n - batch.first] === Plan.code.create).length
      if (rowCount !== create - orphanCreates) {
        yield* ask(statements.refused(rows, orphans))
        if (
          rowCount! + verdicts.length - settled !== create - orphanCreates ||
          verdicts.some((it) => it.verdict === "suppressed")
        )
          return yield* Effect.fail(unexplained(layout, create, rowCount ?? 0))
      }
    }
    const conflicts = numbers(isConflict)
    if (conflicts.length > 0) {
      if (stops) return { ...outcomesOf(layout, records, verdicts, aborts), last }
      yield* connection.query(statements.drop(conflicts))
    }
    if (update > 0) {
      const kept = numbers((row) => planned.actions[Number(row.n) - batch.first] === Plan.code.update)
      const { rowCount } = yield* connection.query(statements.update(rows, kept))
      if (rowCount !== update - new Set(kept).size)
        return yield* Effect.fail(unexplained(layout, update - kept.length, rowCount ?? 0))
    }
    if (statements.link !== null) yield* connection.query(statements.link(rows))
    return { ...outcomesOf(layout, records, verdicts, aborts), last }
  })

const outcomesOf = (
  layout: Layout,
  { batch, planned }: Sink.PlannedRecords,
  verdicts: ReadonlyArray<applyQuery.VerdictRow>,
  aborts: boolean,
): Omit<Applied, "last"> => {
  const { outcome } = Sink
  const isAborted = aborts && verdicts.some((row) => row.verdict !== "applied")
  const written = isAborted ? [outcome.failed, outcome.failed] : [outcome.created, outcome.updated]
  const outcomes = Uint8Array.from(planned.actions, (action) =>
    action === Plan.code.create
      ? written[0]!
      : action === Plan.code.update
        ? written[1]!
        : action === Plan.code.refuse
          ? outcome.failed
          : outcome.unchanged,
  )
  const updates = new Map(planned.updates.map((it) => [it.index, it]))
  const conflicts = new Map<number, string>()
  for (const row of verdicts) {
    if (row.verdict === "applied") continue
    const index = Number(row.n) - batch.first
    outcomes[index] = outcome.conflict
    if (!conflicts.has(index)) conflicts.set(index, message(layout, batch, index, row, updates.get(index)))
  }
  return {
    outcomes,
    conflicts: [...conflicts].sort(([a], [b]) => a - b).map(([index, text]) => ({ index, message: text })),
    isAborted,
  }
}

/** Says which record of a batch a DataRefused error is about, where the server told its line or its key. */
export const located = (layout: Layout, batch: Batch.Batch, error: Sink.SinkError, index: number | null): Sink.SinkError =>
  error.reason !== "DataRefused"
    ? error
    : new Sink.SinkError({
        ...error,
        refused: {
          entity: layout.entity.name,
          index,
          part: batch.part,
          constraint: error.refused?.constraint ?? null,
        },
      })
