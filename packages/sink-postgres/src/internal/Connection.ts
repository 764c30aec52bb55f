/**
 * One connection taken from the user's pool for a session, and destroyed after it: what the session set or made (settings,
 * temporary tables) never comes back to the pool.
 *
 * @module
 */
import { Sink } from "@waybill/core"
import { Effect, type Scope } from "effect"
import { from as copyFrom } from "pg-copy-streams"
import { classifyError } from "./classifyError.ts"
import type { ClientLike, PoolLike, QueryResult } from "./Driver.ts"

// one representation of each value, whatever the role, the database or the pool has set; a plan makes its own temporary tables
const settings = `
  SET TimeZone = 'UTC';
  SET DateStyle = 'ISO, YMD';
  SET IntervalStyle = 'postgres';
  SET extra_float_digits = 1;
  SET bytea_output = 'hex';
  SET client_encoding = 'UTF8';
  SET client_min_messages = 'warning';
  SET default_transaction_read_only = off;
  SET jit = off;
  SET work_mem = '64MB'`

// a message of COPY is read whole before its rows are looked at
const chunkSize = 1 << 17

/** A connection for the time of a session. After an error that broke it, every call fails with that error. */
export class Connection {
  private broken: Sink.SinkError | null = null
  private pending = 0
  private open = false

  constructor(private readonly client: ClientLike) {
    client.on("error", (error) => {
      this.broken ??= classifyError(error)
    })
  }

  /** Whether a transaction is open. */
  get inTransaction(): boolean {
    return this.open
  }

  /** Runs one statement. */
  query(statement: string): Effect.Effect<QueryResult, Sink.SinkError> {
    return this.run(() => this.client.query(statement) as Promise<QueryResult>)
  }

  /** Runs several statements in one message, and gives the result of each. */
  queries(statements: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<QueryResult>, Sink.SinkError> {
    return Effect.map(
      this.run(() => this.client.query(statements.join(";\n")) as Promise<QueryResult | ReadonlyArray<QueryResult>>),
      (results) => (Array.isArray(results) ? results : [results]) as ReadonlyArray<QueryResult>,
    )
  }

  /** Begins a transaction, with further statements in the same message; gives their results. */
  begin(mode: string, statements: ReadonlyArray<string> = []): Effect.Effect<ReadonlyArray<QueryResult>, Sink.SinkError> {
    return Effect.suspend(() => {
      this.open = true
      return Effect.map(this.queries([`BEGIN TRANSACTION ${mode}`, ...statements]), (results) => results.slice(1))
    })
  }

  /** Commits, with statements before it in the same message. */
  commit(statements: ReadonlyArray<string> = []): Effect.Effect<void, Sink.SinkError> {
    return Effect.map(this.queries([...statements, "COMMIT"]), () => {
      this.open = false
    })
  }

  /** Rolls back if a transaction is open; a connection that is broken has done so. */
  rollback(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.open) return Effect.void
      this.open = false
      return Effect.ignore(this.query("ROLLBACK"))
    })
  }

  /** Sends bytes in COPY text format. */
  copy(statement: string, bytes: Uint8Array): Effect.Effect<void, Sink.SinkError> {
    return this.run(
      () =>
        new Promise<void>((resolve, reject) => {
          const stream = this.client.query(copyFrom(`COPY ${statement} FROM STDIN (FORMAT text, ENCODING 'UTF8')`))
          stream.on("error", reject)
          stream.on("finish", () => resolve())
          for (let at = 0; at < bytes.length; at += chunkSize) stream.write(bytes.subarray(at, at + chunkSize))
          stream.end()
        }),
    )
  }

  private run<A>(send: () => Promise<A>): Effect.Effect<A, Sink.SinkError> {
    return Effect.suspend(() => {
      if (this.broken !== null) return Effect.fail(this.broken)
      this.pending++
      return Effect.tryPromise({
        try: () =>
          send().finally(() => {
            this.pending--
          }),
        catch: (error) => {
          const classified = classifyError(error)
          if (classified.reason === "Unreachable") this.broken ??= classified
          return this.broken ?? classified
        },
      })
    })
  }

  /** Ends the transaction and the connection. A statement that is still under way is cut off with it. */
  close(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.broken === null && this.pending === 0 ? Effect.ignore(Effect.timeout(this.rollback(), "5 seconds")) : Effect.void,
    ).pipe(Effect.andThen(Effect.sync(() => this.client.release(true))))
  }
}

const take = (pool: PoolLike): Effect.Effect<ClientLike, Sink.SinkError> =>
  Effect.callback<ClientLike, Sink.SinkError>((resume, signal) => {
    pool.connect().then(
      // who asked has gone meanwhile
      (client) => (signal.aborted ? client.release() : resume(Effect.succeed(client))),
      (error) => resume(Effect.fail(classifyError(error))),
    )
  })

/** Takes a connection of the pool until the scope closes, and makes its settings. */
export const connect = (pool: PoolLike): Effect.Effect<Connection, Sink.SinkError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(take(pool), (client) => new Connection(client)),
    (connection) => connection.close(),
    { interruptible: true },
  ).pipe(Effect.tap((connection) => connection.query(settings)))

/** A world that is not as the mapping says. */
export const mismatch = (message: string): Sink.SinkError =>
  new Sink.SinkError({ reason: "SchemaMismatch", message, isRetryable: false })
