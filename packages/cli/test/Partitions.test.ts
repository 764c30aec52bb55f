/**
 * The commands over a source in partitions: what a person sees of a parent and its children, and how each is gone on with.
 */
import { Cell, Entity, Field, Import, JobStore, type Partition, SnapshotStore, Source } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { Cli, Entry, type Host } from "../src/index.ts"
import { idOf, masked } from "./application.ts"

const Shop = Entity.make("shop", { schema: { id: Field.integer(), name: Field.text() }, key: "id" })
const Row = Schema.Struct({ id: Cell.integer(), name: Cell.text() })

// an application with one import, of shops by country; what a country has may change between commands
const make = (countries: Record<string, ReadonlyArray<ReadonlyArray<unknown>> | "gone">) => {
  const sink = MemorySink.make()
  const shops = Import.make({ name: "shops", row: Row, entities: [Shop], map: (row) => [Shop.of(row)], sink })
  const down = new Source.SourceError({ reason: "Refused", message: "no such country", isRetryable: false })
  const source = ({ list }: { readonly list: string }): Partition.Partitioned => ({
    kind: "list",
    name: list,
    details: {},
    partitions: Effect.sync(() =>
      Object.entries(countries).map(([name, rows]) => {
        const made = TestSource.make({ columns: ["id", "name"], rows: rows === "gone" ? [] : rows, place: name })
        return { name, source: rows === "gone" ? { ...made, read: () => Stream.fail(down) } : made }
      }),
    ),
  })
  const entry = Entry.make({ definition: shops, arguments: { list: "the list of countries" }, source })
  const layer = Layer.mergeAll(
    Layer.succeed(JobStore.JobStore, MemoryJobStore.make()),
    Layer.succeed(SnapshotStore.SnapshotStore, MemorySnapshotStore.make()),
  )
  const run = async (...args: ReadonlyArray<string>) => {
    let out = ""
    let err = ""
    const host: Host.Host = {
      out: (text) =>
        Effect.sync(() => {
          out += text
        }),
      err: (text) => {
        err += text
      },
      colour: false,
      progress: false,
      user: "ada",
      program: "shop",
    }
    const code = await Cli.execute({ name: "shop", imports: { shops: entry }, layer }, args, host).pipe(
      Effect.provide(TestClock.layer()),
      Effect.runPromise,
    )
    return { code, out, err }
  }
  return { run, sink }
}

const countries = () =>
  ({
    PT: [[1, "Lisboa"]],
    ES: [
      [2, "Madrid"],
      [3, "Vigo"],
    ],
  }) as Record<string, any>

test("run shows the parent with its partitions, and what to type next", async () => {
  const given = countries()
  const { run, sink } = make({ ...given, UK: "gone" })
  const { code, err, out } = await run("run", "all.txt")
  expect(err).toBe("")
  expect(
    masked(out),
  ).toBe(`shops: committed in part: 1 of 3 partitions are not a success: UK: failed (source.Refused: no such country)
  job       JOB
  source    all.txt
  target    memory
  mode      strict
  started   1970-01-01 00:00:00 UTC by ada
  took      read 0 ms, plan 0 ms, integrity 0 ms, apply 0 ms, verify 0 ms
  failure   partitions

Rows
  processed  imported  skipped  rejected
          3         3        0         0

Records
  entity  records  created  updated  unchanged  conflict  failed  candidates
  shop          3        3        0          0         0       0           0

Partitions
  partition  status   rows  rejected  job                       why
  PT         success     1         0  JOB-1
  ES         success     2         0  JOB-2
  UK         failed      0         0  JOB-3  source.Refused: no such country

Next
  look at each partition's own job, and mend what its failure names (docs/failures.md: partitions)
  once what is wrong is corrected, run one partition again:
    shop again JOB PARTITION …
  list the jobs of its partitions:
    shop jobs --parent JOB
`)
  expect(code).toBe(2)
  expect(sink.tables.get("shop")?.size).toBe(3)
})

test("validate and commit, and each partition by itself", async () => {
  const given: Record<string, any> = { ...countries(), UK: "gone" }
  const { run, sink } = make(given)
  const preview = await run("validate", "all.txt", "--json")
  const id = idOf(preview)
  expect(JSON.parse(preview.out)).toMatchObject({ status: "pending", counts: { created: 3 } })
  expect((await run("show", id)).out).toContain(`shop commit ${id}`)
  expect(sink.tables.get("shop")?.size ?? 0).toBe(0)
  expect((await run("commit", id)).code).toBe(2)
  expect(sink.tables.get("shop")?.size).toBe(3)

  // the country is there now
  given["UK"] = [[4, "London"]]
  expect((await run("again", id, "UK")).err).toContain("needs LIST again")
  expect((await run("again", id)).err).toContain("Which partition")
  const again = await run("again", id, "UK", "all.txt")
  expect(again.out).toContain("shops: committed and verified, all of 3 partitions")
  expect(again.code).toBe(0)
  expect(sink.tables.get("shop")?.size).toBe(4)

  // one of them is taken back, and the parent follows
  expect((await run("undo", `${id}-1`)).code).toBe(0)
  const shown = await run("show", id)
  expect(shown.out).toContain("1 of 3 partitions are not a success: PT: undone")
  expect((await run("show", `${id}-2`)).out).toContain(`parent    ${id}, its partition ES`)
})

test("jobs lists parents, and children where one asks for them", async () => {
  const { run } = make(countries())
  const id = idOf(await run("run", "all.txt", "--json"))
  const listed = async (...args: ReadonlyArray<string>) =>
    (JSON.parse((await run("jobs", "--json", ...args)).out) as ReadonlyArray<{ readonly id: string }>).map((it) => it.id)
  expect(await listed()).toEqual([id])
  expect((await listed("--parent", id)).toSorted()).toEqual([`${id}-1`, `${id}-2`])
  expect(await listed("--children")).toHaveLength(3)
  const { out } = await run("jobs", "--children")
  expect(out).toContain("all.txt (2 partitions)")
  expect(out).toContain("ES: ES")
})

test("resume begins what was not begun", async () => {
  const given: Record<string, any> = { UK: "gone", ...countries() }
  const { run, sink } = make(given)
  const id = idOf(await run("run", "all.txt", "--stop-on-failure", "--json"))
  expect(sink.tables.get("shop")?.size ?? 0).toBe(0)
  expect((await run("show", id)).out).toContain(`shop resume ${id} …`)
  expect((await run("resume", id)).code).toBe(64)
  const resumed = await run("resume", id, "all.txt", "--at-once", "2")
  expect(resumed.code).toBe(2)
  expect(sink.tables.get("shop")?.size).toBe(3)
  expect((await run("cancel", id)).err).toContain("there is nothing to cancel")
})

test("undo takes all partitions of a run back, and tells before what that would do", async () => {
  const { run, sink } = make(countries())
  const id = idOf(await run("run", "all.txt", "--json"))
  sink.tables.get("shop")!.set("2", [2, "Toledo"])
  const preview = await run("undo", id, "--preview")
  expect(masked(preview.out)).toBe(`What an undo would do
  entity  reversed  kept  errored
  shop           2     1        0

Partitions, in this order
  partition  reversed  kept  errored  job                       why not
  ES                1     1        0  JOB-2
  PT                1     0        0  JOB-1

What would be left as it is
  entity  key  ref   why      message
  shop    2    ES:1  changed  somebody changed it since

Next
  take it back:
    shop undo JOB
`)
  expect(preview.code).toBe(2)
  expect(sink.tables.get("shop")?.size).toBe(3)
  const done = await run("undo", id)
  expect(done.err).toBe("")
  expect(masked(done.out)).toContain("shops: took job JOB back: 2 records reversed, 1 kept\n  job       JOB-undo\n")
  expect(masked(done.out)).toContain("undo.kept")
  expect(done.code).toBe(2)
  expect([...sink.tables.get("shop")!.values()]).toEqual([[2, "Toledo"]])
  expect((await run("show", id)).out).toContain("2 partitions committed, and taken back")
  const again = await run("undo", id)
  expect(again.code).toBe(1)
  expect(masked(again.err)).toContain("job JOB was taken back already, by job JOB-undo")
})
