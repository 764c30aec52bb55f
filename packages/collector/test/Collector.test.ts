/**
 * Folders on a real file system: where each file ends, that nothing is lost or overwritten, and that a run goes on wherever it broke off.
 */
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { Cell, Engine, Entity, Field, Import, type Job, JobStore, Partitions, Sink, Worker } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { CsvSource } from "@waybill/source-spreadsheet"
import { Duration, Effect, Fiber, Layer, Logger, Option, Schedule, Schema } from "effect"
import * as fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { Collected, Collector } from "../src/index.ts"

let folder: string
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "waybill-collector-"))
})
afterEach(() => fs.rm(folder, { recursive: true }))

const Price = Entity.make("price", {
  schema: { sku: Field.text(), amount: Field.decimal({ precision: 10, scale: 2 }) },
  key: "sku",
})
const Stock = Entity.make("stock", { schema: { sku: Field.text(), count: Field.integer() }, key: "sku" })

const make = (options: Partial<Collector.Options<never>> = {}, sink: Sink.Sink = MemorySink.make()) => {
  const prices = Import.make({
    name: "prices",
    row: Schema.Struct({ sku: Cell.text(), amount: Cell.decimal({ precision: 10, scale: 2 }) }),
    entities: [Price],
    map: (row) => [Price.of(row)],
    sink,
    retry: Schedule.recurs(0),
  })
  const stock = Import.make({
    name: "stock",
    row: Schema.Struct({ sku: Cell.text(), count: Cell.integer() }),
    entities: [Stock],
    map: (row) => [Stock.of(row)],
    allowPartial: true,
    sink,
  })
  const source = ({ name, path: file }: Collector.File) => CsvSource.make({ file, name })
  return Collector.make({
    name: "shop drop",
    folder: path.join(folder, "in"),
    patterns: [
      { glob: "prices/**/*.csv", import: prices, source },
      { glob: ["stock/*.csv", "stock-*.csv"], import: stock, source },
    ],
    ...options,
  })
}

const write = async (files: { readonly [name: string]: string }, below = "in"): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, below, name)
    await fs.mkdir(path.dirname(file), { recursive: true })
    await fs.writeFile(file, text)
  }
}

// all files of the folder with their text
const tree = async (): Promise<{ readonly [name: string]: string }> => {
  const names = (await fs.readdir(path.join(folder, "in"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (file) => [path.relative(path.join(folder, "in"), file), await fs.readFile(file, "utf8")])),
  )
}

const layer = () => Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([]))
const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect as Effect.Effect<A, E, never>, layer()))

const price = (...lines: ReadonlyArray<string>): string => `sku,amount\n${lines.map((it) => `${it}\n`).join("")}`

describe("a run", () => {
  test("imports each file by a job of its own, and puts it where it belongs", async () => {
    const sink = MemorySink.make()
    await write({
      "prices/a.csv": price("A-1,10.00", "A-2,11.50"),
      "prices/2024/b.csv": price("B-1,cheap", "B-2,1.00"),
      "prices/copy-of-a.csv": price("A-1,10.00", "A-2,11.50"),
      "stock/s.csv": "sku,count\nA-1,3\nA-2,many\n",
      "prices/readme.md": "not ours",
      "prices/.half.csv": price("H-1,1.00"),
    })
    await run(
      Effect.gen(function* () {
        const collected = yield* Collector.run(make({}, sink), { startedBy: "cron" })
        expect(collected.outcomes.map(({ file, kind }) => `${file} ${kind}`)).toEqual([
          "prices/2024/b.csv quarantined",
          "prices/a.csv done",
          "prices/copy-of-a.csv skipped",
          "stock/s.csv done",
        ])
        expect(collected.job).toMatchObject({ status: "partial", import: "shop drop", startedBy: "cron", counts: { created: 3 } })
        expect(collected.unmatched).toEqual(["prices/readme.md"])
        expect(Collected.report(collected)).toContain("4 files")
        expect(Collected.report(collected)).toContain("1 quarantined")
        const states = yield* Partitions.states(collected.job!.id)
        expect(states.map(({ job, partition }) => [partition, job?.import ?? null])).toEqual([
          ["prices/2024/b.csv", "prices"],
          ["prices/a.csv", "prices"],
          ["prices/copy-of-a.csv", null],
          ["stock/s.csv", "stock"],
        ])
      }),
    )
    const files = await tree()
    expect(Object.keys(files)).toEqual([
      "done/prices/a.csv",
      "done/prices/copy-of-a.csv",
      "done/stock/s.csv",
      "done/stock/s.csv.reason.txt",
      "prices/.half.csv",
      "prices/readme.md",
      "quarantine/prices/2024/b.csv",
      "quarantine/prices/2024/b.csv.reason.txt",
    ])
    expect(files["quarantine/prices/2024/b.csv"]).toBe(price("B-1,cheap", "B-2,1.00"))
    expect(
      files["quarantine/prices/2024/b.csv.reason.txt"]?.replace(/\d{8}-\d{6}-\w{6}/g, "JOB"),
    ).toBe(`prices/2024/b.csv was not imported. Nothing of it was written.

import:  prices

code:    rows.rejected
reason:  1 of 2 rows have errors, and this import takes all rows or none

Places
  prices/2024/b.csv:2  amount  cell.decimal: expected a decimal number such as 12.50 (found cheap)

What to do
  Correct the places above, and put the file back into the folder.

job:     JOB-1
`)
    expect(files["done/stock/s.csv.reason.txt"]).toContain(
      "stock/s.csv was imported, but 1 of 2 rows and 0 records were left out.",
    )
    expect([...sink.tables.get("price")!.keys()].sort()).toEqual(["A-1", "A-2"])
  })

  test("takes a corrected file that is put back, and nothing twice", async () => {
    const sink = MemorySink.make()
    const collector = make({}, sink)
    await run(
      Effect.gen(function* () {
        yield* Effect.promise(() => write({ "prices/b.csv": price("B-1,cheap") }))
        yield* Collector.run(collector)
        expect(yield* Collector.run(collector)).toMatchObject({ job: null, files: 0 })
        yield* Effect.promise(() => write({ "prices/b.csv": price("B-1,1.00") }))
        expect((yield* Collector.run(collector)).job).toMatchObject({ status: "success" })
        yield* Effect.promise(() => write({ "prices/again.csv": price("B-1,1.00") }))
        const again = yield* Collector.run(collector)
        expect(again.outcomes).toMatchObject([{ file: "prices/again.csv", kind: "skipped" }])
        expect(again.job).toMatchObject({ status: "success", counts: { processed: 0 } })
      }),
    )
    expect(Object.keys(await tree())).toEqual([
      "done/prices/again.csv",
      "done/prices/b.csv",
      "quarantine/prices/b.csv",
      "quarantine/prices/b.csv.reason.txt",
    ])
  })

  test("overwrites nothing, in done as in quarantine", async () => {
    const collector = make()
    await run(
      Effect.gen(function* () {
        for (const round of [1, 2, 3]) {
          yield* Effect.promise(() =>
            write({
              "prices/a.csv": price(`A-${round},10.00`),
              "prices/b.csv": price(`B-${round},cheap`),
              "stock-1.csv": "sku,count\n",
            }),
          )
          yield* Collector.run(collector)
        }
      }),
    )
    const files = await tree()
    for (const round of [1, 2, 3]) {
      const name = round === 1 ? "" : `~${round}`
      expect(files[`done/prices/a${name}.csv`]).toBe(price(`A-${round},10.00`))
      expect(files[`quarantine/prices/b${name}.csv`]).toBe(price(`B-${round},cheap`))
      expect(files[`quarantine/prices/b${name}.csv.reason.txt`]).toContain(`found cheap`)
    }
  })

  test("follows no link: what leads out of the folder is refused, and stays", async () => {
    const sink = MemorySink.make()
    await write({ "secret.csv": price("S-1,1.00"), "more/x.csv": price("S-2,1.00") }, "outside")
    await write({ "prices/a.csv": price("A-1,10.00") })
    const link = (to: string, from: string) => fs.symlink(to, path.join(folder, "in", "prices", from))
    await link("../../outside/secret.csv", "file.csv")
    await link(path.join(folder, "outside/more"), "folder")
    await link("a.csv", "within.csv")
    await link("..", "circle")
    await link("nowhere.csv", "broken.csv")
    const collected = await run(Collector.run(make({}, sink)))
    expect(collected.refused.map(({ name, why }) => `${name}: ${why}`)).toEqual([
      "prices/broken.csv: it is a symbolic link that leads nowhere",
      "prices/circle: it is a symbolic link; what it leads to is collected where it lies",
      "prices/file.csv: it is a symbolic link that leads out of the folder",
      "prices/folder: it is a symbolic link that leads out of the folder",
      "prices/within.csv: it is a symbolic link; what it leads to is collected where it lies",
    ])
    expect([...sink.tables.get("price")!.keys()]).toEqual(["A-1"])
    expect(await fs.readlink(path.join(folder, "in/prices/file.csv"))).toBe("../../outside/secret.csv")
  })

  test("begins nothing where all of it is over a ceiling", async () => {
    await write({ "prices/a.csv": price("A-1,10.00"), "prices/b.csv": price("B-1,10.00") })
    const before = await tree()
    for (const [limits, said] of [
      [{ files: 1 }, "2 files, more than the 1"],
      [{ bytes: 40 }, "42 bytes in 2 files, more than the 40"],
    ] as const)
      await run(
        Effect.gen(function* () {
          const error = yield* Effect.flip(Collector.run(make({ limits })))
          expect(error).toMatchObject({ _tag: "CollectorError", reason: "TooLarge" })
          expect(error.message).toContain(said)
          expect(yield* Effect.flatMap(JobStore.JobStore, (store) => store.find({}))).toEqual([])
        }),
      )
    expect(await tree()).toEqual(before)
    expect(await run(Effect.flip(Collector.run(make({ folder: path.join(folder, "none") }))))).toMatchObject({
      reason: "NotFound",
    })
  })

  test("leaves files where the target is to blame, and takes them when the job is resumed", async () => {
    const sink = MemorySink.make()
    let down = true
    const error = new Sink.SinkError({ reason: "Unreachable", message: "connection refused", isRetryable: true })
    const flaky: Sink.Sink = {
      ...sink,
      commit: (context) => Effect.suspend(() => (down ? Effect.fail(error) : sink.commit(context))),
    }
    await write({ "prices/a.csv": price("A-1,10.00"), "prices/b.csv": price("B-1,cheap") })
    const collector = make({}, flaky)
    await run(
      Effect.gen(function* () {
        const first = yield* Collector.run(collector)
        expect(first.outcomes.map(({ file, kind }) => `${file} ${kind}`)).toEqual([
          "prices/a.csv left",
          "prices/b.csv quarantined",
        ])
        expect(first.outcomes[0]!.reason).toContain("sink.Unreachable")
        down = false
        const second = yield* Collector.resume(collector, first.job!.id)
        expect(second.outcomes.map(({ file, kind }) => `${file} ${kind}`)).toEqual([
          "prices/a.csv done",
          "prices/b.csv quarantined",
        ])
        expect(second.outcomes[1]!.to).toBe(path.join(folder, "in/quarantine/prices/b.csv"))
      }),
    )
    expect(Object.keys(await tree())).toEqual([
      "done/prices/a.csv",
      "quarantine/prices/b.csv",
      "quarantine/prices/b.csv.reason.txt",
    ])
  })
})

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
            const jobs = yield* store.find({ limit: 100 })
            const parents = jobs.filter(({ partitions }) => partitions !== null)
            expect(parents).toHaveLength(1)
            if (before.length > 0 && before[0]!.status === "running") expect(second.resumed).toBe(true)
            expect(parents[0]).toMatchObject({ status: "partial", counts: { created: 3, rejected: 2 } })
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
