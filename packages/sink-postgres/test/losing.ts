/** A connection that is lost at one call, and the calls at which a run tries it. */
import type { Sink } from "@waybill/core"
import { sampled } from "@waybill-internal/databases/testing"
import { Effect, type Scope } from "effect"
import type pg from "pg"
import type { PostgresSink } from "../src/index.ts"

/** At which call, counted from 0; either the statement is not sent, or its answer does not come. */
export interface Loss {
  readonly at: number
  readonly isSent: boolean
}

/** Runs something on a pool whose connection is lost at one call, with null at none. Tells how many calls were made, and how it ended. */
export const losing = async <A>(
  own: pg.Pool,
  loss: Loss | null,
  work: (pool: PostgresSink.PoolLike) => Effect.Effect<A, Sink.SinkError, Scope.Scope>,
): Promise<{ readonly calls: number; readonly ended: string }> => {
  let calls = 0
  const pool: PostgresSink.PoolLike = {
    connect: async () => {
      const client = await own.connect()
      const lose = () => (client as any).connection.stream.destroy()
      return {
        on: (event, listener) => client.on(event, listener),
        release: (destroy) => client.release(destroy),
        query: ((statement: any) => {
          if (calls++ !== loss?.at) return client.query(statement)
          if (!loss.isSent) lose()
          const answer: any = client.query(statement)
          if (!loss.isSent) return answer
          if (typeof statement === "string") return answer.finally(lose).then(() => client.query("SELECT"))
          answer.prependOnceListener("finish", lose)
          return answer
        }) as never,
      }
    },
  }
  const ended = await Effect.runPromise(
    Effect.scoped(work(pool)).pipe(
      Effect.map(() => "done"),
      Effect.catchTag("SinkError", ({ isRetryable, reason }) => Effect.succeed(`${reason} ${isRetryable}`)),
    ),
  )
  return { calls, ended }
}

/**
 * A third of all losses that so many calls allow, others in each run: of three calls in a row one is lost before it is sent, one before
 * its answer.
 */
export const someLosses = (calls: number): ReadonlyArray<Loss> =>
  sampled(
    Array.from({ length: calls }, (_, at) => at).flatMap(
      (at): ReadonlyArray<Loss> => [
        { at, isSent: false },
        { at, isSent: true },
      ],
    ),
    3,
  )
