/**
 * Folders on a real file system: where each file ends, and that nothing is lost or overwritten.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { JobStore, Partitions, Sink } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { Collected, Collector } from "../src/index.ts"

import { folder, make, price, run, tree, useFolder, write } from "./drop.ts"

useFolder()

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
      files["quarantine/prices/2024/b.csv.reason.txt"]?.replace(/drop-[0-9a-f]{16}/g, "JOB"),
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
