/** Mirrors that delete documents: behind their guards, with nothing that refers to them left, and put back byte for byte by an undo. */
import { Cell, Engine, Entity, Field, Import, JobStore, Mirror, type Sink, Source } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema, Stream } from "effect"
import { Binary, Decimal128, Double, Int32, Long, Timestamp } from "mongodb"
import { describe, expect, it } from "vitest"
import { bytesOf, standalone, useScenes } from "./support.ts"

const { last, scene } = useScenes()

const Operator = Entity.make("operator", { schema: { code: Field.text() }, key: "code" })
const Thing = Entity.make("thing", {
  schema: {
    code: Field.text(),
    country: Field.text(),
    operator: Field.nullable(Field.text()),
    seen: Field.optional(Field.timestamp()),
  },
  key: "code",
  references: { operator: Operator },
  volatile: ["seen"],
})

const columns = ["code", "country", "operator"]
const Row = Schema.Struct({ code: Cell.text(), country: Cell.text(), operator: Cell.optional(Cell.text()) })
type Options = Partial<Import.Options<typeof Row.Type>>

const thingsOf = (sink: Sink.Sink, options: Options = {}) =>
  Import.make<typeof Row.Type>({
    name: "things",
    row: Row,
    entities: [Thing, Operator],
    map: (row) => [Thing.of(row), ...(row.operator === null ? [] : [Operator.of({ code: row.operator })])],
    mirrors: [Mirror.remove(Thing, { scope: { country: "PT" }, maxShare: 0.5 })],
    sink,
    ...options,
  })

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows })
const rowsOf = (count: number, country = "PT", operator: string | null = null) =>
  Array.from({ length: count }, (_, at) => [`${country}${at}`, country, operator])

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
    ),
  )

const issuesOf = (job: string) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    return (yield* store.issues(job)).map(({ code, message, ref }) => [ref, code, message])
  })

const ways = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["batched without transactions", "batched", true],
] as const

describe.each(ways)("a mirror that deletes, %s", (_, transaction, alone) => {
  const make = () => {
    const plain = scene()
    return alone ? { ...scene({ db: standalone(plain.db), at: last() }), db: plain.db } : plain
  }

  it("deletes what the feed has no more, in its scope; the undo puts all of it back, byte for byte", async () => {
    const s = make()
    const bytes = () => bytesOf(s.db, s.name("thing"))
    const definition = thingsOf(s.sink, { transaction, limits: { batch: 2 } })
    await run(Engine.run(definition, feed([...rowsOf(8), ...rowsOf(2, "ES")])))
    await s.db.collection(s.name("thing")).updateMany(
      { code: { $in: ["PT5", "PT6"] } },
      {
        $set: {
          note: { 10: 1, 2: new Double(2), z: [null, new Int32(3)] },
          big: Long.fromString("9007199254740993"),
          raw: new Binary(Buffer.from([0, 255])),
          at: new Timestamp({ t: 5, i: 1 }),
          price: Decimal128.fromString("1.50"),
        },
      },
    )
    const before = await bytes()
    await run(
      Effect.gen(function* () {
        const preview = yield* Engine.validate(definition, feed(rowsOf(5)))
        expect(preview).toMatchObject({ status: "pending", counts: { deleted: 3, unchanged: 5 } })
        expect(yield* Effect.promise(bytes)).toEqual(before)
        const job = yield* Engine.commit(definition, preview.id)
        expect(job).toMatchObject({ status: "success", counts: { deleted: 3, unchanged: 5 } })
        expect(yield* Effect.promise(bytes)).toHaveLength(7)
        expect(yield* Engine.previewUndo(definition, job.id)).toMatchObject({ reversed: 3, kept: 0, errored: 0 })
        expect(yield* Engine.undo(definition, job.id)).toMatchObject({ status: "success", undo: { reversed: 3, kept: 0 } })
        expect(yield* Effect.promise(bytes)).toEqual(before)
      }),
    )
  })

  it("deletes nothing that changed since the plan, in any field but a volatile one", async () => {
    const s = make()
    await run(
      Effect.gen(function* () {
        const abort = thingsOf(s.sink, { transaction })
        const skip = thingsOf(s.sink, { transaction, onConflict: "skip" })
        yield* Engine.run(skip, feed(rowsOf(8)))
        const refused = yield* Engine.validate(abort, feed(rowsOf(5)))
        const preview = yield* Engine.validate(skip, feed(rowsOf(5)), { force: true })
        const things = s.db.collection(s.name("thing"))
        yield* Effect.promise(() => things.updateOne({ code: "PT5" }, { $set: { note: "mine" } }))
        yield* Effect.promise(() => things.updateOne({ code: "PT6" }, { $set: { seen: new Date(0) } }))
        yield* Effect.promise(() => things.deleteOne({ code: "PT7" }))
        expect(yield* Engine.commit(abort, refused.id)).toMatchObject({ status: "failed", failure: { code: "conflict" } })
        expect(yield* Effect.promise(() => s.documents("thing"))).toHaveLength(7)
        const job = yield* Engine.commit(skip, preview.id)
        expect(job).toMatchObject({ status: "partial", counts: { deleted: 2, conflict: 1 } })
        const left = yield* Effect.promise(() => s.documents("thing"))
        expect(left.map(({ code }) => code)).toEqual(["PT0", "PT1", "PT2", "PT3", "PT4", "PT5"])
        expect(yield* Engine.undo(skip, job.id)).toMatchObject({ status: "success", undo: { reversed: 2, kept: 0 } })
      }),
    )
  })

  it("deletes children before parents, and leaves what something of the import refers to", async () => {
    const s = make()
    const mirrors = [Mirror.remove(Operator, { maxShare: 1 }), Mirror.remove(Thing, { scope: { country: "PT" }, maxShare: 1 })]
    const definition = thingsOf(s.sink, { transaction, mirrors, limits: { batch: 1 } })
    await run(
      Effect.gen(function* () {
        yield* Engine.run(
          definition,
          feed([
            ["a", "PT", "x"],
            ["b", "PT", "y"],
            ["c", "PT", "z"],
          ]),
        )
        const before = yield* Effect.promise(() => bytesOf(s.db, s.name("operator")))
        const job = yield* Engine.run(definition, feed([["a", "PT", "x"]]))
        expect(job).toMatchObject({ status: "success", counts: { deleted: 4 } })
        expect(yield* Engine.undo(definition, job.id)).toMatchObject({ status: "success", undo: { reversed: 4 } })
        expect(yield* Effect.promise(() => bytesOf(s.db, s.name("operator")))).toEqual(before)
        yield* Effect.promise(() => s.db.collection(s.name("thing")).updateOne({ code: "c" }, { $set: { country: "ES" } }))
        const partial = { ...definition, allowPartial: true }
        const held = yield* Engine.run(partial, feed([["a", "PT", "x"]]), { force: true })
        if (transaction === "atomic" || alone)
          expect(held).toMatchObject({ status: "failed", failure: { code: "sink.DataRefused" } })
        else expect(held).toMatchObject({ status: "partial", counts: { deleted: 2, failed: 1 } })
        expect(yield* issuesOf(held.id)).toEqual([["missing:operator:z", "sink.referenced", "1 of thing refers to it now"]])
        const operators = yield* Effect.promise(() => s.documents("operator"))
        expect(operators.map(({ code }) => code)).toContain("z")
      }),
    )
  })

  it("an undo keeps what somebody has made of a deleted key since", async () => {
    const s = make()
    const definition = thingsOf(s.sink, { transaction })
    await run(
      Effect.gen(function* () {
        yield* Engine.run(definition, feed(rowsOf(6)))
        const job = yield* Engine.run(definition, feed(rowsOf(4)))
        yield* Effect.promise(() => s.insert([{ code: "PT5", country: "PT", operator: null, note: "mine" }], "thing"))
        const undo = yield* Engine.undo(definition, job.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 1, kept: 1, errored: 0 } })
        const all = yield* Effect.promise(() => s.documents("thing"))
        expect(all.map(({ code, note }) => note ?? code)).toEqual(["PT0", "PT1", "PT2", "PT3", "PT4", "mine"])
      }),
    )
  })
})

const broken = (rows: ReadonlyArray<ReadonlyArray<unknown>>): Source.Source => {
  const source = TestSource.make({ columns, rows, pageRows: 10 })
  const error = new Source.SourceError({ reason: "Malformed", message: "the file ends in a row", isRetryable: false })
  return { ...source, read: (from) => Stream.concat(Stream.take(source.read(from), 3), Stream.fail(error)) }
}
it.each([
  ["an empty feed", feed([]), {}, "mirror.empty"],
  ["a feed cut off in a row", feed([...rowsOf(39), ["PT39"]]), { allowPartial: true }, "mirror.rejected"],
  ["a feed that ends with an error", broken(rowsOf(40)), {}, "source.Malformed"],
  ["a feed that ends early, without a word", feed(rowsOf(19)), {}, "mirror.share"],
  ["a feed that lost 60 %", feed(rowsOf(16)), {}, "mirror.share"],
  ["more deletions than the import may make", feed(rowsOf(36)), { limits: { maxDeleted: 3 } }, "limit.maxDeleted"],
] as const)("a mirror that deletes refuses %s, and writes nothing", async (_, source, options, code) => {
  const s = scene()
  await run(Engine.run(thingsOf(s.sink), feed(rowsOf(40))))
  const before = await bytesOf(s.db, s.name("thing"))
  const job = await run(Engine.run(thingsOf(s.sink, options as Options), source))
  expect(job).toMatchObject({ status: "failed", failure: { code } })
  expect(await bytesOf(s.db, s.name("thing"))).toEqual(before)
})
