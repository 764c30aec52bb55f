import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import type { JobStore, SnapshotStore } from "@waybill/core"
import { FileDecisionStore, FileJobStore, FileSnapshotStore } from "@waybill/core/file"
import { MemoryDecisionStore, MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { DecisionStoreSuite, JobStoreSuite, SnapshotStoreSuite } from "@waybill/core/testing"
import { Effect, type Layer } from "effect"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

let folder: string
beforeEach(async () => {
  // the stores make their folder themselves; what they must not touch lies beside it
  folder = path.join(await fs.mkdtemp(path.join(os.tmpdir(), "waybill-stores-")), "store")
})
afterEach(() => fs.rm(path.dirname(folder), { recursive: true }))

const jobStores: ReadonlyArray<readonly [string, () => Layer.Layer<JobStore.JobStore>]> = [
  ["memory", () => MemoryJobStore.layer],
  ["file", () => FileJobStore.layer(folder)],
]
const snapshotStores: ReadonlyArray<readonly [string, () => Layer.Layer<SnapshotStore.SnapshotStore>]> = [
  ["memory", () => MemorySnapshotStore.layer],
  ["file", () => FileSnapshotStore.layer(folder)],
]

const decisionStores: ReadonlyArray<readonly [string, () => Layer.Layer<never>]> = [
  ["memory", () => MemoryDecisionStore.layer],
  ["file", () => FileDecisionStore.layer(folder)],
]

describe.each(decisionStores)("a decision store: %s", (_name, layer) => {
  for (const { check, name } of DecisionStoreSuite.laws) test(name, () => Effect.runPromise(Effect.provide(check, layer())))
})

describe.each(jobStores)("a job store: %s", (_name, layer) => {
  for (const { check, name } of JobStoreSuite.laws) test(name, () => Effect.runPromise(Effect.provide(check, layer())))
})

describe.each(snapshotStores)("a snapshot store: %s", (_name, layer) => {
  for (const { check, name } of SnapshotStoreSuite.laws) test(name, () => Effect.runPromise(Effect.provide(check, layer())))
})

describe("stores in a folder", () => {
  test("write nothing outside of it, whatever names they are given", async () => {
    const jobs = FileJobStore.make(folder)
    const parts = FileSnapshotStore.make(folder)
    for (const name of ["../x", "..", "a/../../x", "/x", "", ".", "..\\x"]) {
      await Effect.runPromise(Effect.ignore(jobs.create(JobStoreSuite.job(name))))
      await Effect.runPromise(Effect.ignore(parts.put(name, "x", Buffer.from("x"))))
      await Effect.runPromise(Effect.ignore(parts.put("j1", name, Buffer.from("x"))))
      await Effect.runPromise(Effect.ignore(parts.remove(name)))
    }
    expect((await fs.readdir(path.dirname(folder))).filter((it) => it !== "store")).toEqual([])
  })

  test("are not put out by files that somebody else has left there", async () => {
    const jobs = FileJobStore.make(folder)
    await Effect.runPromise(jobs.create(JobStoreSuite.job("j1")))
    await fs.writeFile(path.join(folder, ".DS_Store"), "x")
    await fs.writeFile(path.join(folder, "notes.txt"), "x")
    await fs.mkdir(path.join(folder, "empty"))
    expect(await Effect.runPromise(jobs.find({}))).toHaveLength(1)
  })

  test("are read by another process: nothing of them is in memory alone", async () => {
    const first = FileJobStore.make(folder)
    await Effect.runPromise(first.create(JobStoreSuite.job("j1")))
    const second = FileJobStore.make(folder)
    const saved = await Effect.runPromise(second.save(JobStoreSuite.job("j1", { status: "failed" })))
    expect(await Effect.runPromise(first.find({ status: ["failed"] }))).toEqual([saved])
    const refused = await Effect.runPromise(Effect.flip(first.save(JobStoreSuite.job("j1"))))
    expect(refused.reason).toBe("Stale")
  })

  test("take a folder that another process has removed meanwhile", async () => {
    const parts = FileSnapshotStore.make(folder)
    await Effect.runPromise(parts.put("j1", "a/1", Buffer.from("x")))
    await fs.rm(folder, { recursive: true })
    await Effect.runPromise(parts.put("j1", "a/1", Buffer.from("y")))
    expect(Buffer.from(await Effect.runPromise(parts.get("j1", "a/1"))).toString()).toBe("y")
  })
})
