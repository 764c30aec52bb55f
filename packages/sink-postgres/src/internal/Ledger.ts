/**
 * The sink's own tables: which worker has a job (its fencing token), and what became of each batch. Written in the transactions that
 * write the records.
 *
 * @module
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import type { QueryResult } from "./Driver.ts"
import * as Outcomes from "./Outcomes.ts"
import { bytes, identifier, literal } from "./Sql.ts"

// any number will do, as long as it is always the same
const lock = 7_926_214

/** The tables of one job. */
export class Ledger {
  private readonly jobs: string
  private readonly batches: string

  constructor(
    private readonly connection: Connection,
    private readonly schema: string,
    private readonly job: string,
    private readonly token: number,
    /** How long the transaction of a former worker must have stood still to be ended. */
    private readonly patience = "1 minute",
  ) {
    this.jobs = `${identifier(schema)}.job`
    this.batches = `${identifier(schema)}.batch`
  }

  /** Makes the tables if they are not there; a role that may not make any can use what another made. */
  create(): Effect.Effect<void, Sink.SinkError> {
    const { batches, connection, jobs, schema } = this
    return Effect.gen(function* () {
      const there = yield* connection.query(
        `SELECT to_regclass(${literal(jobs)}) IS NOT NULL AND to_regclass(${literal(batches)}) IS NOT NULL AS ready`,
      )
      if (there.rows[0].ready) return
      yield* connection.begin("ISOLATION LEVEL READ COMMITTED READ WRITE", [
        `SELECT pg_advisory_xact_lock(${lock})`,
        `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`,
        `CREATE TABLE IF NOT EXISTS ${jobs} (
          job text PRIMARY KEY, token bigint NOT NULL, pid int, connected_at timestamptz)`,
        `CREATE TABLE IF NOT EXISTS ${batches} (
          job text NOT NULL, entity text NOT NULL, part int NOT NULL, outcomes bytea NOT NULL, conflicts jsonb NOT NULL,
          before bytea, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (job, entity, part))`,
      ])
      yield* connection.commit()
    }).pipe(Effect.tapError(() => connection.rollback()))
  }

  /** The statement that raises the token and locks it until the transaction ends; {@link checked} reads its answer. */
  fence(): string {
    return `INSERT INTO ${this.jobs} AS j (job, token) VALUES (${literal(this.job)}, ${this.token})
      ON CONFLICT (job) DO UPDATE SET token = excluded.token WHERE j.token <= excluded.token RETURNING token`
  }

  /** Fails if a worker with a higher token has taken the job. */
  checked(result: QueryResult | undefined): Effect.Effect<void, Sink.SinkError> {
    return result?.rows.length === 1
      ? Effect.void
      : Effect.fail(
          new Sink.SinkError({
            reason: "Fenced",
            message: `another worker has taken job ${this.job} over; this one (token ${this.token}) writes nothing more of it`,
            isRetryable: false,
          }),
        )
  }

  /**
   * Raises the token for good, after ending what a former session of the job has left open and nobody goes on with: it would hold its
   * locks until the server misses its client. That is a session with the same token, which its worker has given up, or one of a worker
   * that has stood still.
   */
  enter(): Effect.Effect<void, Sink.SinkError> {
    const { connection, jobs, patience, token } = this
    const job = literal(this.job)
    return connection
      .queries([
        `SELECT pg_terminate_backend(a.pid, 5000) FROM ${jobs} j
          JOIN pg_catalog.pg_stat_activity a ON a.pid = j.pid AND a.backend_start = j.connected_at
          WHERE j.job = ${job} AND a.pid <> pg_backend_pid() AND a.usename = current_user AND (j.token = ${token} OR (
            j.token < ${token} AND a.state LIKE 'idle in transaction%' AND a.state_change <= clock_timestamp() - interval ${literal(patience)}))`,
        this.fence(),
        `UPDATE ${jobs} SET (pid, connected_at) = (
            SELECT pid, backend_start FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid())
          WHERE job = ${job} AND token = ${token}`,
      ])
      .pipe(Effect.flatMap((results) => this.checked(results[1])))
  }

  /** What earlier sessions have applied, by `entity/part`. */
  checkpoint(): Effect.Effect<ReadonlyMap<string, Sink.AppliedBatch>, Sink.SinkError> {
    return Effect.map(
      this.connection.query(`SELECT entity, part, outcomes, conflicts FROM ${this.batches} WHERE job = ${literal(this.job)}`),
      ({ rows }) =>
        new Map(
          rows.map((row) => [`${row.entity}/${row.part}`, { outcomes: Outcomes.read(row.outcomes), conflicts: row.conflicts }]),
        ),
    )
  }

  /** The statement that notes what became of a batch. */
  note(entity: string, part: number, applied: Sink.AppliedBatch): string {
    return `INSERT INTO ${this.batches} (job, entity, part, outcomes, conflicts)
      VALUES (${literal(this.job)}, ${literal(entity)}, ${part}, ${bytes(Outcomes.write(applied.outcomes))},
        ${literal(JSON.stringify(applied.conflicts))}::jsonb)
      ON CONFLICT (job, entity, part) DO UPDATE
        SET outcomes = excluded.outcomes, conflicts = excluded.conflicts, applied_at = excluded.applied_at`
  }
}
