/**
 * The shop's database: the one of `DATABASE_URL`, or one that is started to try the import out.
 *
 * @module
 */
import { createPostgresDatabase, type PrivateDatabase, startPostgres } from "@waybill-internal/databases"
import { Config, Data, Effect, Redacted, type Scope } from "effect"
import pg from "pg"
import { schema } from "./schema.ts"

/** The database could not be had. */
export class DatabaseError extends Data.TaggedError("DatabaseError")<{ readonly message: string }> {}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** A pool on a database; closed with the scope. */
export const poolOf = (url: string): Effect.Effect<pg.Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 10_000 })
      // an idle connection that breaks is replaced by the next one that is asked for
      pool.on("error", () => {})
      return pool
    }),
    (pool) => Effect.promise(() => pool.end()),
  )

/** A pool on the database of `DATABASE_URL`. */
export const pool: Effect.Effect<pg.Pool, DatabaseError, Scope.Scope> = Config.Redacted("DATABASE_URL").pipe(
  Effect.mapError(
    () => new DatabaseError({ message: "DATABASE_URL is not set; start a database to try this out with the command `database`" }),
  ),
  Effect.flatMap((url) => poolOf(Redacted.value(url))),
)

/** Makes the shop's tables, with the categories, series and brands it starts with. A database that has them already is left alone. */
export const setup = (pool: pg.Pool): Effect.Effect<void, DatabaseError> =>
  Effect.tryPromise({
    // statements sent together are one transaction
    try: () => pool.query(schema),
    catch: (cause) => new DatabaseError({ message: `the shop's tables were not made: ${messageOf(cause)}` }),
  }).pipe(Effect.asVoid)

/** A new server with a shop in it, for as long as the scope is open; nothing of it stays. */
export const trial: Effect.Effect<{ readonly url: string; readonly description: string }, DatabaseError, Scope.Scope> =
  Effect.gen(function* () {
    const failed = (cause: unknown) => new DatabaseError({ message: messageOf(cause) })
    const server = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => startPostgres({ durable: false }), catch: failed }),
      ({ stop }) => Effect.promise(stop),
    )
    const { url } = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => createPostgresDatabase(server), catch: failed }),
      ({ drop }: PrivateDatabase) => Effect.promise(drop),
    )
    yield* Effect.scoped(Effect.flatMap(poolOf(url), setup))
    return { url, description: server.description }
  })
