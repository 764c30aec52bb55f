/** Undo in the order it needs: records that refer to each other, values that moved, workers that break off, wait or are overtaken. */
import { Entity, Field, type Sink } from "@waybill/core"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, commitWithin, errorOf, type Input, plan, undo, undoWithin, useDatabase } from "./harness.ts"
import { type Loss, losing, someLosses } from "./losing.ts"

const database = useDatabase()

const Node = Entity.make("node", {
  schema: {
    slug: Field.text(),
    parent: Field.nullable(Field.text()),
    code: Field.nullable(Field.integer()),
    seen: Field.integer(),
  },
  key: "slug",
  volatile: ["seen"],
  references: {},
})
// the entity has to be there to refer to itself
const Tree = Object.assign(Node, { references: [{ name: "parent", entity: Node, positions: [1] }] })

const kinds = {
  "by surrogate id": `id serial PRIMARY KEY, slug text UNIQUE, parent_id int REFERENCES $S.node ON DELETE CASCADE`,
  "by natural key": `slug text PRIMARY KEY, parent text REFERENCES $S.node (slug) ON DELETE SET NULL`,
}

const setUp = async (kind: keyof typeof kinds, rows = "") => {
  const schema = await database.schema(`CREATE TABLE $S.node (${kinds[kind]}, code int UNIQUE, seen int NOT NULL); ${rows}`)
  const columns = kind === "by surrogate id" ? { parent: PostgresSink.reference("parent_id") } : {}
  const sinkOf = (pool: PostgresSink.PoolLike) =>
    PostgresSink.make({ pool, schema, tables: { node: PostgresSink.table(`${schema}.node`, { columns }) } })
  return {
    schema,
    sinkOf,
    sink: sinkOf(database.pool),
    rows: async () => (await database.rows(`SELECT n::text FROM ${schema}.node n ORDER BY slug`)).map(({ n }) => n as string),
  }
}

const tree = (records: ReadonlyArray<object>, size = 3): Input => [
  [Tree, batches(Tree, records.map((it) => ({ parent: null, code: null, seen: 1, ...it })) as never, size)],
]

describe("undo of records that refer to each other", () => {
  for (const kind of Object.keys(kinds) as Array<keyof typeof kinds>)
    for (const transaction of ["atomic", "batched"] as const) {
      it(`${kind}, ${transaction}: children go before their parents, and what stays keeps its parents`, async () => {
        const { rows, schema, sink } = await setUp(kind, "INSERT INTO $S.node (slug, seen) VALUES ('old', 0)")
        const before = await rows()
        const planned = await plan(
          sink,
          tree([
            { slug: "a", parent: "b" },
            { slug: "b" },
            { slug: "old", parent: "b", code: 1 },
            { slug: "d", parent: "b" },
            { slug: "e", parent: "e" },
            { slug: "f", parent: "d" },
          ]),
          { preferred: transaction },
        )
        expect((await commit(sink, planned, { job: "one", transaction })).mismatches).toEqual([])
        const preview = await undo(sink, planned, { job: "one", transaction, preview: true })
        expect(preview.counts).toEqual({ reversed: 6, kept: 0, errored: 0 })
        expect(await undo(sink, planned, { job: "one", transaction })).toMatchObject({ counts: preview.counts, left: [] })
        expect(await rows()).toEqual(before)

        const again = await plan(sink, tree([{ slug: "p" }, { slug: "q", parent: "p" }, { slug: "r", parent: "q" }]), {
          preferred: transaction,
        })
        await commit(sink, again, { job: "two", transaction })
        await database.rows(`UPDATE ${schema}.node SET code = 7 WHERE slug = 'r'`)
        const { counts, left } = await undo(sink, again, { job: "two", transaction })
        expect(counts).toEqual({ reversed: 0, kept: 3, errored: 0 })
        expect(left.map((it) => it.split(":")[0])).toEqual(["node/0 0 referenced", "node/0 1 referenced", "node/0 2 changed"])
      })
    }

  it("gives values of a unique column back that moved from one record to another", async () => {
    const { rows, sink } = await setUp(
      "by natural key",
      "INSERT INTO $S.node (slug, code, seen) VALUES ('a', 1, 0), ('b', 2, 0), ('c', 3, 0)",
    )
    const before = await rows()
    const moves = [
      ["a", 10],
      ["b", 1],
      ["c", 2],
    ] as const
    for (const [slug, code] of moves) await commit(sink, await plan(sink, tree([{ slug, code }])), { job: `job ${slug}` })
    for (const [slug, code] of moves.toReversed()) {
      const input = tree([{ slug, code }])
      const planned = new Map([[Tree, input[0]![1].map((batch) => ({ batch, planned: updateOf(batch.part) }))]])
      expect((await undo(sink, planned, { job: `job ${slug}` })).counts).toEqual({ reversed: 1, kept: 0, errored: 0 })
    }
    expect(await rows()).toEqual(before)
  })
})

const updateOf = (part: number) => ({
  part,
  actions: Uint8Array.of(2),
  updates: [{ index: 0, fingerprint: "0", changes: [] }],
  refusals: [],
})

const some = Array.from({ length: 6 }, (_, at) => ({ slug: `k${at}`, code: at, seen: 2 }))
const there = "INSERT INTO $S.node (slug, code, seen) VALUES ('k1', 101, 0), ('k4', 104, 0)"

describe("an undo that breaks off", () => {
  it.each(["atomic", "batched"] as const)(
    "%s: at any one call, before it is sent or before its answer, goes on where it was",
    async (transaction) => {
      const { rows, schema, sink, sinkOf } = await setUp("by natural key", there)
      const before = await rows()
      const planned = await plan(sink, tree(some))
      // one more commit, and an undo of it that loses its connection at one call
      const undoLosing = async (job: string, loss: Loss | null) => {
        await commit(sink, planned, { job, transaction })
        const written = await rows()
        return {
          written,
          ...(await losing(database.pool, loss, (pool) => undoWithin(sinkOf(pool), planned, { job, transaction }))),
        }
      }
      const undisturbed = await undoLosing(schema, null)
      expect(undisturbed.ended).toBe("done")
      expect(await rows()).toEqual(before)
      for (const loss of someLosses(undisturbed.calls)) {
        const job = `${schema} ${loss.at} ${loss.isSent}`
        const { calls, ended, written } = await undoLosing(job, loss)
        expect(calls, "the call is made").toBeGreaterThan(loss.at)
        expect(["Unreachable true", "done"]).toContain(ended)
        // what is taken back is noted, and what is noted is taken back
        const noted = new Set(
          (await database.rows(`SELECT part FROM ${schema}.batch WHERE job = 'undo of ${job}'`)).map(
            ({ part }) => part as number,
          ),
        )
        if (transaction === "atomic") expect([0, 2]).toContain(noted.size)
        const now = await rows()
        for (const part of [0, 1]) {
          const of = (all: ReadonlyArray<string>) => all.filter((it) => Math.floor(Number(it[2]) / 3) === part)
          expect(of(now), JSON.stringify(loss)).toEqual(of(noted.has(part) ? before : written))
        }
        const second = await undo(sink, planned, { job, transaction, token: 2 })
        expect(second.counts, JSON.stringify(loss)).toEqual({ reversed: 6, kept: 0, errored: 0 })
        expect(await rows()).toEqual(before)
      }
    },
  )

  for (const transaction of ["atomic", "batched"] as const)
    it(`${transaction}: a worker whose undo was taken over takes nothing more back`, async () => {
      const { rows, sink } = await setUp("by natural key", there)
      const planned = await plan(sink, tree(some))
      await commit(sink, planned, { job: "j", transaction })
      const written = await rows()
      const takeOver = Effect.asVoid(
        Effect.scoped(undoWithin(sink, new Map([[Tree, []]]), { job: "j", token: 6, transaction })),
      ).pipe(Effect.orDie)
      const error = await errorOf(
        undoWithin(sink, planned, {
          job: "j",
          token: 5,
          transaction,
          before: (key) => (key === "node/0" ? takeOver : Effect.void),
        }),
      )
      expect([error.reason, error.isRetryable]).toEqual(["Fenced", false])
      expect((await rows()).slice(0, 3)).toEqual(written.slice(0, 3))
      expect((await undo(sink, planned, { job: "j", token: 6, transaction })).counts.reversed).toBe(6)
    })

  it("shuts out a worker that still commits what is being taken back", async () => {
    const { rows, sink } = await setUp("by natural key", there)
    const before = await rows()
    const planned = await plan(sink, tree(some))
    const error = await errorOf(
      commitWithin(sink, planned, {
        job: "j",
        transaction: "batched",
        before: (key) =>
          key === "node/1"
            ? Effect.orDie(Effect.scoped(undoWithin(sink, planned, { job: "j", transaction: "batched" })))
            : Effect.void,
      }),
    )
    expect(error.reason).toBe("Fenced")
    expect(await rows()).toEqual(before)
  })

  it("a preview does not wait for long for whoever is at a record", async () => {
    const { rows, schema, sink } = await setUp("by natural key", there)
    const planned = await plan(sink, tree(some))
    await commit(sink, planned, { job: "j" })
    const written = await rows()
    const writer = await database.pool.connect()
    let error: Sink.SinkError
    try {
      await writer.query(`BEGIN; SELECT FROM ${schema}.node WHERE slug = 'k1' FOR UPDATE`)
      error = await errorOf(undoWithin(sink, planned, { job: "j", preview: true }))
    } finally {
      await writer.query("ROLLBACK")
      writer.release()
    }
    expect([error.reason, error.isRetryable, error.code]).toEqual(["Contention", true, "55P03"])
    expect(await rows()).toEqual(written)
  })
})

describe("what an update replaced", () => {
  it("is what was there at that moment, also where somebody was just writing a field that no plan compares", async () => {
    const { rows, schema, sink } = await setUp("by natural key", there)
    const planned = await plan(sink, tree(some))
    const writer = await database.pool.connect()
    try {
      await writer.query(`BEGIN; UPDATE ${schema}.node SET seen = 99 WHERE slug = 'k1'`)
      const committing = commit(sink, planned, { job: "j" })
      for (;;) {
        const waiting = await database.rows(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE%'",
        )
        if (waiting.length > 0) break
      }
      await writer.query("COMMIT")
      expect((await committing).counts).toEqual({ created: 4, updated: 2, conflict: 0, failed: 0 })
    } finally {
      writer.release()
    }
    expect((await undo(sink, planned, { job: "j" })).counts.reversed).toBe(6)
    expect(await rows()).toEqual(["(k1,,101,99)", "(k4,,104,0)"])
  })
})
