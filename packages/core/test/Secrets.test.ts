import { Engine, JobStore, Sink, SnapshotStore, Source } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Logger, Schedule, Stream } from "effect"
import { expect, test } from "vitest"
import { columns, definition, products, run } from "./support/products.ts"

const secret = "hunter2-very-secret"

// what a driver's error has about it: the connection string, the request with its headers
const cause = Object.assign(new Error(`connect postgres://user:${secret}@db failed`), {
  config: { headers: { "x-api-key": secret }, url: `https://api.test/?key=${secret}` },
})

const source = TestSource.make({ columns, rows: products(3) })
const sourceError = new Source.SourceError({ reason: "Refused", message: "the key was refused", isRetryable: false, cause })
const busy = new Source.SourceError({ reason: "Busy", message: "come back later", isRetryable: true, cause })
const sinkError = new Sink.SinkError({ reason: "Unauthorized", message: "the user was refused", isRetryable: false, cause })
const broken = new Sink.SinkError({ reason: "Unreachable", message: "connection reset", isRetryable: true, cause })
const sink = MemorySink.make()

const runs: ReadonlyArray<
  readonly [name: string, code: string, effect: Effect.Effect<{ id: string; failure: unknown }, unknown, any>]
> = [
  [
    "a source that cannot be identified",
    "source.Refused",
    Engine.run(definition(sink), { ...source, identify: Effect.fail(sourceError) }),
  ],
  [
    "a source that breaks off",
    "source.Refused",
    Engine.run(definition(sink), { ...source, read: () => Stream.fail(sourceError) }),
  ],
  [
    "a source that is tried again",
    "source.Busy",
    Engine.run(definition(sink, { retry: Schedule.recurs(2) }), { ...source, read: () => Stream.fail(busy) }),
  ],
  [
    "a target that refuses to plan",
    "sink.Unauthorized",
    Engine.run(definition({ ...sink, plan: () => Effect.fail(sinkError) }), source),
  ],
  [
    "a target that breaks off while it is staged",
    "sink.Unreachable",
    Engine.run(
      definition(
        {
          ...sink,
          plan: (context) =>
            Effect.map(sink.plan(context), (it) => ({
              ...it,
              stage: () => Effect.fail(broken),
              plan: () => Stream.fail(broken),
            })),
        },
        { retry: Schedule.recurs(1) },
      ),
      source,
    ),
  ],
  [
    "a target that refuses the commit",
    "sink.Unreachable",
    Engine.run(definition({ ...sink, commit: () => Effect.fail(broken) }, { retry: Schedule.recurs(1) }), source),
  ],
]

test.each(runs)(
  "%s: neither job nor issue, sealed part nor log line has what its error's cause had",
  async (_name, code, effect) => {
    await run(
      Effect.gen(function* () {
        const logged: Array<string> = []
        // everything a logger is handed, causes and annotations included
        const all = Logger.make((entry) => void logged.push(inspected(entry)))
        const job = yield* Effect.provide(effect, Logger.layer([all]))
        expect(job.failure).toMatchObject({ code })
        const jobs = yield* JobStore.JobStore
        const parts = yield* SnapshotStore.SnapshotStore
        const kept = [JSON.stringify(yield* jobs.get(job.id)), JSON.stringify(yield* jobs.issues(job.id)), ...logged]
        for (const { name } of yield* parts.list(job.id)) kept.push(Buffer.from(yield* parts.get(job.id, name)).toString("utf8"))
        expect(logged.length).toBeGreaterThan(0)
        for (const text of kept) expect(text).not.toContain(secret)
      }),
    )
  },
)

const inspected = (entry: Logger.Options<unknown>): string => {
  const seen = new WeakSet<object>()
  return JSON.stringify([entry.message, String(entry.cause), entry.cause.reasons], (_key, value: unknown) => {
    if (typeof value === "bigint") return String(value)
    if (typeof value !== "object" || value === null) return value
    if (seen.has(value)) return null
    seen.add(value)
    // an error's own members and its cause, which JSON leaves out
    return value instanceof Error ? { ...value, message: value.message, cause: value.cause } : value
  })
}
