/**
 * A collector imports the files of a folder: each by a job of its own, under one parent job, and then moves it to `done/` or `quarantine/`.
 *
 * What is done is told by jobs and not by where files lie: a file is moved once its job is at its end, and a move that broke off is done when the run goes on.
 * Content that was imported before, by the same definition into the same target, is not imported again (the engine's `AlreadyImported`); the job store is the
 * ledger. Nothing is ever overwritten or deleted.
 *
 * @module
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import {
  type Engine,
  type Import,
  type Job,
  JobStore,
  Partition,
  Partitions,
  type SnapshotStore,
  type Source,
} from "@waybill/core"
import { Data, Effect } from "effect"
import picomatch from "picomatch"
import type { Collected, Outcome } from "./Collected.ts"
import { fingerprinted } from "./internal/fingerprinted.ts"
import { ending, Settling } from "./internal/Settling.ts"
import * as turns from "./internal/turns.ts"
import { type Found, isWithin, type Walked, walk } from "./internal/walk.ts"

/** A file of the folder. */
export type File = Found

/** Which files are imported how. */
export interface Pattern<R = never> {
  /** As picomatch reads it: `prices/*.csv`, `**\/*.{xlsx,XLSX}`. */
  readonly glob: string | ReadonlyArray<string>
  readonly import: Import.Import
  /** The source of one file. Where it has no hash, the file's own is taken, so that content is known again. */
  readonly source: (file: File) => Source.Source<R>
}

/** What {@link make} takes. */
export interface Options<R> {
  /** The name of the parent jobs. */
  readonly name: string
  readonly folder: string
  /** The first one that matches a file has it. */
  readonly patterns: ReadonlyArray<Pattern<R>>
  /** Where files go that are imported, and those that are refused; `done` and `quarantine` in the folder by default. Best on the same file system. */
  readonly done?: string
  readonly quarantine?: string
  /** Ceilings for all files of one run together, counted before the first is read: 10,000 files and 10 GiB by default. */
  readonly limits?: { readonly files?: number; readonly bytes?: number }
}

/** A collector; made by {@link make}. */
export interface Collector<R = never> {
  readonly name: string
  readonly folder: string
  readonly done: string
  readonly quarantine: string
  readonly limits: { readonly files: number; readonly bytes: number }
  readonly patterns: ReadonlyArray<Pattern<R> & { readonly matches: (name: string) => boolean }>
  readonly imports: Partition.Imports
}

/** Why a run was not begun. Nothing was read, written or moved. */
export class CollectorError extends Data.TaggedError("CollectorError")<{
  /** `NotFound`: there is no such folder; `Unreadable`: it cannot be listed; `TooLarge`: all of it together is over a ceiling. */
  readonly reason: "NotFound" | "Unreadable" | "TooLarge"
  readonly message: string
  readonly cause?: unknown
}> {}

/** What a run would take. */
export interface Look<R> {
  readonly files: ReadonlyArray<{ readonly file: File; readonly pattern: Pattern<R> }>
  readonly bytes: number
  readonly refused: Walked["refused"]
  readonly unmatched: ReadonlyArray<string>
}

/** Makes a collector. A folder for done or refused files that holds the whole folder is a defect, thrown here. */
export const make = <R = never>(options: Options<R>): Collector<R> => {
  const folder = path.resolve(options.folder)
  const done = path.resolve(folder, options.done ?? "done")
  const quarantine = path.resolve(folder, options.quarantine ?? "quarantine")
  for (const it of [done, quarantine])
    if (isWithin(it, folder) || it === (it === done ? quarantine : done))
      throw new TypeError(`collector ${options.name}: ${it} holds the folder ${folder}, or is for done and refused files alike`)
  return {
    name: options.name,
    folder,
    done,
    quarantine,
    limits: { files: 10_000, bytes: 10 * 1024 ** 3, ...options.limits },
    patterns: options.patterns.map((it) => ({
      ...it,
      matches: picomatch([it.glob].flat() as Array<string>, { dot: false, nocase: false }),
    })),
    imports: Partition.imports(options.name, [...new Set(options.patterns.map((it) => it.import))]),
  }
}

/** What is in the folder: which files a run would take, and which it would leave. Reads names and sizes only. */
export const look = <R>(collector: Collector<R>): Effect.Effect<Look<R>, CollectorError> =>
  Effect.tryPromise({
    try: async () => {
      const root = await fs.realpath(collector.folder)
      const without = await Promise.all(
        [collector.done, collector.quarantine].map((it) =>
          fs.realpath(it).catch(() => path.join(root, path.relative(collector.folder, it))),
        ),
      )
      const { files, refused } = await walk(root, without)
      const matched = files.map((file) => ({ file, pattern: collector.patterns.find((it) => it.matches(file.name)) }))
      const taken = matched.flatMap(({ file, pattern }) => (pattern === undefined ? [] : [{ file, pattern }]))
      return {
        files: taken,
        bytes: taken.reduce((sum, { file }) => sum + file.bytes, 0),
        refused,
        unmatched: matched.filter(({ pattern }) => pattern === undefined).map(({ file }) => file.name),
      }
    },
    catch: (cause) => {
      const { code, message } = cause as { readonly code?: string; readonly message: string }
      const reason = code === "ENOENT" || code === "ENOTDIR" ? "NotFound" : "Unreadable"
      const what = reason === "NotFound" ? "there is no such folder" : message
      return new CollectorError({ reason, message: `${collector.folder} cannot be collected: ${what}`, cause })
    },
  })

const checkCeilings = <R>({ limits, name }: Collector<R>, { bytes, files }: Look<R>): Effect.Effect<void, CollectorError> => {
  const over =
    files.length > limits.files
      ? `${files.length} files, more than the ${limits.files}`
      : bytes > limits.bytes
        ? `${bytes} bytes in ${files.length} files, more than the ${limits.bytes}`
        : undefined
  return over === undefined
    ? Effect.void
    : Effect.fail(
        new CollectorError({
          reason: "TooLarge",
          message: `the folder of ${name} has ${over} that one run takes; nothing was begun. Take files out, or raise the limit`,
        }),
      )
}

const partitionedOf = <R>(collector: Collector<R>, seen: Look<R>, settling: Settling): Partition.Partitioned<R> => ({
  kind: turns.kind,
  name: collector.folder,
  details: { files: seen.files.length, bytes: seen.bytes },
  partitions: Effect.succeed(
    seen.files.map(({ file, pattern }) => ({
      name: file.name,
      import: pattern.import,
      source: fingerprinted(file, pattern.source(file), settling),
    })),
  ),
})

type Stores = JobStore.JobStore | SnapshotStore.SnapshotStore

/** What runs take: as runs of partitions do, but for what is called with each, and the id. */
export type RunOptions = Omit<Partitions.Options, "onPartition" | "id">

type Failed = CollectorError | Engine.RunError

// what was collected; whether this worker did it, and not another for which it waited
interface Turn {
  readonly collected: Collected
  readonly own: boolean
}

const collect = <R>(
  collector: Collector<R>,
  seen: Look<R>,
  options: RunOptions,
  go: (source: Partition.Partitioned<R>, options: Partitions.Options) => Effect.Effect<Job.Job, Engine.RunError, Stores | R>,
  resumed: boolean,
): Effect.Effect<Turn, Engine.RunError, Stores | R> =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const settling = new Settling(collector, store)
    const outcomes: Array<Outcome> = []
    const later: Array<{ readonly at: number; readonly state: Partition.State }> = []
    let own = false
    const source = partitionedOf(collector, seen, settling)
    const listing = Effect.sync(() => {
      own = true
    })
    const partitions = Effect.andThen(listing, source.partitions)
    const onPartition = (state: Partition.State): Effect.Effect<void> => {
      const intended = ending(state)
      if (intended.kind !== "skipped") return Effect.map(settling.settle(state), (outcome) => void outcomes.push(outcome))
      // that it was imported before is known to nobody but this run until the parent job is at its end
      return Effect.sync(() => void later.push({ at: outcomes.push(intended) - 1, state }))
    }
    const job = yield* go({ ...source, partitions }, { ...options, onPartition })
    for (const { at, state } of later) outcomes[at] = yield* settling.settle(state)
    const { bytes, refused, unmatched } = seen
    return { own, collected: { job, resumed, files: outcomes.length, bytes, outcomes, refused, unmatched } }
  }).pipe(Effect.annotateLogs({ collector: collector.name }))

const goOn = <R>(collector: Collector<R>, job: string, options: RunOptions): Effect.Effect<Turn, Failed, Stores | R> =>
  Effect.flatMap(look(collector), (seen) =>
    collect(collector, seen, options, (source, all) => Partitions.resume(collector.imports, job, source, all), true),
  )

/**
 * Imports what is in the folder. Where an earlier run broke off, it is gone on with instead, and files that came since wait for the next run. Bad files, limits of
 * imports and a target that cannot be reached end in the outcomes; only a folder over its ceiling, stores that fail and another worker at work fail
 * the effect. Of two that begin at the same moment with one job store, one begins: the other is refused as `Busy`, or waits for it and takes what is there then.
 */
export const run = <R>(collector: Collector<R>, options: RunOptions = {}): Effect.Effect<Collected, Failed, Stores | R> => {
  const attempt = (before: string | undefined): Effect.Effect<Collected, Failed, Stores | R> =>
    Effect.gen(function* () {
      const { newest, running } = yield* turns.known(yield* JobStore.JobStore, collector)
      if (running !== undefined) {
        const { collected, own } = yield* goOn(collector, running.id, options)
        return own ? collected : yield* attempt(running.id)
      }
      const id = turns.after(collector, before ?? newest?.id)
      // looked at only now: the run before has put its files away
      const seen = yield* look(collector)
      yield* checkCeilings(collector, seen)
      const { bytes, files, refused, unmatched } = seen
      if (files.length === 0) return { job: null, resumed: false, files: 0, bytes, outcomes: [], refused, unmatched }
      const begin = (source: Partition.Partitioned<R>, all: Partitions.Options) =>
        Partitions.run(collector.imports, source, { ...all, id })
      return yield* Effect.map(collect(collector, seen, options, begin, false), ({ collected }) => collected).pipe(
        // somebody was faster
        Effect.catchIf(
          (error) => error instanceof JobStore.JobStoreError && error.reason === "AlreadyExists",
          () => attempt(id),
        ),
      )
    })
  return attempt(undefined)
}

/** Goes on with a run of the collector that broke off, was paused, or in which something failed that may succeed now. */
export const resume = <R>(
  collector: Collector<R>,
  job: string,
  options: RunOptions = {},
): Effect.Effect<Collected, Failed, Stores | R> => Effect.map(goOn(collector, job, options), ({ collected }) => collected)
