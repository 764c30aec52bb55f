/**
 * The commands for what went wrong: resume, cancel, pause, undo, rejected rows, retention.
 */
import { JobStore } from "@waybill/core"
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { idOf, make, masked } from "./application.ts"

type Application = ReturnType<typeof make>

const skus = ({ sink }: Application) => [...(sink.tables.get("price")?.keys() ?? [])].sort()
const amountOf = ({ sink }: Application, sku: string) => sink.tables.get("price")?.get(sku)?.[2]

const imported = async (application: Application, file: string) => {
  const ran = await application.run("run", file, "--json")
  expect(ran.code).toBe(0)
  return idOf(ran)
}

describe("undo", () => {
  test("tells what it would do, does it, and says what it left", async () => {
    const application = make()
    const { run, sink } = application
    await imported(application, "good.csv")
    const job = await imported(application, "dearer.csv")
    expect(amountOf(application, "A-1")).toBe("12.50")
    const before = structuredClone(sink.tables)
    const preview = await run("undo", job, "--preview")
    expect(preview.err).toBe("")
    expect(preview.code).toBe(0)
    expect(masked(preview.out)).toBe(`What an undo would do
  entity  reversed  kept  errored
  brand          0     0        0
  price          1     0        0

Next
  take it back:
    shop undo JOB
`)
    expect(sink.tables).toEqual(before)
    const { code, out } = await run("undo", job)
    expect(code).toBe(0)
    expect(masked(out).split("\n")[0]).toBe("prices: took job JOB back: 1 record reversed")
    expect(amountOf(application, "A-1")).toBe("10.00")
    expect((await run("show", job)).out).toContain("prices: committed, and taken back")
    const again = await run("undo", job)
    expect(again.code).toBe(1)
    expect(masked(again.err)).toContain("job JOB was taken back already, by job JOB")
  })

  test("keeps and lists what somebody changed since, and ends with 2", async () => {
    const application = make()
    const { run, sink } = application
    const job = await imported(application, "good.csv")
    const prices = sink.tables.get("price")!
    prices.set("A-2", ["A-2", "Philips", "99.00"])
    const preview = await run("undo", job, "--preview", "--json")
    expect(preview.code).toBe(2)
    expect(JSON.parse(preview.out)).toMatchObject({
      reversed: 2,
      kept: 1,
      left: [{ key: "A-2", kind: "changed", ref: "good.csv:2" }],
    })
    const { code, out } = await run("undo", job)
    expect(code).toBe(2)
    expect(masked(out).split("\n")[0]).toBe("prices: took job JOB back: 2 records reversed, 1 kept")
    expect(out).toContain("undo.kept")
    expect(skus(application)).toEqual(["A-2"])
  })
})

describe("cancel and resume", () => {
  test("a job that waits is given up at once", async () => {
    const application = make()
    const job = idOf(await application.run("validate", "good.csv", "--json"))
    const { code, out } = await application.run("cancel", job)
    expect(code).toBe(0)
    expect(out).toContain("prices: cancelled before its commit")
    expect((await application.run("commit", job)).code).toBe(1)
    expect(skus(application)).toEqual([])
  })

  test("a job that broke off in its commit is gone on with", async () => {
    const application = make()
    const job = idOf(await application.run("validate", "good.csv", "--json"))
    // a worker that died
    await Effect.runPromise(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const found = yield* store.get(job)
        if (found._tag === "Some") yield* store.save({ ...found.value, status: "running", token: 1 })
      }).pipe(Effect.provide(application.layer)),
    )
    const { code, out } = await application.run("resume", job)
    expect(out).toContain("prices: committed and verified")
    expect(code).toBe(0)
    expect(skus(application)).toEqual(["A-1", "A-2", "A-3"])
  })

  test("a job that broke off in its validation needs its arguments again, and goes on under its id", async () => {
    const application = make()
    const job = idOf(await application.run("validate", "good.csv", "--json"))
    await Effect.runPromise(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const found = yield* store.get(job)
        if (found._tag === "Some")
          yield* store.save({ ...found.value, status: "validating", snapshot: null, plan: null, transaction: null })
      }).pipe(Effect.provide(application.layer)),
    )
    const without = await application.run("resume", job)
    expect(without.code).toBe(64)
    expect(masked(without.err)).toContain(
      "Job JOB was being validated; to go on, the import prices needs FILE again: the price list.",
    )
    const { code, out } = await application.run("resume", job, "good.csv", "--json")
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ id: job, status: "pending", counts: { created: 3 } })
    const other = await application.run("resume", job)
    expect(other.code).toBe(0)
    expect(skus(application)).toEqual(["A-1", "A-2", "A-3"])
  })
})

describe("a job that a worker has", () => {
  test("shows the worker, its lease and what is asked of it; others are told to wait", async () => {
    const application = make()
    const job = idOf(await application.run("validate", "good.csv", "--json"))
    await Effect.runPromise(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const found = yield* store.get(job)
        const lease = { worker: "other-1", until: "1970-01-01T00:01:00.000Z" }
        if (found._tag === "Some") yield* store.save({ ...found.value, status: "running", token: 1, lease })
      }).pipe(Effect.provide(application.layer)),
    )
    const { code, out } = await application.run("pause", job)
    expect(code).toBe(0)
    expect(out).toContain("  worker    other-1; its lease lasts until 1970-01-01 00:01:00 UTC\n")
    expect(out).toContain("  asked     to pause; its worker does so at its next safe point\n")
    const busy = await application.run("commit", job)
    expect(busy.code).toBe(1)
    expect(busy.err).toContain("is being worked on by other-1")
    expect(busy.err).toContain("wait for it with --wait.")
  })
})

describe("rejected rows", () => {
  test("are shown as they came, and sent again", async () => {
    const application = make({ allowPartial: true })
    const { run } = application
    const ran = await run("run", "bad.csv", "--json")
    expect(ran.code).toBe(2)
    const job = idOf(ran)
    const { out } = await run("rejected", job)
    expect(out).toBe(`bad.csv:2
    sku: "A-2", brand: "Philips", amount: "ask us"
    cell.decimal (amount): expected a decimal number such as 12.50
bad.csv:3
    sku: "", brand: "Philips", amount: "on\\u001b[31m request\\n"
    cell.empty (sku): expected a value, the cell is empty
    cell.decimal (amount): expected a decimal number such as 12.50
`)
    expect((await run("rejected", job, "--json")).out.split("\n").filter((line) => line !== "")).toHaveLength(2)
    const replayed = await run("replay", job, "--json")
    expect(replayed.code).toBe(2)
    expect(JSON.parse(replayed.out)).toMatchObject({
      status: "pending",
      source: { kind: "replay" },
      counts: { processed: 2, rejected: 2 },
    })
    const good = idOf(await run("run", "good.csv", "--json"))
    expect((await run("rejected", good)).out).toBe("No rejected rows.\n")
    expect((await run("replay", good)).code).toBe(1)
  })
})

describe("retention", () => {
  test("says what would go before it goes", async () => {
    const application = make()
    const { run } = application
    const job = await imported(application, "good.csv")
    expect((await run("retention")).out).toBe("Nothing is older than it is kept.\n")
    await Effect.runPromise(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const found = yield* store.get(job)
        if (found._tag === "Some") yield* store.save({ ...found.value, updatedAt: "1969-01-01T00:00:00.000Z" })
      }).pipe(Effect.provide(application.layer)),
    )
    const { out } = await run("retention")
    expect(masked(out)).toMatch(
      /^ {2}job +import +status +last change +parts +size +in target\n {2}JOB +prices +success +1969-01-01 00:00:00 UTC +\d+ +[\d.]+ k?B +[\d.]+ k?B\n\nThis would free [\d.]+ k?B.\n\nNext\n {2}take them away:\n {4}shop retention --purge\n$/,
    )
    expect((await run("retention", "--days", "30")).out).toContain("    shop retention --days 30 --purge\n")
    expect((await run("changes", job, "--json")).code).toBe(0)
    const purged = await run("retention", "--purge", "--json")
    expect(JSON.parse(purged.out)).toMatchObject({ goes: [{ job }], left: [] })
    expect((await run("retention")).out).toBe("Nothing is older than it is kept.\n")
    expect((await run("changes", job)).code).toBe(1)
    const shown = await run("show", job)
    expect(shown.code).toBe(0)
    expect(shown.out).toContain("Its snapshot and plan are taken away: it can neither be looked into nor undone any more.")
  })
})
