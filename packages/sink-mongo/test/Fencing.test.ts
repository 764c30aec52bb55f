import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { batchOf, failure, openCommit, run, Station, standalone, stations, useScenes } from "./support.ts"

const { last, scene } = useScenes()
const batches = [batchOf(Station, 0, stations(0, 3)), batchOf(Station, 1, stations(3, 3))]

describe("a worker whose job was taken over", () => {
  for (const [way, alone] of [
    ["in transactions", false],
    ["without transactions", true],
  ] as const)
    it(`cannot apply another batch, ${way}`, async () => {
      const plain = scene()
      const s = alone ? scene({ db: standalone(plain.db), at: last() }) : plain
      const planned = await s.plan(batches)
      await run(
        Effect.scoped(
          Effect.gen(function* () {
            const old = yield* openCommit(s.sink, batches)
            yield* old.apply(batches[0]!, planned[0]!)
            const next = yield* openCommit(s.sink, batches, { token: 2 })
            expect([...next.checkpoint.keys()]).toEqual(["station/0"])
            expect((yield* Effect.flip(old.apply(batches[1]!, planned[1]!))).reason).toBe("Fenced")
            expect(yield* Effect.promise(() => s.documents())).toHaveLength(3)
            yield* next.apply(batches[1]!, planned[1]!)
          }),
        ),
      )
      expect(await s.documents()).toHaveLength(6)
    })

  it("cannot open a session again", async () => {
    const s = scene()
    await run(Effect.scoped(openCommit(s.sink, batches, { token: 2 })))
    const error = await failure(Effect.scoped(openCommit(s.sink, batches, { token: 1 })))
    expect(error).toMatchObject({ reason: "Fenced", isRetryable: false })
    await run(Effect.scoped(openCommit(s.sink, batches, { token: 2 })))
  })

  it("cannot complete its transaction, and is not in the way of the next worker's", async () => {
    const s = scene()
    const planned = await s.plan(batches)
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const old = yield* openCommit(s.sink, batches, { transaction: "atomic" })
          yield* old.apply(batches[0]!, planned[0]!)
          const next = yield* openCommit(s.sink, batches, { transaction: "atomic", token: 2 })
          yield* next.apply(batches[0]!, planned[0]!)
          expect((yield* Effect.flip(old.complete)).reason).toBe("Fenced")
          yield* next.apply(batches[1]!, planned[1]!)
          yield* next.complete
        }),
      ),
    )
    expect(await s.documents()).toHaveLength(6)
  })

  it("cannot complete its transaction even if nobody could end it", async () => {
    const s = scene()
    const planned = await s.plan(batches)
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const old = yield* openCommit(s.sink, batches, { transaction: "atomic" })
          yield* old.apply(batches[0]!, planned[0]!)
          yield* Effect.promise(() => s.db.collection(s.name("jobs")).updateMany({}, { $unset: { session: 1 } }))
          yield* openCommit(s.sink, batches, { transaction: "atomic", token: 2 })
          expect((yield* Effect.flip(old.complete)).reason).toBe("Fenced")
        }),
      ),
    )
    expect(await s.documents()).toHaveLength(0)
  })

  it("leaves no session behind that a later takeover could end", async () => {
    const s = scene()
    await run(Effect.scoped(openCommit(s.sink, batches)))
    const jobs = await s.db.collection(s.name("jobs")).find().toArray()
    expect(jobs).toMatchObject([{ _id: "job", token: 1 }])
    expect(jobs[0]).not.toHaveProperty("session")
  })
})
