/**
 * The history of runs: what was done when, to how many rows, and how it ended. One run at a time, in all processes together.
 *
 * @module
 */
import { Clock, Effect, Metric } from "effect"
import { attempt, Database, type DatabaseError, query } from "./Database.ts"

/** What a run does. */
export type Kind = "ingest" | "hourly" | "daily" | "archive"

/** What came of a run. */
export interface Outcome {
  /** `skipped`: the same bytes were ingested before. */
  readonly status: "success" | "partial" | "skipped" | "failed"
  readonly job?: string
  readonly rowsLoaded?: number
  readonly rowsRejected?: number
  readonly rowsAggregated?: number
  readonly message?: string
}

/** A run with its outcome, as it is told. */
export interface Run extends Outcome {
  readonly id: number
  readonly kind: Kind
  /** The name of the drop, or of the report's file. */
  readonly subject: string
}

const runs = Metric.counter("taxi_runs", { description: "Runs by what they did and how they ended", incremental: true })
const rows = Metric.counter("taxi_rows", { description: "Rows of drops, loaded and rejected", incremental: true })

const count = (kind: Kind, { rowsLoaded = 0, rowsRejected = 0, status }: Outcome) =>
  Effect.all(
    [
      Metric.update(Metric.withAttributes(runs, { kind, status }), 1),
      Metric.update(Metric.withAttributes(rows, { outcome: "loaded" }), rowsLoaded),
      Metric.update(Metric.withAttributes(rows, { outcome: "rejected" }), rowsRejected),
    ],
    { discard: true },
  )

// "taxi" as a number; whoever works in this database takes it
const lock = 0x74617869

const now = Effect.map(Clock.currentTimeMillis, (time) => new Date(time).toISOString())

/**
 * Does something that nobody else does meanwhile, in this process or another. It waits for its turn; the database lets go of a process that
 * died. Who waits in this process holds no connection: else as many as the pool has would wait for one that finds none.
 */
export const exclusively = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | DatabaseError, R | Database> =>
  Effect.flatMap(Database, ({ pool, turn }) =>
    Effect.acquireUseRelease(
      attempt("no connection", async () => {
        const client = await pool.connect()
        try {
          await client.query("SELECT pg_advisory_lock($1)", [lock])
          return client
        } catch (error) {
          client.release(true)
          throw error
        }
      }),
      () => effect,
      // closing the connection gives the lock back, whatever state it is in
      (client) => Effect.sync(() => client.release(true)),
    ).pipe(turn.withPermit),
  )

/**
 * Runs an effect as an entry of the history; call it {@link exclusively}. Entries of runs that never ended are `interrupted` from now on: their
 * process is gone. A failure is written down and passed on.
 */
export const recorded = <O extends Outcome, E extends { readonly message: string }, R>(
  kind: Kind,
  subject: string,
  effect: Effect.Effect<O, E, R>,
): Effect.Effect<Run & O, E | DatabaseError, R | Database> =>
  Effect.gen(function* () {
    yield* query(
      "the history could not be read",
      "UPDATE taxi.run SET status = 'interrupted', ended_at = $1, message = 'its process ended' WHERE status = 'running'",
      [yield* now],
    )
    const [begun] = yield* query(
      "the run could not be written down",
      "INSERT INTO taxi.run (kind, subject, started_at, status) VALUES ($1, $2, $3, 'running') RETURNING id",
      [kind, subject, yield* now],
    )
    const id = Number(begun!["id"])
    const end = (outcome: Outcome) =>
      Effect.flatMap(now, (time) =>
        query(
          "the run's end could not be written down",
          `UPDATE taxi.run SET ended_at = $2, job = $3, rows_loaded = $4, rows_rejected = $5, rows_aggregated = $6, status = $7, message = $8
           WHERE id = $1`,
          [
            id,
            time,
            outcome.job ?? null,
            outcome.rowsLoaded ?? 0,
            outcome.rowsRejected ?? 0,
            outcome.rowsAggregated ?? 0,
            outcome.status,
            outcome.message ?? null,
          ],
        ),
      ).pipe(Effect.andThen(count(kind, outcome)))
    const outcome = yield* Effect.tapError(effect, ({ message }) => end({ status: "failed", message }))
    yield* end(outcome)
    return { ...outcome, id, kind, subject }
  })

/** The last run of a drop; `undefined` where there is none. */
export const lastOf = (drop: string): Effect.Effect<Run | undefined, DatabaseError, Database> =>
  Effect.map(
    query(
      "the history could not be read",
      `SELECT id, job, rows_loaded, rows_rejected, rows_aggregated, status, message FROM taxi.run
       WHERE kind = 'ingest' AND subject = $1 AND status IN ('success', 'partial', 'skipped', 'failed') ORDER BY id DESC LIMIT 1`,
      [drop],
    ),
    ([run]) =>
      run && {
        status: run["status"] as Run["status"],
        ...(run["job"] === null ? {} : { job: String(run["job"]) }),
        rowsLoaded: Number(run["rows_loaded"]),
        rowsRejected: Number(run["rows_rejected"]),
        rowsAggregated: Number(run["rows_aggregated"]),
        ...(run["message"] === null ? {} : { message: String(run["message"]) }),
        id: Number(run["id"]),
        kind: "ingest",
        subject: drop,
      },
  )

/** The last runs, newest first. */
export const history = (limit: number) =>
  query(
    "the history could not be read",
    `SELECT id, kind, subject, job, started_at, ended_at, rows_loaded, rows_rejected, rows_aggregated, status, message
     FROM taxi.run ORDER BY id DESC LIMIT $1`,
    [limit],
  )
