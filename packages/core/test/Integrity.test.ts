import { randomBytes } from "node:crypto"
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { Engine, type Job, JobStore, SnapshotStore } from "@waybill/core"
import { FileSnapshotStore } from "@waybill/core/file"
import { MemoryJobStore, MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Stream } from "effect"
import * as fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { columns, definition } from "./support/products.ts"

let folder: string
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "waybill-integrity-"))
})
afterEach(() => fs.rm(folder, { recursive: true }))

const rows = [
  ...Array.from({ length: 7 }, (_, at) => [`A-${at}`, ` Lamp ${at}`, "1.50", at < 3 ? "lamps" : null]),
  ["B-1", "Shade", "cheap", null],
]

// a sealed job over files, with an update, an unchanged record, a candidate, a rejected row and all logs
const sealed = () => {
  const sink = MemorySink.make()
  sink.tables.set(
    "product",
    new Map([
      ["A-4", ["A-4", "Other", null, null]],
      ["A-5", ["A-5", "Lamp 5", "1.50", null]],
    ]),
  )
  const d = definition(sink, { mode: "smart", allowPartial: true, limits: { batch: 3 } })
  const layer = Layer.mergeAll(MemoryJobStore.layer, FileSnapshotStore.layer(folder), Logger.layer([]))
  return { sink, d, layer }
}

type Damage =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "add" | "remove" }

const damage = async (file: string, how: Damage): Promise<void> => {
  if (how.kind === "remove") return fs.rm(file)
  const bytes = await fs.readFile(file)
  const at = how.kind === "flip" || how.kind === "cut" ? Math.min(bytes.length - 1, Math.floor(how.at * bytes.length)) : 0
  if (how.kind === "flip") bytes[at]! ^= 1 << how.bit
  // written anew, as a hand or a disk would: the store's own files are not written to
  const changed =
    how.kind === "cut" ? bytes.subarray(0, at) : how.kind === "add" ? Buffer.concat([bytes, Buffer.from("\n")]) : bytes
  await fs.rm(file)
  await fs.writeFile(file, changed)
}

const share = fc.double({ min: 0, max: 0.999_999, noNaN: true })
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: share, bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("cut" as const), at: share }),
  fc.constantFrom({ kind: "add" as const }, { kind: "remove" as const }),
)

// every part of the job that is damaged in turn
const commitDamaged = (name: (names: ReadonlyArray<string>) => string, how: Damage) => {
  const { d, layer, sink } = sealed()
  return Effect.gen(function* () {
    const job = yield* Engine.validate(d, TestSource.make({ columns, rows, pageRows: 4 }))
    expect(job.status).toBe("pending")
    const before = structuredClone(sink.tables)
    const store = yield* SnapshotStore.SnapshotStore
    const part = name((yield* store.list(job.id)).map((it) => it.name))
    yield* Effect.promise(() => damage(path.join(folder, job.id, part), how))
    const done = yield* Engine.commit(d, job.id)
    return { done, part, before, after: sink.tables }
  }).pipe(Effect.provide(layer), Effect.runPromise)
}

const expectFound = ({ after, before, done, part }: { done: Job.Job; part: string; before: unknown; after: unknown }) => {
  expect(done.status).toBe("failed")
  expect(done.failure).toMatchObject({ code: "integrity", retryable: false })
  expect(done.failure!.message).toContain(part)
  expect(after).toEqual(before)
  expect(done.counts).toMatchObject({ created: 0, updated: 0, imported: 0, unprocessed: 7 })
}

describe("a sealed job", () => {
  test("a changed byte at any position of any part is found before the first write, and the part is named", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), damages, async (choice, how) => {
        expectFound(await commitDamaged((names) => names[choice % names.length]!, how))
      }),
      { numRuns: 60 },
    )
  })

  test("there is no part whose loss is not found", async () => {
    const seen = new Set<string>()
    for (let at = 0; ; at++) {
      let count = 0
      const result = await commitDamaged(
        (names) => {
          count = names.length
          return names[at]!
        },
        { kind: "remove" },
      )
      expectFound(result)
      seen.add(result.part.replace(/\d{6}/, "N"))
      if (at + 1 === count) break
    }
    expect([...seen].sort()).toEqual(
      [
        "log/candidates.ndjson",
        "log/normalization/N.ndjson",
        "log/rejected/N.ndjson",
        "plan.json",
        "plan/category/N.ndjson",
        "plan/product/N.ndjson",
        "records/category/N.ndjson",
        "records/product/N.ndjson",
        "refs/category/N.ndjson",
        "refs/product/N.ndjson",
        "snapshot.json",
      ].sort(),
    )
  })

  test("a whole folder that is gone is found as well", async () => {
    const { d, layer, sink } = sealed()
    const done = await Effect.gen(function* () {
      const job = yield* Engine.validate(d, TestSource.make({ columns, rows }))
      yield* Effect.promise(() => fs.rm(path.join(folder, job.id), { recursive: true }))
      return yield* Engine.commit(d, job.id)
    }).pipe(Effect.provide(layer), Effect.runPromise)
    expect(done.failure).toMatchObject({ code: "integrity", message: expect.stringContaining("snapshot.json") })
    expect(sink.tables.get("product")!.size).toBe(2)
  })

  test("a byte that changes while the commit runs is found where it is read, and an atomic commit leaves nothing", async () => {
    const { d, layer, sink } = sealed()
    const before = structuredClone(sink.tables)
    const done = await Effect.gen(function* () {
      const job = yield* Engine.validate(d, TestSource.make({ columns, rows }))
      const file = path.join(folder, job.id, "records/product/000002.ndjson")
      const late: typeof d = {
        ...d,
        sink: {
          ...sink,
          // opened after all parts were looked at
          commit: (context) =>
            Effect.andThen(
              Effect.promise(() => damage(file, { kind: "flip", at: 0.5, bit: 0 })),
              sink.commit(context),
            ),
        },
      }
      return yield* Engine.commit(late, job.id)
    }).pipe(Effect.provide(layer), Effect.runPromise)
    expect(done.failure).toMatchObject({ code: "integrity", message: expect.stringContaining("records/product/000002.ndjson") })
    expect(sink.tables).toEqual(before)
  })

  test("its plan is not shown either where a byte has changed", async () => {
    const { d, layer } = sealed()
    const error = await Effect.gen(function* () {
      const job = yield* Engine.validate(d, TestSource.make({ columns, rows }))
      yield* Effect.promise(() =>
        damage(path.join(folder, job.id, "plan/product/000001.ndjson"), { kind: "flip", at: 0, bit: 1 }),
      )
      return yield* Effect.flip(Stream.runCollect(Engine.changes(d, job.id)))
    }).pipe(Effect.provide(layer), Effect.runPromise)
    expect(error).toMatchObject({ _tag: "IntegrityError", part: "plan/product/000001.ndjson" })
  })

  test("a plan of another snapshot, sealed as well as its own, is refused", async () => {
    const { d, layer, sink } = sealed()
    const done = await Effect.gen(function* () {
      const job = yield* Engine.validate(d, TestSource.make({ columns, rows }))
      const other = yield* Engine.validate(d, TestSource.make({ columns, rows: rows.slice(1) }))
      // as a job store would have it that mixed two jobs up
      const store = yield* JobStore.JobStore
      const parts = yield* SnapshotStore.SnapshotStore
      yield* parts.remove(job.id, "plan.json")
      yield* parts.put(job.id, "plan.json", yield* parts.get(other.id, "plan.json"))
      const mixed = yield* store.save({ ...job, plan: other.plan })
      return yield* Engine.commit(d, mixed.id)
    }).pipe(Effect.provide(layer), Effect.runPromise)
    expect(done.failure).toMatchObject({ code: "integrity", message: expect.stringContaining("belongs to another snapshot") })
    expect(sink.tables.get("product")!.size).toBe(2)
  })
})

test("random bytes in the place of a manifest are not parsed", async () => {
  const { d, layer } = sealed()
  const done = await Effect.gen(function* () {
    const job = yield* Engine.validate(d, TestSource.make({ columns, rows }))
    yield* Effect.promise(() => fs.writeFile(path.join(folder, job.id, "plan.json"), randomBytes(100)))
    return yield* Engine.commit(d, job.id)
  }).pipe(Effect.provide(layer), Effect.runPromise)
  expect(done.failure).toMatchObject({ code: "integrity", message: expect.stringContaining("plan.json") })
})
