/**
 * Runs that broke off anywhere, on a real file system, go on where they were.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { Engine, type Job, JobStore, Partitions, type Sink, Worker } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Duration, Effect, Fiber, Option } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Collector } from "../src/index.ts"

import { folder, make, price, run, tree, useFolder, write } from "./drop.ts"

useFolder()

describe("a run that broke off", () => {
  // the process dies at the n-th call of the job store: what follows never happens
  const dying = (store: JobStore.JobStore["Service"], at: number) => {
    let calls = 0
    let died: () => void = () => {}
    const death = new Promise<void>((resolve) => {
      died = resolve
    })
    const mortal =
      <A extends ReadonlyArray<any>, B, E>(call: (...args: A) => Effect.Effect<B, E>) =>
      (...args: A): Effect.Effect<B, E> =>
        Effect.suspend(() => {
          if (++calls < at) return call(...args)
          died()
          return Effect.never
        })
    const { create, find, get, issues, save } = store
    return {
      death,
      store: {
        create: mortal(create),
        find: mortal(find),
        get: mortal(get),
        issues: mortal(issues),
        save: mortal(save),
      } as typeof store,
    }
  }

  // the same store when the leases of the first worker have run out
  const laterOn = (store: JobStore.JobStore["Service"]): JobStore.JobStore["Service"] => {
    const now = (job: Job.Job): Job.Job => (job.lease?.worker === "first" ? { ...job, lease: null } : job)
    return {
      ...store,
      get: (id) => Effect.map(store.get(id), Option.map(now)),
      find: (query) => Effect.map(store.find(query), (found) => found.map(now)),
    }
  }

  const files = {
    "prices/a.csv": price("A-1,10.00"),
    "prices/b.csv": price("B-1,cheap"),
    "prices/c.csv": price("C-1,10.00"),
    "prices/copy.csv": price("A-1,10.00"),
    "stock/s.csv": "sku,count\nA-1,3\nA-2,many\n",
  }
  const expected = [
    "done/prices/a.csv",
    "done/prices/c.csv",
    "done/prices/copy.csv",
    "done/stock/s.csv",
    "done/stock/s.csv.reason.txt",
    "quarantine/prices/b.csv",
    "quarantine/prices/b.csv.reason.txt",
  ]

  test("anywhere goes on there: every file is imported once, and lies where its job says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 90 }), async (at) => {
        await fs.rm(path.join(folder, "in"), { recursive: true, force: true })
        await write(files)
        const memory = MemorySink.make()
        const committed: Array<string> = []
        const sink: Sink.Sink = {
          ...memory,
          commit: (context) =>
            Effect.suspend(() => {
              committed.push(context.job)
              return memory.commit(context)
            }),
        }
        const collector = make({}, sink)
        await run(
          Effect.gen(function* () {
            const store = yield* JobStore.JobStore
            const first = dying(store, at)
            // it waits for ever, as a process that is gone does
            const fiber = yield* Effect.forkDetach(
              Collector.run(collector).pipe(
                Effect.provideService(JobStore.JobStore, first.store),
                Effect.provideService(Worker.Worker, { name: "first", lease: Duration.hours(1) }),
              ),
            )
            yield* Effect.raceFirst(
              Fiber.await(fiber),
              Effect.promise(() => first.death),
            )
            const before = yield* store.find({ parent: null })
            const second = yield* Effect.provideService(Collector.run(collector), JobStore.JobStore, laterOn(store))
            expect(second.outcomes.filter(({ kind }) => kind === "left" || kind === "gone")).toEqual([])
            const jobs = yield* store.find({ limit: 100 })
            const parents = jobs.filter(({ partitions }) => partitions !== null)
            // of a run that died when all was imported, only the copy may be left to put away
            for (const { partitions } of parents.slice(0, -1)) expect(partitions!.names).toEqual(["prices/copy.csv"])
            expect(parents.length).toBeLessThanOrEqual(2)
            if (before.length > 0 && before[0]!.status === "running") expect(second.resumed).toBe(true)
            expect(parents.at(-1)).toMatchObject({ status: "partial", counts: { created: 3, rejected: 2 } })
            expect(
              jobs
                .filter(({ parent }) => parent !== null)
                .map(({ partition, status }) => `${partition} ${status}`)
                .sort(),
            ).toEqual(["prices/a.csv success", "prices/b.csv failed", "prices/c.csv success", "stock/s.csv partial"])
          }),
        )
        expect(Object.keys(await tree())).toEqual(expected)
        for (const [name, text] of Object.entries(files))
          expect(await fs.readFile(path.join(folder, "in", name.includes("b.csv") ? "quarantine" : "done", name), "utf8")).toBe(
            text,
          )
        expect([...memory.tables.get("price")!.keys()].sort()).toEqual(["A-1", "C-1"])
      }),
      { numRuns: 12 },
    )
  })

  test("between commit and move: the job says that it is done, and the move is done when it goes on", async () => {
    await write(files)
    const collector = make()
    await run(
      Effect.gen(function* () {
        // the same jobs, without any move
        const store = yield* JobStore.JobStore
        const first = yield* Collector.run(collector)
        for (const name of expected) {
          const file = path.join(folder, "in", name)
          const back = path.join(folder, "in", name.replace(/^(done|quarantine)\//, ""))
          yield* Effect.promise(() => (name.endsWith(".reason.txt") ? fs.rm(file) : fs.rename(file, back)))
        }
        yield* store.save({ ...(yield* store.find({ parent: null }))[0]!, status: "running" })
        // meanwhile somebody put another file in the place of one
        yield* Effect.promise(() => write({ "prices/c.csv": price("C-2,12.00") }))
        const second = yield* Collector.run(collector)
        expect(second).toMatchObject({ resumed: true, job: { id: first.job!.id } })
        expect(yield* store.find({ parent: first.job!.id })).toHaveLength(4)
        expect(second.outcomes.find(({ file }) => file === "prices/c.csv")?.reason).toContain("another file has its name now")
        expect(Object.keys(yield* Effect.promise(tree))).toEqual(
          [...expected.filter((it) => it !== "done/prices/c.csv"), "prices/c.csv"].sort(),
        )
        // and that one is the next run's
        expect((yield* Collector.run(collector)).outcomes).toMatchObject([{ file: "prices/c.csv", kind: "done" }])
      }),
    )
    expect(Object.keys(await tree())).toEqual(expected)
  })

  test("and whose worker may still be alive is not touched", async () => {
    await write(files)
    const collector = make()
    await run(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const parent = yield* Partitions.validate(collector.imports, {
          kind: "folder",
          name: collector.folder,
          details: {},
          partitions: Effect.succeed([]),
        })
        const lease = { worker: "elsewhere", until: "2999-01-01T00:00:00.000Z" }
        yield* store.save({ ...parent, status: "running", lease })
        expect(yield* Effect.flip(Collector.run(collector))).toBeInstanceOf(Engine.EngineError)
      }),
    )
    expect(Object.keys(await tree())).toEqual(Object.keys(files))
  })
})
