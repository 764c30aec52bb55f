/**
 * The reports' database: the one of `DATABASE_URL`, or one that is started to try this out.
 *
 * @module
 */
import { createPostgresDatabase, type PrivateDatabase, startPostgres } from "@waybill-internal/databases"
import { Config, Context, Data, Effect, Layer, Option, Redacted, Semaphore } from "effect"
import pg from "pg"
import { schema } from "./schema.ts"

/** The database could not be had, or refused a statement. */
export class DatabaseError extends Data.TaggedError("DatabaseError")<{ readonly message: string; readonly cause?: unknown }> {}

/** Runs asynchronous work on the database. `what` begins the sentence of its failure. */
export const attempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, DatabaseError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new DatabaseError({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause }),
  })

/** A pool on a database; closed with the scope. */
const poolOf = (url: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 10_000 })
      // an idle connection that breaks is replaced by the next one that is asked for
      pool.on("error", () => {})
      return pool
    }),
    (pool) => Effect.promise(() => pool.end()),
  )

/** A new server with an empty database, for as long as the scope is open; nothing of it stays. */
const trial = Effect.gen(function* () {
  const server = yield* Effect.acquireRelease(
    attempt("a PostgreSQL could not be started", () => startPostgres({ durable: false })),
    ({ stop }) => Effect.promise(stop),
  )
  const { url } = yield* Effect.acquireRelease(
    attempt("a database could not be made", () => createPostgresDatabase(server)),
    ({ drop }: PrivateDatabase) => Effect.promise(drop),
  )
  return { url, description: `${server.description}; it is thrown away at the end` }
})

/** The database, a service. */
export class Database extends Context.Service<
  Database,
  {
    readonly pool: pg.Pool
    readonly description: string
    /** One permit: whose turn it is in this process. */
    readonly turn: Semaphore.Semaphore
  }
>()("@waybill-examples/csv-hourly-report/Database") {
  /** The database of an address, with the tables made where they are not there. */
  static readonly at = (url: string, description = "the database of DATABASE_URL") =>
    Layer.effect(
      Database,
      Effect.gen(function* () {
        const pool = yield* poolOf(url)
        yield* attempt("the tables could not be made", () => pool.query(schema))
        return { pool, description, turn: yield* Semaphore.make(1) }
      }),
    )

  /** The database of `DATABASE_URL`; where that is not set, one that lives as long as this process. */
  static readonly layer = Layer.unwrap(
    Effect.gen(function* () {
      const url = yield* Config.option(Config.Redacted("DATABASE_URL"))
      if (Option.isSome(url)) return Database.at(Redacted.value(url.value))
      const started = yield* trial
      return Database.at(started.url, started.description)
    }),
  )
}

/** Runs one statement. */
export const query = (
  what: string,
  statement: string,
  values: ReadonlyArray<unknown> = [],
): Effect.Effect<ReadonlyArray<Readonly<Record<string, any>>>, DatabaseError, Database> =>
  Effect.flatMap(Database, ({ pool }) => attempt(what, async () => (await pool.query(statement, [...values])).rows))

/** A connection of one's own in a transaction, which is committed when the effect succeeds and rolled back else. */
export const transaction = <A, E, R>(
  isolation: "READ COMMITTED" | "REPEATABLE READ",
  use: (client: pg.PoolClient) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | DatabaseError, R | Database> =>
  Effect.flatMap(Database, ({ pool }) =>
    Effect.acquireUseRelease(
      attempt("no connection", () => pool.connect()),
      (client) =>
        Effect.gen(function* () {
          yield* attempt("a transaction could not begin", () => client.query(`BEGIN ISOLATION LEVEL ${isolation}`))
          const result = yield* use(client)
          yield* attempt("the transaction was not committed", () => client.query("COMMIT"))
          return result
        }),
      (client, exit) =>
        exit._tag === "Success"
          ? Effect.sync(() => client.release())
          : Effect.promise(async () => {
              // a connection that cannot even roll back is not used again
              const broken = await client.query("ROLLBACK").then(
                () => false,
                () => true,
              )
              client.release(broken)
            }),
    ),
  )
