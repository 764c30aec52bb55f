/**
 * Sends encoded records to a stage and takes out those that the server refuses: each costs one more COPY, and the records around it
 * go in.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import type { Encoded } from "./CopyText.ts"
import { isAboutData } from "./classifyError.ts"
import type { Layout } from "./Layout.ts"
import { lineOf } from "./refusal.ts"

// after a refusal the next COPY is this many lines, and each that goes well doubles it: a batch of bad records is not sent over and over
const cautious = 64

/** Called for each line that the server refuses. */
export type OnRefused = (line: number, error: Sink.SinkError) => void

/** Copies all lines, or fails with the error of the first that the server refuses. */
export const sendAll = (connection: Connection, target: string, encoded: Encoded): Effect.Effect<void, Sink.SinkError> =>
  encoded.count === 0 ? Effect.void : connection.copy(target, encoded.bytes)

/** Copies the lines that the server takes: all of a batch's that it does, or none if the world fails. */
export const send = (
  connection: Connection,
  layout: Layout,
  target: string,
  encoded: Encoded,
  onRefused: OnRefused,
): Effect.Effect<void, Sink.SinkError> => {
  if (encoded.count === 0) return Effect.void
  // inside a transaction a failed COPY must not end it
  if (connection.inTransaction) return sift(connection, layout, target, encoded, onRefused, encoded.count)
  return Effect.catchTag(connection.copy(target, encoded.bytes), "SinkError", (error) =>
    isAboutData(error)
      ? connection.begin("ISOLATION LEVEL READ COMMITTED READ WRITE").pipe(
          Effect.andThen(sift(connection, layout, target, encoded, onRefused, lineOf(layout, error) ?? encoded.count)),
          Effect.andThen(connection.commit()),
          Effect.tapError(() => connection.rollback()),
        )
      : Effect.fail(error),
  )
}

const sift = (
  connection: Connection,
  layout: Layout,
  target: string,
  { bytes, count, starts }: Encoded,
  onRefused: OnRefused,
  size: number,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    const copy = (from: number, to: number) =>
      Effect.andThen(
        connection.query("SAVEPOINT waybill_lines"),
        connection.copy(target, bytes.subarray(starts[from]!, starts[to]!)),
      )
    let from = 0
    let next = size
    while (from < count) {
      const to = Math.min(from + next, count)
      const failure = yield* copy(from, to).pipe(
        Effect.as(null),
        Effect.catchTag("SinkError", (error) => (isAboutData(error) ? Effect.succeed(error) : Effect.fail(error))),
      )
      if (failure === null) {
        yield* connection.query("RELEASE SAVEPOINT waybill_lines")
        from = to
        next *= 2
        continue
      }
      yield* connection.queries(["ROLLBACK TO SAVEPOINT waybill_lines", "RELEASE SAVEPOINT waybill_lines"])
      const line = to - from === 1 ? 1 : lineOf(layout, failure)
      if (line === null || line > to - from) {
        next = (to - from) >> 1
        continue
      }
      // the lines before it were taken until this one came
      if (line > 1) {
        yield* copy(from, from + line - 1)
        yield* connection.query("RELEASE SAVEPOINT waybill_lines")
      }
      onRefused(from + line - 1, failure)
      from += line
      next = cautious
    }
  })
