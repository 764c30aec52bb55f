/**
 * Takes back within the open transaction what a job wrote of one batch: judges each target by the images that the ledger has, restores what
 * was updated, and deletes what was created and nothing refers to.
 *
 * @module
 */
import { type Batch, Sink } from "@waybill/core"
import { Effect } from "effect"
import { attempt } from "./attempt.ts"
import { type Connection, mismatch } from "./Connection.ts"
import { isStillReferred } from "./classifyError.ts"
import * as Image from "./Image.ts"
import type { LastWritten } from "./LastWritten.ts"
import type { Layout } from "./Layout.ts"
import type { Ledger, Written } from "./Ledger.ts"
import * as Referrer from "./Referrer.ts"
import { canonical } from "./Rendering.ts"
import type { Seat } from "./Session.ts"
import { bigints } from "./Sql.ts"
import { sendAll } from "./send.ts"
import * as undoQuery from "./undoQuery.ts"

/** An entity of an undo. */
export interface UndoDesk extends Seat {
  readonly statements: undoQuery.UndoStatements
  readonly referrers: ReadonlyArray<Referrer.Referrer>
  /** Which of the rows that are to go must stay. */
  readonly referred: string | null
  /** Null where no field of the entity is owned `keepEdits`. */
  readonly lastWritten: LastWritten | null
}

type Fields = Sink.Left["fields"]

/** Collects what becomes of the records of a batch. */
export class Verdicts {
  readonly outcomes: Uint8Array
  private readonly left = new Map<number, Sink.Left>()

  constructor(private readonly batch: Batch.Batch) {
    this.outcomes = new Uint8Array(batch.count)
  }

  reverse(n: number): void {
    this.outcomes[n - this.batch.first] = Sink.undone.reversed
  }

  leave(n: number, kind: Sink.Left["kind"], message: string, fields: Fields = []): void {
    const index = n - this.batch.first
    this.outcomes[index] = kind === "refused" ? Sink.undone.errored : Sink.undone.kept
    this.left.set(index, { index, kind, message, fields })
  }

  isReversed(n: number): boolean {
    return this.outcomes[n - this.batch.first] === Sink.undone.reversed
  }

  get undone(): Sink.UndoneBatch {
    return { outcomes: this.outcomes, left: [...this.left.values()].sort((a, b) => a.index - b.index) }
  }
}

const fieldsOf = (layout: Layout, columns: NonNullable<undoQuery.VerdictRow["fields"]>): Fields =>
  undoQuery.toldFields(layout).flatMap((positions, at) => {
    const texts = columns[at]
    if (texts === null || texts === undefined) return []
    return positions.map((position, nth) => {
      const { kind, name } = layout.entity.fields[position]!
      return { field: name, now: canonical(kind, texts[2 * nth]!), written: canonical(kind, texts[2 * nth + 1]!) }
    })
  })

// an image fits the columns it was made of
const checkColumns = (layout: Layout, { columns }: Written): Effect.Effect<void, Sink.SinkError> => {
  const now = Image.columns(layout).map(({ column }) => column.name)
  return columns === null || (columns.length === now.length && columns.every((name, at) => name === now[at]))
    ? Effect.void
    : Effect.fail(
        mismatch(
          `${layout.entity.name} in ${layout.label}: the job wrote the columns ${columns.join(", ")}, and the mapping now has ${now.join(", ")}; undo it with the mapping it was committed with`,
        ),
      )
}

/** Why a record is left that nothing refused. */
export const unexplained = "the server left it as it is without an error; a trigger, a rule or row level security keeps it"

/** See the file's first sentence. */
export const revertBatch = (
  connection: Connection,
  desk: UndoDesk,
  batch: Batch.Batch,
  ledger: Ledger,
  job: string,
): Effect.Effect<Sink.UndoneBatch, Sink.SinkError> =>
  Effect.gen(function* () {
    const verdicts = new Verdicts(batch)
    const written = yield* ledger.written(job, batch)
    if (written === null) return verdicts.undone
    const { found, outcomes, replaced } = written
    const isWritten = (index: number) => outcomes[index] === Sink.outcome.created || outcomes[index] === Sink.outcome.updated
    if (found === null) {
      for (let index = 0; index < batch.count; index++)
        if (isWritten(index))
          verdicts.leave(
            batch.first + index,
            "refused",
            "it was committed by a release that kept nothing of what was there before",
          )
      return verdicts.undone
    }
    yield* checkColumns(desk.layout, written)
    // a repeated batch found what it had written itself: what has an image was written
    const takes = (index: number) => replaced.has(index) || (outcomes[index] === Sink.outcome.created && !found.has(index))
    for (let index = 0; index < batch.count; index++) {
      if (!isWritten(index) || takes(index)) continue
      // it counts as written, and is as it was
      if (found.has(index)) verdicts.reverse(batch.first + index)
      else verdicts.leave(batch.first + index, "refused", "there is no image of what was there before")
    }
    yield* stage(connection, desk, batch, takes, replaced, ledger, job)
    const judged = (yield* connection.query(desk.statements.judge)).rows as ReadonlyArray<undoQuery.VerdictRow>
    const restore: Array<number> = []
    const remove: Array<number> = []
    for (const { fields, made, n: text, verdict } of judged) {
      const n = Number(text)
      if (verdict === "left") (made ? remove : restore).push(n)
      else if (verdict === "before" || verdict === "gone") verdicts.reverse(n)
      else if (verdict === "deleted") verdicts.leave(n, "changed", "somebody deleted it since")
      else if (verdict === "changed")
        verdicts.leave(n, "changed", "somebody changed it since", fieldsOf(desk.layout, fields ?? []))
      else verdicts.leave(n, "refused", "a trigger gave it another key when it was written")
    }
    // in the reverse of the order they were written in
    yield* restoreAll(connection, desk, restore, verdicts)
    yield* removeAll(connection, desk, yield* keepReferred(connection, desk, remove, verdicts), verdicts)
    yield* noteBack(connection, desk, judged, verdicts)
    return verdicts.undone
  })

// what is there again is what was written last before the job; of what is gone nothing was
const noteBack = (
  connection: Connection,
  { lastWritten }: UndoDesk,
  judged: ReadonlyArray<undoQuery.VerdictRow>,
  verdicts: Verdicts,
): Effect.Effect<void, Sink.SinkError> => {
  if (lastWritten === null) return Effect.void
  const of = (made: boolean) => judged.filter((row) => row.made === made && verdicts.isReversed(Number(row.n)))
  const rows = (some: ReadonlyArray<undoQuery.VerdictRow>) => `s."waybill:n" = ANY (${bigints(some.map(({ n }) => Number(n)))})`
  return Effect.asVoid(connection.queries([lastWritten.note(rows(of(false)), []), lastWritten.forget(rows(of(true)))]))
}

const stage = (
  connection: Connection,
  desk: UndoDesk,
  batch: Batch.Batch,
  takes: (index: number) => boolean,
  replaced: ReadonlySet<number>,
  ledger: Ledger,
  job: string,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    const { statements, target, text } = desk
    const fingerprint = (index: number) => (replaced.has(index) ? "0" : null)
    yield* connection.queries(statements.clear)
    yield* sendAll(connection, target, text.encode(batch, { takes, fingerprint }))
    yield* connection.query(statements.fill(ledger.images(job, batch, "before"), ledger.images(job, batch, "after")))
    yield* connection.query(statements.hold)
    // what others did until now is seen by the statements after
    yield* connection.queries(statements.find)
  })

const restoreAll = (
  connection: Connection,
  { statements }: UndoDesk,
  records: ReadonlyArray<number>,
  verdicts: Verdicts,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.map(attempt(connection, records, statements.restore), ({ done, refused }) => {
    for (const n of records) {
      const error = refused.get(n)
      if (done.has(n)) verdicts.reverse(n)
      else verdicts.leave(n, "refused", error === undefined ? unexplained : told(error))
    }
  })

const withCode = ({ code, message }: Sink.SinkError): string => (code === undefined ? message : `${message} (${code})`)

/** Why a record is left that the server refused. */
export const told = (error: Sink.SinkError): string => `the target refuses what was there before: ${withCode(error)}`

const byText = ({ constraint, label }: Pick<Referrer.Referrer, "constraint" | "label">): string =>
  `${label}${constraint === null ? "" : ` (${constraint})`}`

// what stays keeps what it refers to, so it is asked again until nothing more has to stay
const keepReferred = (
  connection: Connection,
  { referred, referrers, statements }: UndoDesk,
  records: ReadonlyArray<number>,
  verdicts: Verdicts,
): Effect.Effect<ReadonlyArray<number>, Sink.SinkError> =>
  Effect.gen(function* () {
    let going = records
    while (going.length > 0 && referred !== null) {
      yield* connection.query(Referrer.mark(statements.table, going))
      const { rows } = yield* connection.query(referred)
      if (rows.length === 0) break
      const staying = new Set<number>()
      for (const { by, n } of rows) {
        const referrer = referrers[Number(by)]!
        staying.add(Number(n))
        verdicts.leave(
          Number(n),
          "referenced",
          referrer.isVisible
            ? `a row of ${byText(referrer)} refers to it now`
            : `rows of ${byText(referrer)} may refer to it, which this role cannot see and a delete would take along`,
        )
      }
      going = going.filter((n) => !staying.has(n))
    }
    return going
  })

const removeAll = (
  connection: Connection,
  { layout, referrers, statements }: UndoDesk,
  records: ReadonlyArray<number>,
  verdicts: Verdicts,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.map(attempt(connection, records, statements.remove), ({ done, refused }) => {
    for (const n of records) {
      const error = refused.get(n)
      const constraint = error?.refused?.constraint ?? null
      const referrer = referrers.find((it) => it.constraint === constraint)
      if (done.has(n)) verdicts.reverse(n)
      else if (error === undefined) verdicts.leave(n, "refused", unexplained)
      else if (isStillReferred(error) && constraint !== null)
        verdicts.leave(n, "referenced", `a row of ${byText(referrer ?? { label: layout.label, constraint })} refers to it now`)
      else verdicts.leave(n, "refused", `the target does not let it be deleted: ${withCode(error)}`)
    }
  })
