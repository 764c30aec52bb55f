/**
 * The sink's own tables: which worker has a job (its fencing token), what became of each batch, and what an undo of it needs to know.
 * Written in the transactions that write the records.
 *
 * Of a batch there is one row, whatever its size: the outcomes, the images of what its updates replaced (`before_of`: of which records),
 * those of targets that a trigger made something else of (`after_of`, `after`), and the records that were as planned already (`found`).
 * A create that is as the job wrote it needs no image: the snapshot has it.
 *
 * @module
 */
import { type Batch, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Altered, Update } from "./applyQuery.ts"
import type { Connection } from "./Connection.ts"
import type { QueryResult } from "./Driver.ts"
import * as Image from "./Image.ts"
import type { Layout } from "./Layout.ts"
import * as Outcomes from "./Outcomes.ts"
import { bytes, identifier, literal } from "./Sql.ts"

// what a release with undo added
const added = [
  ["columns", "text[]"],
  ["before_of", "int[]"],
  ["before", "text[]"],
  ["after_of", "int[]"],
  ["after", "text[]"],
  ["found", "int[]"],
] as const

/** The lock of who makes the sink's tables; any number will do, as long as it is always the same. */
export const lock = 7_926_214

const rowOf = (job: string, { entity, part }: Batch.Batch): string =>
  `job = ${literal(job)} AND entity = ${literal(entity.name)} AND part = ${part}`

/** What a job wrote of a batch. */
export interface Written {
  readonly outcomes: Uint8Array
  /** Positions of records that were as planned already; null where an older release applied the batch, which kept nothing. */
  readonly found: ReadonlySet<number> | null
  /** The columns of the images, where there are any. */
  readonly columns: ReadonlyArray<string> | null
  /** Positions of records with an image of what was there before. */
  readonly replaced: ReadonlySet<number>
}

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

  /**
   * Makes the tables if they are not there, and brings those of an older release up to date; a role that may do neither can use what
   * another made.
   */
  create(): Effect.Effect<void, Sink.SinkError> {
    const { batches, connection, jobs, schema } = this
    const columns = `FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = to_regclass(${literal(batches)}) AND NOT a.attisdropped AND (a.attname, format_type(a.atttypid, NULL)) IN (
        ${added.map(([name, type]) => `('${name}', '${type.replace("int", "integer")}')`).join(", ")})`
    return Effect.gen(function* () {
      const there = yield* connection.query(
        `SELECT to_regclass(${literal(jobs)}) IS NOT NULL AND (SELECT count(*) = ${added.length} ${columns}) AS ready,
          to_regnamespace(${literal(identifier(schema))}) IS NOT NULL AS schema`,
      )
      if (there.rows[0].ready) return
      yield* connection.begin("ISOLATION LEVEL READ COMMITTED READ WRITE", [
        `SELECT pg_advisory_xact_lock(${lock})`,
        // asks for a right on the database even where the schema is there
        ...(there.rows[0].schema ? [] : [`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`]),
        `CREATE TABLE IF NOT EXISTS ${jobs} (
          job text PRIMARY KEY, token bigint NOT NULL, pid int, connected_at timestamptz)`,
        `CREATE TABLE IF NOT EXISTS ${batches} (
          job text NOT NULL, entity text NOT NULL, part int NOT NULL, outcomes bytea NOT NULL, conflicts jsonb NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (job, entity, part))`,
        // the first release had a column of this name that it never wrote
        `DO $$ BEGIN
          IF EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = to_regclass(${literal(batches)})
            AND a.attname = 'before' AND a.atttypid = 'bytea'::regtype)
          THEN ALTER TABLE ${batches} DROP COLUMN before; END IF; END $$`,
        `ALTER TABLE ${batches} ${added.map(([name, type]) => `ADD COLUMN IF NOT EXISTS ${name} ${type}`).join(", ")}`,
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

  /** What earlier sessions of an undo have taken back, by `entity/part`. */
  undone(): Effect.Effect<ReadonlyMap<string, Sink.UndoneBatch>, Sink.SinkError> {
    return Effect.map(
      this.checkpoint(),
      (batches) =>
        new Map(
          [...batches].map(([key, { conflicts, outcomes }]) => [
            key,
            { outcomes, left: conflicts as unknown as ReadonlyArray<Sink.Left> },
          ]),
        ),
    )
  }

  /**
   * Keeps every worker that still has another job from writing more of it, and waits for one that is about to. Done once, when the undo
   * of that job begins: whoever is given that job later has a higher token.
   */
  overtake(job: string): string {
    return `UPDATE ${this.jobs} SET token = token + 1
      WHERE job = ${literal(job)} AND NOT EXISTS (SELECT FROM ${this.jobs} WHERE job = ${literal(this.job)})`
  }

  /** What another job wrote of a batch; null if nothing. */
  written(job: string, batch: Batch.Batch): Effect.Effect<Written | null, Sink.SinkError> {
    return Effect.map(
      this.connection.query(`SELECT outcomes, found, columns, before_of FROM ${this.batches} WHERE ${rowOf(job, batch)}`),
      ({ rows }) =>
        rows.length === 0
          ? null
          : {
              outcomes: Outcomes.read(rows[0].outcomes),
              found: rows[0].found === null ? null : new Set<number>(rows[0].found),
              columns: rows[0].columns,
              replaced: new Set<number>(rows[0].before_of ?? []),
            },
    )
  }

  /** The rows `n, image` of the images that another job kept of a batch. */
  images(job: string, batch: Batch.Batch, which: "before" | "after"): string {
    return `SELECT ${batch.first} + i.at AS n, i.image
      FROM ${this.batches}, unnest(${which}_of, ${which}) AS i(at, image) WHERE ${rowOf(job, batch)}`
  }

  /** The statement that notes what an undo did with a batch. */
  noteUndone(batch: Batch.Batch, undone: Sink.UndoneBatch): string {
    return this.noted(batch, undone.outcomes, undone.left, "'{}'")
  }

  /**
   * The statement that notes what became of a batch. What was found as planned at the first time stays: at a second one the job itself
   * has written the rest.
   */
  note(batch: Batch.Batch, applied: Sink.AppliedBatch, found: ReadonlyArray<number>): string {
    return this.noted(batch, applied.outcomes, applied.conflicts, `'{${found.join(",")}}'::int[]`)
  }

  private noted({ entity, part }: Batch.Batch, outcomes: Uint8Array, told: ReadonlyArray<unknown>, found: string): string {
    return `INSERT INTO ${this.batches} AS b (job, entity, part, outcomes, conflicts, found)
      VALUES (${literal(this.job)}, ${literal(entity.name)}, ${part}, ${bytes(Outcomes.write(outcomes))},
        ${literal(JSON.stringify(told))}::jsonb, ${found})
      ON CONFLICT (job, entity, part) DO UPDATE SET outcomes = excluded.outcomes, conflicts = excluded.conflicts,
        found = coalesce(b.found, excluded.found), applied_at = excluded.applied_at`
  }

  /**
   * The statement that makes an update of a batch, or deletes of it, and keeps what that replaces, of these columns; it tells how many records
   * were `written`.
   */
  keep({ entity, first, part }: Batch.Batch, layout: Layout, update: Update, columns = Image.names(layout)): string {
    return `WITH replaced AS (${update.statement} RETURNING (${update.n} - ${first})::int AS at, ${update.before} AS image),
      kept AS (
        INSERT INTO ${this.batches} AS b (job, entity, part, outcomes, conflicts, columns, before_of, before)
        SELECT ${literal(this.job)}, ${literal(entity.name)}, ${part}, ''::bytea, '[]'::jsonb, ${columns},
          array_agg(at), array_agg(image) FROM replaced HAVING count(*) > 0
        ON CONFLICT (job, entity, part) DO UPDATE SET columns = excluded.columns,
          before_of = b.before_of || excluded.before_of, before = b.before || excluded.before)
      SELECT count(*)::int AS written FROM replaced`
  }

  /** The statement that keeps what triggers made of the records of a batch that is noted. */
  leave(
    { entity, first, part }: Pick<Batch.Batch, "entity" | "first" | "part">,
    layout: Layout,
    { after, n, source }: Altered,
  ): string {
    return `UPDATE ${this.batches} b SET columns = ${Image.names(layout)}, after_of = altered.at, after = altered.image
      FROM (SELECT array_agg((${n} - ${first})::int) AS at, array_agg(${after}) AS image ${source}) altered
      WHERE altered.at IS NOT NULL
        AND b.job = ${literal(this.job)} AND b.entity = ${literal(entity.name)} AND b.part = ${part}`
  }
}
