/**
 * Applies one batch within the transaction that is open: stages its creates and updates, finds what is no longer as the plan saw it,
 * and writes the rest, or nothing of it.
 *
 * @module
 */
import { Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import * as applyQuery from "./applyQuery.ts"
import type { Connection } from "./Connection.ts"
import { message } from "./conflict.ts"
import type { Encodings } from "./Encodings.ts"
import type { LastWritten } from "./LastWritten.ts"
import type { Layout } from "./Layout.ts"
import type { Ledger } from "./Ledger.ts"
import type { Seat } from "./Session.ts"
import { sendAll } from "./send.ts"

/** An entity of a commit. */
export interface Desk extends Seat {
  readonly statements: applyQuery.ApplyStatements
  readonly encodings: Encodings
  /** Null where no field of the entity is owned `keepEdits`. */
  readonly lastWritten: LastWritten | null
}

/** What applying a batch came to. */
export interface Applied extends Sink.AppliedBatch {
  /** Whether it is written, and may stay so. */
  readonly isWritten: boolean
  /** Positions of records that were as planned already, so that nothing was written. */
  readonly found: ReadonlyArray<number>
}

const unexplained = (layout: Layout, wanted: number, written: number): Sink.SinkError =>
  new Sink.SinkError({
    reason: "Unknown",
    message: `${layout.label} took ${written} of ${wanted} records without an error; a trigger, a rule or row level security keeps them out`,
    isRetryable: false,
  })

/**
 * How a batch is applied. Optimistic: a create whose key is taken is an error of the whole transaction, which is cheaper. Careful: it is
 * looked at by itself. Report: nothing is written, only conflicts are told.
 */
export type Manner = "optimistic" | "careful" | "report"

/** See the file's first sentence. */
export const applyBatch = (
  connection: Connection,
  seat: Desk,
  records: Sink.PlannedRecords,
  context: Pick<Sink.CommitContext, "onConflict" | "transaction">,
  manner: Manner,
  ledger: Ledger,
): Effect.Effect<Applied, Sink.SinkError> =>
  Effect.gen(function* () {
    const { batch, planned } = records
    const { encodings, layout, statements } = seat
    // one transaction over all is given up as a whole, at its end: till then the rest is written, so that what refers to it is judged right
    const stops = context.onConflict === "abort" && context.transaction === "batched"
    const { create, update } = Plan.tally(planned)
    const rows = applyQuery.ofBatch(batch)
    yield* sendAll(connection, seat.target, encodings.take(batch, planned))
    const verdicts: Array<applyQuery.VerdictRow> = []
    const ask = (statement: string) =>
      Effect.map(connection.query(statement), (result) => {
        verdicts.push(...(result.rows as ReadonlyArray<applyQuery.VerdictRow>))
      })
    const numbers = (which: (row: applyQuery.VerdictRow) => boolean) => verdicts.filter(which).map((row) => Number(row.n))

    if (manner === "report") {
      yield* ask(statements.moved(rows))
      yield* ask(statements.appeared(rows))
      // what it refers to may have been a record of an earlier batch
      const told = verdicts.filter((row) => row.verdict !== "reference")
      return outcomesOf(layout, records, told, false)
    }
    if (statements.orphans !== null && context.transaction === "batched") yield* ask(statements.orphans(rows))
    const orphans = [...new Set(numbers(() => true))]
    // those that were not written must be accounted for, one by one
    const write = (
      action: number,
      count: number,
      send: (wanted: number) => Effect.Effect<number, Sink.SinkError>,
      others: string,
    ) =>
      Effect.gen(function* () {
        const wanted = count - orphans.filter((n) => planned.actions[n - batch.first] === action).length
        if (wanted === 0) return
        const settled = verdicts.length
        const written = yield* send(wanted)
        if (written !== wanted) yield* ask(others)
        if (written + verdicts.length - settled !== wanted || verdicts.some((it) => it.verdict === "suppressed"))
          return yield* Effect.fail(unexplained(layout, wanted, written))
      })
    const insert = statements.insert(rows, orphans, manner === "careful" ? "skip" : "fail")
    const insertAll = Effect.map(connection.query(insert), ({ rowCount }) => rowCount ?? 0)
    const replace = Effect.map(
      Effect.suspend(() => connection.query(ledger.keep(batch, layout, statements.update(rows, orphans)))),
      (result) => result.rows[0].written as number,
    )
    // where others were just writing, once more after them
    const replaceAll = (wanted: number) =>
      Effect.flatMap(replace, (written) =>
        written === wanted
          ? Effect.succeed(written)
          : Effect.andThen(
              connection.query(statements.hold(rows, orphans)),
              Effect.map(replace, (more) => written + more),
            ),
      )
    yield* write(Plan.code.create, create, () => insertAll, statements.refused(rows, orphans))
    yield* write(Plan.code.update, update, replaceAll, statements.missed(rows, orphans))
    const conflicts = numbers(isConflict)
    if (conflicts.length > 0) {
      if (stops) return outcomesOf(layout, records, verdicts, false)
      yield* connection.query(statements.drop(conflicts))
    }
    if (statements.link !== null) yield* connection.query(statements.link(rows))
    return outcomesOf(layout, records, verdicts, conflicts.length === 0 || context.onConflict === "skip")
  })

const isConflict = (row: applyQuery.VerdictRow): boolean => row.verdict !== "applied"

const outcomesOf = (
  layout: Layout,
  { batch, planned }: Sink.PlannedRecords,
  verdicts: ReadonlyArray<applyQuery.VerdictRow>,
  isWritten: boolean,
): Applied => {
  const { outcome } = Sink
  const written = isWritten ? [outcome.created, outcome.updated] : [outcome.failed, outcome.failed]
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
    if (!isConflict(row)) continue
    const index = Number(row.n) - batch.first
    outcomes[index] = outcome.conflict
    if (!conflicts.has(index)) conflicts.set(index, message(layout, batch, index, row, updates.get(index)))
  }
  return {
    outcomes,
    conflicts: [...conflicts].sort(([a], [b]) => a - b).map(([index, text]) => ({ index, message: text })),
    isWritten,
    found: verdicts.filter((row) => !isConflict(row)).map((row) => Number(row.n) - batch.first),
  }
}

/** A batch that was written within a transaction which cannot be kept. */
export const unwritten = (applied: Applied): Applied => ({
  ...applied,
  outcomes: applied.outcomes.map((code) =>
    code === Sink.outcome.created || code === Sink.outcome.updated || code === Sink.outcome.deleted ? Sink.outcome.failed : code,
  ),
  isWritten: false,
})
