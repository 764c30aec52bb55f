/**
 * What happens to files at night: the disk is full, a file changes, vanishes or may not be read, or has a name that nobody can type.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { CsvSource } from "@waybill/source-spreadsheet"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { Collected, Collector } from "../src/index.ts"

import { folder, make, price, run, tree, useFolder, write } from "./drop.ts"

useFolder()

// a file system on which the n-th change fails; with half of what was to be written, as on a full disk
const disk = vi.hoisted(() => ({ fails: 0, changes: 0, code: "ENOSPC", links: true }))
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>()
  const failure = (code: string): Error =>
    Object.assign(new Error(code === "ENOSPC" ? "ENOSPC: no space left on device" : code), { code })
  const check = async (half: () => Promise<unknown> = async () => {}): Promise<void> => {
    if (disk.fails === 0 || ++disk.changes !== disk.fails) return
    await half()
    throw failure(disk.code)
  }
  return {
    ...real,
    mkdir: (...all: Parameters<typeof real.mkdir>) => check().then(() => real.mkdir(...all)),
    unlink: (...all: Parameters<typeof real.unlink>) => check().then(() => real.unlink(...all)),
    rename: (...all: Parameters<typeof real.rename>) => check().then(() => real.rename(...all)),
    link: async (from: string, to: string) => {
      if (!disk.links && !path.basename(from).startsWith(".")) throw failure("EXDEV")
      await check()
      return real.link(from, to)
    },
    writeFile: async (file: string, data: string, options?: Parameters<typeof real.writeFile>[2]) => {
      await check(() => real.writeFile(file, data.slice(0, data.length / 2)))
      return real.writeFile(file, data, options)
    },
    copyFile: async (from: string, to: string, mode?: number) => {
      await check(async () => real.writeFile(to, (await real.readFile(from)).subarray(0, 8)))
      return real.copyFile(from, to, mode)
    },
  }
})

const files = {
  "prices/a.csv": price("A-1,10.00"),
  "prices/b.csv": price("B-1,cheap"),
  "prices/copy.csv": price("A-1,10.00"),
  "stock/s.csv": "sku,count\nA-1,3\nA-2,many\n",
}

const ends = (collected: Collected.Collected) => collected.outcomes.map(({ file, kind }) => `${file} ${kind}`)

describe("a move that fails", () => {
  test("anywhere leaves the file where it is, whole and once, and the next run moves it with its reason", async () => {
    const met = new Set<boolean>()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 24 }), fc.boolean(), async (fails, links) => {
        await fs.rm(path.join(folder, "in"), { recursive: true, force: true })
        await write(files)
        const collector = make()
        await run(
          Effect.gen(function* () {
            Object.assign(disk, { fails, links, changes: 0 })
            const first = yield* Collector.run(collector)
            disk.fails = 0
            const between = Object.entries(yield* Effect.promise(tree))
            const contents = between.filter(([name]) => !name.endsWith(".reason.txt")).map(([, text]) => text)
            expect(contents.sort()).toEqual(Object.values(files).sort())
            for (const [name, text] of between) {
              expect(path.basename(name)).not.toMatch(/^\./)
              if (!name.endsWith(".reason.txt")) continue
              expect(text).toMatch(/\n\njob: {5}\S+\n$/)
              // no reason without its file
              expect(between.map(([it]) => it)).toContain(name.replace(".reason.txt", ""))
            }
            const left = first.outcomes.filter(({ kind }) => kind === "left")
            expect(left.length).toBe(disk.changes >= fails ? 1 : 0)
            met.add(left.length > 0)
            for (const { file, reason } of left) {
              expect(reason).toBe("it could not be moved: ENOSPC: no space left on device")
              expect(between.map(([it]) => it)).toContain(file)
            }
            yield* Collector.run(collector)
          }),
        )
        Object.assign(disk, { links: true })
        expect(Object.keys(await tree())).toEqual([
          "done/prices/a.csv",
          "done/prices/copy.csv",
          "done/stock/s.csv",
          "done/stock/s.csv.reason.txt",
          "quarantine/prices/b.csv",
          "quarantine/prices/b.csv.reason.txt",
        ])
      }),
      {
        numRuns: 16,
        examples: [
          [1, true],
          [9, false],
          [24, true],
        ],
      },
    )
    expect(met).toEqual(new Set([true, false]))
  }, 60_000)

  test("onto another file system, cut off between its copy and its end, is not done twice", async () => {
    await write({ "prices/a.csv": files["prices/a.csv"] })
    const collector = make()
    await run(
      Effect.gen(function* () {
        Object.assign(disk, { links: false })
        const { job } = yield* Collector.run(collector)
        disk.links = true
        // as it was just before the file lost its old name
        const done = path.join(folder, "in/done/prices/a.csv")
        yield* Effect.promise(() => fs.copyFile(done, path.join(folder, "in/prices/a.csv")))
        yield* Effect.promise(() => fs.link(done, path.join(folder, `in/done/prices/.a.csv.${job!.id}-1.part`)))
        disk.links = false
        yield* Collector.run(collector)
        disk.links = true
      }),
    )
    expect(Object.keys(await tree())).toEqual(["done/prices/a.csv"])
  })
})

describe("a file that", () => {
  // what somebody does to a file at a moment of its import
  const meddling = (options: {
    readonly listed?: (file: string) => Promise<void>
    readonly read?: (file: string) => Promise<void>
  }) =>
    make({
      patterns: make().patterns.map((pattern) => ({
        ...pattern,
        source: ({ name, path: file }) => {
          const source = CsvSource.make({ file, name })
          const { listed, read } = options
          return {
            ...source,
            identify:
              listed === undefined
                ? source.identify
                : Effect.andThen(
                    Effect.promise(() => listed(file)),
                    source.identify,
                  ),
            read: (from) =>
              read === undefined ? source.read(from) : Stream.tap(source.read(from), () => Effect.promise(() => read(file))),
          }
        },
      })),
    })

  test("changes while it is read is not imported, and is the next run's", async () => {
    await write({ "prices/a.csv": price("A-1,10.00") })
    await run(
      Effect.gen(function* () {
        const more = (file: string) => fs.appendFile(file, "A-2,11.00\n")
        const first = yield* Collector.run(meddling({ read: more }))
        expect(ends(first)).toEqual(["prices/a.csv left"])
        expect(first.outcomes[0]!.reason).toContain("prices/a.csv changed while it was read; nothing of it was imported")
        expect(first.job!.counts.created).toBe(0)
        expect(ends(yield* Collector.run(meddling({})))).toEqual(["prices/a.csv done"])
      }),
    )
    expect(await tree()).toEqual({ "done/prices/a.csv": price("A-1,10.00", "A-2,11.00") })
  })

  test("vanishes before it is read is gone, and no other file is concerned", async () => {
    await write({ "prices/a.csv": price("A-1,10.00"), "prices/b.csv": price("B-1,1.00") })
    const vanish = (file: string) => (file.endsWith("a.csv") ? fs.rm(file) : Promise.resolve())
    const collected = await run(Collector.run(meddling({ listed: vanish })))
    expect(ends(collected)).toEqual(["prices/a.csv gone", "prices/b.csv done"])
    expect(collected.outcomes[0]!.reason).toContain("it is not in the folder any more; source.NotFound")
    expect(Collected.report(collected)).toContain("1 done, 0 skipped, 0 quarantined, 0 left, 1 gone")
    expect(Object.keys(await tree())).toEqual(["done/prices/b.csv"])
  })

  test("vanishes when it was read is imported all the same", async () => {
    await write({ "prices/a.csv": price("A-1,10.00") })
    const sink = make().patterns[0]!.import.sink
    const collector = make(
      {},
      {
        ...sink,
        commit: (context) =>
          Effect.andThen(
            Effect.promise(() => fs.rm(path.join(folder, "in/prices/a.csv"))),
            sink.commit(context),
          ),
      },
    )
    expect((await run(Collector.run(collector))).outcomes).toMatchObject([{ file: "prices/a.csv", kind: "done", to: null }])
  })

  test.skipIf(process.getuid === undefined)(
    "may not be read stays, and is named; so does one that may not be moved",
    async () => {
      await write({
        "prices/a.csv": price("A-1,10.00"),
        "prices/sealed.csv": price("S-1,1.00"),
        "stock/s.csv": "sku,count\nA-1,3\n",
      })
      const at = (name: string): string => path.join(folder, "in", name)
      await fs.chmod(at("prices/sealed.csv"), 0o000)
      const nobody = 65_534
      const isRoot = process.getuid!() === 0
      if (isRoot) {
        await fs.chmod(folder, 0o755)
        for (const it of ["", "prices", "prices/a.csv", "stock", "stock/s.csv"]) await fs.chown(at(it), nobody, nobody)
      }
      // a folder that may be read, and not changed
      await fs.chmod(at("stock"), 0o555)
      if (isRoot) process.seteuid!(nobody)
      const collected = await run(Collector.run(make())).finally(() => (isRoot ? process.seteuid!(0) : undefined))
      await fs.chmod(at("stock"), 0o755)
      expect(ends(collected)).toEqual(["prices/a.csv done", "stock/s.csv left"])
      expect(collected.outcomes[1]!.reason).toMatch(/^it could not be moved: EACCES: permission denied/)
      expect(collected.refused).toMatchObject([{ name: "prices/sealed.csv" }])
      expect(collected.refused[0]!.why).toMatch(/^it cannot be read: EACCES: permission denied/)
      await fs.chmod(at("prices/sealed.csv"), 0o600)
      expect(Object.keys(await tree())).toEqual(["done/prices/a.csv", "prices/sealed.csv", "stock/s.csv"])
    },
  )

  test("has a line break in its name is collected, and keeps to its line in what people read", async () => {
    await write({ "prices/a\nb.csv": price("A-1,10.00"), "prices/c\nx.csv": price("C-1,cheap") })
    const collected = await run(Collector.run(make()))
    expect(ends(collected)).toEqual(["prices/a\nb.csv done", "prices/c\nx.csv quarantined"])
    expect(Collected.report(collected)).toContain("\n  prices/c\ufffdx.csv: rows.rejected")
    const files_ = await tree()
    expect(Object.keys(files_)).toEqual([
      "done/prices/a\nb.csv",
      "quarantine/prices/c\nx.csv",
      "quarantine/prices/c\nx.csv.reason.txt",
    ])
    expect(files_["quarantine/prices/c\nx.csv.reason.txt"]!.split("\n")[0]).toBe(
      "prices/c x.csv was not imported. Nothing of it was written.",
    )
  })

  test("has a name that is not UTF-8 stays, and is named by its bytes; and so is a folder", async (context) => {
    await write({ "prices/a.csv": price("A-1,10.00") })
    const latin1 = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`${path.join(folder, "in/prices")}/`), Buffer.from(name, "latin1")])
    try {
      await fs.writeFile(latin1("caf\u00e9.csv"), price("C-1,1.00"))
    } catch {
      return context.skip("this file system takes no names that are not UTF-8")
    }
    await fs.mkdir(latin1("\u00fcber"))
    const collected = await run(Collector.run(make()))
    expect(ends(collected)).toEqual(["prices/a.csv done"])
    expect(collected.refused).toEqual([
      { name: "prices/caf\\xe9.csv", why: "its name is not UTF-8; rename it" },
      { name: "prices/\\xfcber", why: "its name is not UTF-8; rename it" },
    ])
  })
})
