/**
 * How the stores ask the server: bound values, one statement at a time, on whichever connection of the pool is free.
 *
 * @module
 */
import { JobStore, type Sink } from "@waybill/core"
import { Effect } from "effect"
import { classifyError } from "./classifyError.ts"
import type { PoolLike, QueryResult } from "./Driver.ts"

/** What the stores use of a pool of `pg`. */
export interface StorePool extends PoolLike {
  query(statement: string, values: Array<unknown>): Promise<any>
}

/** A reason that both stores' errors have. */
export type StoreReason = "Unreachable" | "Capacity" | "Unknown"

/** What an error of the server is to a store. */
export const storeReason = ({ reason }: Sink.SinkError): StoreReason =>
  reason === "Unreachable" || reason === "Timeout" ? "Unreachable" : reason === "Capacity" ? "Capacity" : "Unknown"

/** What an error of the server is to the stores of jobs and of decisions. */
export const jobStoreError =
  (what: string) =>
  (error: Sink.SinkError): JobStore.JobStoreError =>
    new JobStore.JobStoreError({
      reason: storeReason(error),
      message: `${what}: ${error.message}`,
      isRetryable: error.isRetryable,
      cause: error.cause,
    })

/**
 * Runs a statement. One that was in another's way did nothing and is run again: where the database's default is serializable
 * transactions, two who save the same job meet so, and the second then sees what the first has saved.
 */
export const ask = (
  pool: StorePool,
  statement: string,
  values: ReadonlyArray<unknown>,
): Effect.Effect<QueryResult, Sink.SinkError> =>
  Effect.tryPromise({ try: () => pool.query(statement, [...values]) as Promise<QueryResult>, catch: classifyError }).pipe(
    Effect.retry({ times: 10, while: (error) => error.reason === "Contention" }),
  )

/** A text as a column holds it: PostgreSQL has no NUL, and UTF-8 no half surrogate pairs, so they are escaped as in JSON. */
export const stored = (text: string): string => JSON.stringify(text).slice(1, -1)

/** The text that {@link stored} was given. */
export const unstored = (text: string): string => JSON.parse(`"${text}"`) as string
