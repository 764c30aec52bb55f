/** All or nothing, whole batches only, and once, whatever breaks off when. */
import { Entity, Field, type Sink } from "@waybill/core"
import { Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { connect } from "../src/internal/Connection.ts"
import { Ledger } from "../src/internal/Ledger.ts"
import { batches, commit, commitWithin, errorOf, type Input, plan, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Group = Entity.make("group", { schema: { key: Field.text() }, key: "key" })
const Item = Entity.make("item", {
  schema: { key: Field.text(), group: Field.text(), count: Field.integer() },
  key: "key",
  references: { group: Group },
})

const ddl = `
  CREATE TABLE $S.group (key text PRIMARY KEY);
  CREATE TABLE $S.allowed (count int PRIMARY KEY);
  INSERT INTO $S.allowed SELECT generate_series(0, 999);
  CREATE TABLE $S.item (key text PRIMARY KEY, "group" text NOT NULL REFERENCES $S.group, count int NOT NULL REFERENCES $S.allowed)`

const items = Array.from({ length: 40 }, (_, at) => ({ key: `k${at}`, group: `g${at % 3}`, count: at }))
const input = (records: ReadonlyArray<object> = items): Input => [
  [Group, batches(Group, [{ key: "g0" }, { key: "g1" }, { key: "g2" }])],
  [Item, batches(Item, records as never, 10)],
]

const setUp = async () => {
  const schema = await database.schema(ddl)
  const sink = PostgresSink.make({
    pool: database.pool,
    schema,
    tables: { item: PostgresSink.table(`${schema}.item`), group: PostgresSink.table(`${schema}.group`) },
  })
  const count = async (): Promise<number> => (await database.rows(`SELECT count(*)::int FROM ${schema}.item`))[0].count
  return { schema, sink, count }
}

// ends all connections but the one that says so
const killAll = Effect.promise(async () => {
  const client = await database.pool.connect()
  try {
    await client.query(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
  } finally {
    client.release()
  }
})

describe("transactions", () => {
  it("atomic: a violation in the last record takes everything back, and says which record", async () => {
    const { count, schema, sink } = await setUp()
    const planned = await plan(sink, input([...items, { key: "last", group: "g0", count: 5_000 }]))
    const error = await errorOf(commitWithin(sink, planned))
    expect(error).toMatchObject({
      reason: "DataRefused",
      isRetryable: false,
      code: "23503",
      refused: { entity: "item", part: 4, index: 0, constraint: "item_count_fkey" },
    })
    expect(await count()).toBe(0)
    expect(await database.rows(`SELECT * FROM ${schema}.group UNION ALL SELECT job FROM ${schema}.batch`)).toEqual([])
  })

  it("batched: a violation takes its batch back, and the session goes on", async () => {
    const { count, schema, sink } = await setUp()
    const planned = await plan(sink, input(items.map((it, at) => (at === 15 ? { ...it, count: 5_000 } : it))))
    const { outcomes } = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.commit({
            job: "j",
            token: 1,
            planHash: "",
            transaction: "batched",
            onConflict: "abort",
            entities: [Group, Item],
          })
          const [group] = planned.get(Group)!
          yield* session.apply(group!.batch, group!.planned)
          const outcomes: Array<string> = []
          for (const { batch, planned: part } of planned.get(Item)!)
            outcomes.push(
              yield* session.apply(batch, part).pipe(
                Effect.as("applied"),
                Effect.catchTag("SinkError", ({ reason, refused }) => Effect.succeed(`${reason} ${refused?.index}`)),
              ),
            )
          return { outcomes }
        }),
      ),
    )
    expect(outcomes).toEqual(["applied", "DataRefused 5", "applied", "applied"])
    expect(await count()).toBe(30)
    expect(await database.rows(`SELECT entity, part FROM ${schema}.batch ORDER BY 1, 2`)).toEqual([
      { entity: "group", part: 0 },
      { entity: "item", part: 0 },
      { entity: "item", part: 2 },
      { entity: "item", part: 3 },
    ])
  })

  for (const transaction of ["atomic", "batched"] as const)
    it(`${transaction}: a connection that dies leaves ${transaction === "atomic" ? "nothing" : "whole batches"}, and the next session ends it with the same counts`, async () => {
      const { count, sink } = await setUp()
      const planned = await plan(sink, input(), { preferred: transaction })
      const error = await errorOf(
        commitWithin(sink, planned, {
          job: "dies",
          transaction,
          before: (key) => (key === "item/2" ? killAll : Effect.void),
        }),
      )
      expect([error.reason, error.isRetryable]).toEqual(["Unreachable", true])
      expect(await count()).toBe(transaction === "atomic" ? 0 : 20)
      const sent: Array<string> = []
      const committed = await commit(sink, planned, {
        job: "dies",
        token: 2,
        transaction,
        before: (key) => Effect.sync(() => sent.push(key)),
      })
      expect(committed.counts).toEqual({ created: 43, updated: 0, conflict: 0, failed: 0 })
      expect(committed.mismatches).toEqual([])
      expect(await count()).toBe(40)
    })

  it("batched: what the checkpoint has is told from it, with its conflicts, and verified", async () => {
    const { schema, sink } = await setUp()
    const planned = await plan(sink, input(), { preferred: "batched" })
    await database.rows(`INSERT INTO ${schema}.group VALUES ('g1'); INSERT INTO ${schema}.item VALUES ('k3', 'g1', 999)`)
    const options = { job: "again", transaction: "batched", onConflict: "skip" } as const
    const first = await commit(sink, planned, options)
    expect(first.counts).toEqual({ created: 42, updated: 0, conflict: 1, failed: 0 })
    await database.rows(`UPDATE ${schema}.item SET count = 77 WHERE key = 'k20'; DELETE FROM ${schema}.item WHERE key = 'k21'`)
    const second = await commit(sink, planned, { ...options, token: 2 })
    expect(second.counts).toEqual(first.counts)
    expect(second.conflicts).toEqual(first.conflicts)
    expect(second.mismatches).toEqual([
      { key: "k20", kind: "different", fields: ["count"] },
      { key: "k21", kind: "missing", fields: [] },
    ])
  })

  it("atomic: a commit whose answer was lost is found done", async () => {
    const { sink } = await setUp()
    const planned = await plan(sink, input())
    await commit(sink, planned, { job: "lost" })
    const asked: Array<string> = []
    const second = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.commit({
            job: "lost",
            token: 1,
            planHash: "",
            transaction: "atomic",
            onConflict: "abort",
            entities: [Group, Item],
          })
          asked.push(...session.checkpoint.keys())
          yield* session.complete
          return session
        }),
      ),
    )
    expect(second.checkpoint.size).toBe(5)
    expect(asked.sort()).toEqual(["group/0", "item/0", "item/1", "item/2", "item/3"])
  })

  for (const transaction of ["atomic", "batched"] as const)
    it(`${transaction}: a worker whose job was taken over writes nothing more`, async () => {
      const { count, sink } = await setUp()
      const planned = await plan(sink, input())
      const takeOver: Effect.Effect<unknown, never> = Effect.scoped(
        sink.commit({ job: "mine", token: 6, planHash: "", transaction, onConflict: "abort", entities: [Group, Item] }),
      ).pipe(Effect.orDie)
      const error = await errorOf(
        commitWithin(sink, planned, {
          job: "mine",
          token: 5,
          transaction,
          before: (key) => (key === "item/2" ? takeOver : Effect.void),
        }),
      )
      expect([error.reason, error.isRetryable]).toEqual(["Fenced", false])
      expect(await count()).toBe(transaction === "atomic" ? 0 : 20)
      expect((await errorOf(commitWithin(sink, planned, { job: "mine", token: 5, transaction }))).reason).toBe("Fenced")
      expect((await commit(sink, planned, { job: "mine", token: 6, transaction })).counts.created).toBe(43)
    })

  it("a session that its worker has given up holds nobody up", async () => {
    const { count, sink } = await setUp()
    const planned = await plan(sink, input())
    // the second session begins while the first has all but the last batch in an open transaction
    const second = Effect.promise(() => commit(sink, planned, { job: "given up", token: 3 }))
    const error = await errorOf(
      commitWithin(sink, planned, {
        job: "given up",
        token: 3,
        before: (key) => (key === "item/3" ? second : Effect.void),
      }),
    )
    expect(error.reason).toBe("Unreachable")
    expect(await count()).toBe(40)
  })

  it("a worker that takes a job over ends the transaction of one that stands still, and of no other", async () => {
    const { schema, sink } = await setUp()
    const planned = await plan(sink, input())
    const takeOver = (token: number, patience: string) =>
      Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* connect(database.pool)
          yield* new Ledger(connection, schema, "still", token, patience).enter()
        }),
      )
    const reasons: Array<string> = []
    for (const [token, patience] of [
      [1, "1 hour"],
      [3, "0 s"],
    ] as const)
      reasons.push(
        (
          await errorOf(
            commitWithin(sink, planned, {
              job: "still",
              token,
              before: (key) => (key === "item/3" ? takeOver(token + 1, patience).pipe(Effect.orDie) : Effect.void),
            }),
          )
        ).reason,
      )
    expect(reasons).toEqual(["Fenced", "Unreachable"])
  })

  it("sessions that begin at once make the sink's tables once", async () => {
    const { schema, sink } = await setUp()
    const open = (at: number) =>
      Effect.scoped(
        sink.commit({
          job: `j${at}`,
          token: 1,
          planHash: "",
          transaction: "atomic",
          onConflict: "abort",
          entities: [Group, Item],
        }),
      )
    await Effect.runPromise(Effect.forEach([1, 2, 3, 4, 5, 6], open, { concurrency: "unbounded" }))
    expect(await database.rows(`SELECT count(*)::int FROM ${schema}.job`)).toEqual([{ count: 6 }])
  })

  it("a plan whose connection dies fails, at once and from then on", async () => {
    const { sink } = await setUp()
    const errors = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.plan({ job: "j", entities: [Group, Item], preferred: null })
          const [first, second] = input()[1]![1]
          yield* session.stage(first!)
          yield* killAll
          const failures: Array<Sink.SinkError> = []
          failures.push(yield* Effect.flip(session.stage(second!)))
          failures.push(yield* Effect.flip(session.stage(second!)))
          failures.push(yield* Effect.flip(session.existing(Item, [["k1"]])))
          return failures
        }),
      ),
    )
    expect(errors.map((it) => it.reason)).toEqual(["Unreachable", "Unreachable", "Unreachable"])
  })

  it("leaves no connection, no transaction and no lock behind when it is interrupted", async () => {
    const { count, sink } = await setUp()
    const planned = await plan(sink, input())
    const fiber = Effect.runFork(
      Effect.scoped(commitWithin(sink, planned, { before: (key) => (key === "item/3" ? Effect.never : Effect.void) })),
    )
    for (;;) {
      const open = await database.rows(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
      )
      if (open.length > 0) break
    }
    await Effect.runPromise(Fiber.interrupt(fiber))
    // a connection that is cut in the middle of a statement is gone when the server notices it
    for (;;) {
      const open = await database.rows(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL",
      )
      if (open.length === 0) break
    }
    expect(await count()).toBe(0)
    expect(tallyOf(await plan(sink, input()), Item).create).toBe(40)
  })
})
