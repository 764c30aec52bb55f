/**
 * Does to as many records as the server lets: where it refuses some, halves them until the refused stand alone, and the others go on.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import { isAboutData } from "./classifyError.ts"

/** What became of the records. */
export interface Attempted {
  readonly done: ReadonlySet<number>
  /** Those that were refused, and why; who is in neither was passed over without a word. */
  readonly refused: ReadonlyMap<number, Sink.SinkError>
}

/** `statement` does it to some records, and tells by their numbers `n` to which. Needs an open transaction. */
export const attempt = (
  connection: Connection,
  records: ReadonlyArray<number>,
  statement: (records: ReadonlyArray<number>) => string,
): Effect.Effect<Attempted, Sink.SinkError> =>
  Effect.gen(function* () {
    const done = new Set<number>()
    let refused = new Map<number, Sink.SinkError>()
    const some = (part: ReadonlyArray<number>): Effect.Effect<void, Sink.SinkError> =>
      Effect.gen(function* () {
        if (part.length === 0) return
        const answer = yield* Effect.catchTag(
          connection.queries(["SAVEPOINT waybill_attempt", statement(part), "RELEASE SAVEPOINT waybill_attempt"]),
          "SinkError",
          (error) => (isAboutData(error) ? Effect.succeed(error) : Effect.fail(error)),
        )
        if ("length" in answer) {
          for (const { n } of answer[1]!.rows) done.add(Number(n))
          return
        }
        yield* connection.queries(["ROLLBACK TO SAVEPOINT waybill_attempt", "RELEASE SAVEPOINT waybill_attempt"])
        if (part.length === 1) {
          refused.set(part[0]!, answer)
          return
        }
        const middle = part.length >> 1
        yield* some(part.slice(0, middle))
        yield* some(part.slice(middle))
      })
    for (let left = records; left.length > 0; ) {
      refused = new Map()
      yield* some(left)
      // what stood in the way of one may be gone with another
      if (refused.size === left.length) break
      left = [...refused.keys()]
    }
    return { done, refused }
  })
