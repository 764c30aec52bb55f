/**
 * Reads a long answer in pieces, so that memory stays bounded by the piece.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { Effect, Option, Stream } from "effect"
import type { Connection } from "./Connection.ts"

let opened = 0

/** The rows of a statement, `size` at a time; needs an open transaction. */
export const rows = <Row>(connection: Connection, statement: string, size: number): Stream.Stream<Row, Sink.SinkError> =>
  Stream.unwrap(
    Effect.sync(() => {
      const name = `waybill_rows_${++opened}`
      const fetch: Effect.Effect<ReadonlyArray<Row>, Sink.SinkError> = Effect.map(
        connection.query(`FETCH FORWARD ${size} FROM ${name}`),
        (result) => result.rows,
      )
      return Stream.paginate(false, (isOpen) =>
        Effect.gen(function* () {
          if (!isOpen) yield* connection.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${statement}`)
          const page = yield* fetch
          if (page.length === size) return [page, Option.some(true)] as const
          yield* connection.query(`CLOSE ${name}`)
          return [page, Option.none<boolean>()] as const
        }),
      )
    }),
  )
