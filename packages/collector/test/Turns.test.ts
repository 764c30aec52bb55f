/**
 * Two processes that collect one folder at once: no file is imported twice, nor lost between them.
 */
import { Engine, JobStore, Worker } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Deferred, Duration, Effect } from "effect"
import { expect, test } from "vitest"
import { Collector } from "../src/index.ts"

import { make, price, run, tree, useFolder, write } from "./drop.ts"

useFolder()

const files = {
  "prices/a.csv": price("A-1,10.00"),
  "prices/b.csv": price("B-1,cheap"),
  "prices/copy.csv": price("A-1,10.00"),
  "stock/s.csv": "sku,count\nA-1,3\n",
}
const ended = [
  "done/prices/a.csv",
  "done/prices/copy.csv",
  "done/stock/s.csv",
  "quarantine/prices/b.csv",
  "quarantine/prices/b.csv.reason.txt",
]

// lets nobody make a parent job before both are about to
const together = (store: JobStore.JobStore["Service"], both: Deferred.Deferred<void>) => {
  let arrived = 0
  return {
    ...store,
    create: (job) =>
      Effect.gen(function* () {
        if (job.partitions !== null && ++arrived === 2) yield* Deferred.succeed(both, undefined)
        if (job.partitions !== null) yield* Deferred.await(both)
        return yield* store.create(job)
      }),
  } satisfies JobStore.JobStore["Service"]
}

const two = (options: Collector.RunOptions) =>
  Effect.gen(function* () {
    const store = together(yield* JobStore.JobStore, yield* Deferred.make<void>())
    const collector = make({}, MemorySink.make())
    const one = (name: string) =>
      Effect.result(Collector.run(collector, options)).pipe(
        Effect.provideService(JobStore.JobStore, store),
        Effect.provideService(Worker.Worker, { name, lease: Duration.minutes(1) }),
      )
    const results = yield* Effect.all([one("first"), one("second")], { concurrency: 2 })
    const jobs = yield* store.find({ limit: 100 })
    return { results, parents: jobs.filter(({ partitions }) => partitions !== null), children: jobs.filter((it) => it.parent) }
  })

const imported = ["prices/a.csv success", "prices/b.csv failed", "stock/s.csv success"]

test("of two that begin at the same moment one is refused, before it has done anything", async () => {
  await write(files)
  const { children, parents, results } = await run(two({}))
  expect(results.map(({ _tag }) => _tag).sort()).toEqual(["Failure", "Success"])
  const refused = results.find((it) => it._tag === "Failure")!
  expect(refused.failure).toBeInstanceOf(Engine.EngineError)
  expect(refused.failure).toMatchObject({ reason: "Busy", job: parents[0]!.id })
  expect(parents).toHaveLength(1)
  expect(children.map(({ partition, status }) => `${partition} ${status}`).sort()).toEqual(imported)
  expect(Object.keys(await tree())).toEqual(ended)
})

test("or waits, and finds that all is done", async () => {
  await write(files)
  const { children, parents, results } = await run(two({ onBusy: "wait" }))
  const collected = results.map((it) => (it._tag === "Success" ? it.success : undefined))
  expect(collected.map((it) => it?.files).sort()).toEqual([0, 4])
  expect(collected.find((it) => it?.files === 0)).toMatchObject({ job: null, outcomes: [] })
  expect(parents).toHaveLength(1)
  expect(children.map(({ partition, status }) => `${partition} ${status}`).sort()).toEqual(imported)
  expect(Object.keys(await tree())).toEqual(ended)
})

test("whose clocks differ take turns all the same", async () => {
  await run(
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const collector = make({}, MemorySink.make())
      // of each run the store says that it is older than the one before
      const backwards = new Map<string, string>()
      const skewed = <J extends { readonly id: string; readonly createdAt: string }>(job: J): J => {
        if (!backwards.has(job.id)) backwards.set(job.id, new Date(Date.UTC(2024, 0, 1) - backwards.size * 60_000).toISOString())
        return { ...job, createdAt: backwards.get(job.id)! }
      }
      for (const number of [1, 2, 3]) {
        yield* Effect.promise(() => write({ "prices/a.csv": price(`A-${number},10.00`) }))
        const { job } = yield* Effect.provideService(Collector.run(collector), JobStore.JobStore, {
          ...store,
          create: (job) => store.create(job.partitions === null ? job : skewed(job)),
        })
        expect(job?.status).toBe("success")
      }
      const parents = yield* store.find({ parent: null })
      expect(new Set(parents.map(({ id }) => id)).size).toBe(3)
    }),
  )
})
