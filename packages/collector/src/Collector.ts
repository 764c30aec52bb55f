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
import { type Engine, type Import, type Job, JobStore, Partition, Partitions, type SnapshotStore, Source } from "@waybill/core"
import { Data, Effect } from "effect"
import picomatch from "picomatch"
import type { Collected, Outcome } from "./Collected.ts"
import { hashOf } from "./internal/moving.ts"
import { Settling } from "./internal/Settling.ts"
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
  kind: "folder",
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

// remembers which file it was, and gives a source without a hash that of the file
const fingerprinted = <R>(file: File, source: Source.Source<R>, settling: Settling): Source.Source<R> => ({
  ...source,
  identify: Effect.gen(function* () {
    const sha256 = yield* Effect.tryPromise({
      try: () => settling.remember(file, () => hashOf(file.path)),
      catch: (cause) =>
        new Source.SourceError({
          reason: (cause as { readonly code?: string }).code === "ENOENT" ? "NotFound" : "Refused",
          message: `${file.name} cannot be read: ${(cause as Error).message}`,
          isRetryable: false,
          cause,
        }),
    })
    const identity = yield* source.identify
    const { bytes, name } = file
    return { ...identity, sha256: identity.sha256 ?? sha256, details: { ...identity.details, file: { name, sha256, bytes } } }
  }),
})

type Stores = JobStore.JobStore | SnapshotStore.SnapshotStore

/** What runs take: as runs of partitions do, but for what is called with each. */
export type RunOptions = Omit<Partitions.Options, "onPartition">

const collect = <R>(
  collector: Collector<R>,
  seen: Look<R>,
  options: RunOptions,
  go: (source: Partition.Partitioned<R>, options: Partitions.Options) => Effect.Effect<Job.Job, Engine.RunError, Stores | R>,
  resumed: boolean,
): Effect.Effect<Collected, Engine.RunError, Stores | R> =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const settling = new Settling(collector, store)
    const outcomes: Array<Outcome> = []
    const onPartition = (state: Partition.State): Effect.Effect<void> =>
      Effect.map(settling.settle(state), (outcome) => void outcomes.push(outcome))
    const job = yield* go(partitionedOf(collector, seen, settling), { ...options, onPartition })
    const { bytes, refused, unmatched } = seen
    return { job, resumed, files: outcomes.length, bytes, outcomes, refused, unmatched }
  }).pipe(Effect.annotateLogs({ collector: collector.name }))

/**
 * Imports what is in the folder. Where an earlier run broke off, it is gone on with instead, and files that came since wait for the next run. Bad files, limits of
 * imports and a target that cannot be reached end in the outcomes; only a folder over its ceiling, stores that fail and another worker at work fail
 * the effect.
 */
export const run = <R>(
  collector: Collector<R>,
  options: RunOptions = {},
): Effect.Effect<Collected, CollectorError | Engine.RunError, Stores | R> =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const running = yield* store.find({ import: collector.name, status: ["running"], parent: null })
    const broken = running.find(({ source }) => source.kind === "folder" && source.name === collector.folder)
    if (broken !== undefined) return yield* resume(collector, broken.id, options)
    const seen = yield* look(collector)
    yield* checkCeilings(collector, seen)
    const { bytes, files, refused, unmatched } = seen
    if (files.length === 0)
      return { job: null, resumed: false, files: files.length, bytes, outcomes: [], refused, unmatched } satisfies Collected
    return yield* collect(collector, seen, options, (source, all) => Partitions.run(collector.imports, source, all), false)
  })

/** Goes on with a run of the collector that broke off, was paused, or in which something failed that may succeed now. */
export const resume = <R>(
  collector: Collector<R>,
  job: string,
  options: RunOptions = {},
): Effect.Effect<Collected, CollectorError | Engine.RunError, Stores | R> =>
  Effect.flatMap(look(collector), (seen) =>
    collect(collector, seen, options, (source, all) => Partitions.resume(collector.imports, job, source, all), true),
  )
