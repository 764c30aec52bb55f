/**
 * Each law of a store is there for something: a store that breaks it, and nothing else, fails it and no other.
 */
import * as path from "node:path"
import { JobStore, SnapshotStore } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { JobStoreSuite, SnapshotStoreSuite } from "@waybill/core/testing"
import { Effect, Layer, Option } from "effect"
import { describe, expect, test } from "vitest"
import { brokenOf } from "./telling.ts"

type Jobs = JobStore.JobStore["Service"]
type Parts = SnapshotStore.SnapshotStore["Service"]

const jobError = (reason: JobStore.JobStoreError["reason"]) =>
  new JobStore.JobStoreError({ reason, message: "no", isRetryable: false })
const partError = (reason: SnapshotStore.SnapshotStoreError["reason"]) =>
  new SnapshotStore.SnapshotStoreError({ reason, message: "no", isRetryable: false })

// where a path leads that is not looked at before it is used
const leadsTo = (id: string): string => path.posix.normalize(`/${id.replaceAll("\0", "")}`).replace(/^\/|\/$/g, "")

const jobStores: Readonly<Record<string, (store: Jobs) => Partial<Jobs>>> = {
  "a job that was created is there as it was given, and another one is not": (store) => ({
    create: (job) => store.create({ ...job, cursor: null }),
  }),
  "an id is taken once: the second create is refused, and the first job stays": (store) => ({
    create: (job) => Effect.mapError(store.create(job), () => jobError("Unknown")),
  }),
  // looks, and then writes
  "of many who create a job of one id at once, one succeeds": (store) => ({
    create: (job) =>
      Effect.flatMap(store.get(job.id), (found) =>
        Option.isSome(found) ? store.create(job) : Effect.andThen(Effect.yieldNow, Effect.ignore(store.create(job))),
      ),
  }),
  // has no column for it
  "a save gives the job the next version, and keeps what it was given": (store) => ({
    save: (job, issues) => store.save({ ...job, plan: null }, issues),
  }),
  // refuses older versions, and takes any newer one
  "who saves what somebody else has saved since is told so, and neither job nor issues change": (store) => ({
    save: (job, issues) =>
      Effect.flatMap(store.get(job.id), (found) =>
        store.save(
          Option.isSome(found) && found.value.version < job.version ? { ...job, version: found.value.version } : job,
          issues,
        ),
      ),
  }),
  "of many who save the same version at once, one succeeds, with its issues": (store) => ({
    save: (job, issues) =>
      Effect.gen(function* () {
        const found = yield* store.get(job.id)
        if (Option.isNone(found) || found.value.version !== job.version) return yield* store.save(job, issues)
        yield* Effect.yieldNow
        const { version } = Option.getOrThrow(yield* store.get(job.id))
        return yield* store.save({ ...job, version }, issues)
      }),
  }),
  "a job that is not there is not saved, and has no issues to read": (store) => ({
    issues: (id, page) => Effect.catch(store.issues(id, page), () => Effect.succeed([])),
  }),
  "jobs are found by each field of a query and by all of them together, newest first": (store) => ({
    find: ({ before: _, ...query }) => store.find(query),
  }),
  "the children of a job are found by it, and jobs that are nobody's child without it": (store) => ({
    find: ({ parent, ...query }) =>
      Effect.map(store.find(query), (found) => found.filter((it) => (parent ?? it.parent) === it.parent)),
  }),
  "jobs are found by the kind of their source, and by what their bookmark is of": (store) => ({
    find: ({ bookmark: _, ...query }) => store.find(query),
  }),
  "a query finds jobs as they were saved last, and 100 of them where it says no limit": (store) => ({
    find: (query) => store.find({ limit: 1_000, ...query }),
  }),
  "issues are kept in the order they were found, over all saves, and are read page by page": (store) => ({
    issues: (id, page) => store.issues(id, page?.limit === undefined ? {} : page),
  }),
  "an issue is kept whole, null or not": (store) => ({
    save: (job, issues) => store.save(job, issues?.map((issue) => ({ ...issue, severity: "error" as const })) ?? []),
  }),
  "an issue about text that a database cannot hold is kept all the same, with its place": (store) => ({
    save: (job, issues) => store.save(job, issues?.filter(({ message }) => message.isWellFormed()) ?? []),
  }),
  "an id that leads elsewhere reaches no other job": (store) => ({ get: (id) => store.get(leadsTo(id)) }),
}

const snapshotStores: Readonly<Record<string, (store: Parts) => Partial<Parts>>> = {
  // takes a NUL for the end
  "a part is read back byte for byte, whatever bytes they are": (store) => ({
    get: (job, name) =>
      Effect.map(store.get(job, name), (bytes) => (bytes.at(-1) === 0 && bytes.at(-2) === 10 ? bytes.slice(0, -1) : bytes)),
  }),
  "a part may be as large as a batch of large records: 17 MiB": (store) => ({
    put: (job, name, bytes) =>
      bytes.length > 16 * 1024 * 1024 ? Effect.fail(partError("Capacity")) : store.put(job, name, bytes),
  }),
  // gives the same bytes to all
  "the caller's buffer is its own, before and after": (store) => {
    const read = new Map<string, Uint8Array>()
    const forget = <A, E>(effect: Effect.Effect<A, E>) => Effect.tap(effect, () => Effect.sync(() => read.clear()))
    return {
      put: (job, name, bytes) => forget(store.put(job, name, bytes)),
      remove: (job, name) => forget(store.remove(job, name)),
      get: (job, name) =>
        Effect.suspend(() => {
          const key = JSON.stringify([job, name])
          const known = read.get(key)
          if (known !== undefined) return Effect.succeed(known)
          return Effect.tap(store.get(job, name), (bytes) => Effect.sync(() => void read.set(key, bytes)))
        }),
    }
  },
  // takes a part for good with its first bytes
  "a part is written once: the same bytes again are allowed, others are refused and change nothing": (store) => ({
    put: (job, name, bytes) =>
      Effect.flatMap(Effect.result(store.get(job, name)), (known) =>
        known._tag === "Success" && known.success.length < bytes.length && known.success.every((byte, at) => byte === bytes[at])
          ? Effect.void
          : store.put(job, name, bytes),
      ),
  }),
  // looks, and then writes
  "of many who put other bytes under one name at once, one succeeds, and its bytes are there whole": (store) => ({
    put: (job, name, bytes) =>
      Effect.flatMap(Effect.result(store.get(job, name)), (known) =>
        known._tag === "Success"
          ? store.put(job, name, bytes)
          : Effect.andThen(Effect.yieldNow, Effect.ignore(store.put(job, name, bytes))),
      ),
  }),
  // of a job that it never saw
  "what is not there is not found": (store) => {
    const seen = new Set<string>()
    return {
      put: (job, name, bytes) => {
        seen.add(job)
        return store.put(job, name, bytes)
      },
      get: (job, name) => Effect.mapError(store.get(job, name), (error) => (seen.has(job) ? error : partError("Unknown"))),
    }
  },
  // as a dictionary has them
  "the parts of a job are listed by name with their sizes; a job that is not known has none": (store) => ({
    list: (job) => Effect.map(store.list(job), (all) => all.toSorted((a, b) => a.name.localeCompare(b.name, "en"))),
  }),
  "the jobs that have parts are listed, each once, sorted, and no other": (store) => ({
    jobs: Effect.map(store.jobs, (all) => all.toReversed()),
  }),
  "jobs are apart, though one's id begins as another's": (store) => ({
    remove: (job, name) =>
      name !== undefined || job === ""
        ? store.remove(job, name)
        : Effect.flatMap(store.jobs, (all) =>
            Effect.forEach(
              all.filter((it) => it.startsWith(job)),
              (it) => store.remove(it),
              { discard: true },
            ),
          ),
  }),
  "a part or a whole job is removed, what is not there is not missed, and its name is free again": (store) => ({
    remove: (job, name) =>
      name === undefined ? store.remove(job) : Effect.andThen(store.get(job, name), store.remove(job, name)),
  }),
  "a name or an id that leads elsewhere reaches no other job and no other part": (store) => ({
    get: (job, name) => {
      const [first = "", ...rest] = leadsTo(`${job}/${name}`).split("/")
      return store.get(first, rest.join("/"))
    },
  }),
}

const jobsOf = (change: (store: Jobs) => Partial<Jobs>) =>
  Layer.sync(JobStore.JobStore, () => {
    const store = MemoryJobStore.make()
    return { ...store, ...change(store) }
  })
const partsOf = (change: (store: Parts) => Partial<Parts>) =>
  Layer.sync(SnapshotStore.SnapshotStore, () => {
    const store = MemorySnapshotStore.make()
    return { ...store, ...change(store) }
  })

test("every law has its broken store", () => {
  expect(Object.keys(jobStores)).toEqual(JobStoreSuite.laws.map(({ name }) => name))
  expect(Object.keys(snapshotStores)).toEqual(SnapshotStoreSuite.laws.map(({ name }) => name))
})

describe("a job store", () => {
  test.each(Object.entries(jobStores))("broken alone: %s", async (name, change) => {
    expect(await brokenOf(JobStoreSuite.laws, (check) => Effect.provide(check, jobsOf(change)))).toEqual([name])
  })
})

describe("a snapshot store", () => {
  test.each(Object.entries(snapshotStores))("broken alone: %s", async (name, change) => {
    expect(await brokenOf(SnapshotStoreSuite.laws, (check) => Effect.provide(check, partsOf(change)))).toEqual([name])
  })
})
