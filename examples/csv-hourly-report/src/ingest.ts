/**
 * Ingesting drops: each CSV file becomes one job of the import, its sums are brought up to date, and the file is put away.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { mkdir, readdir, rename, stat, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { Engine, type Job, JobStore } from "@waybill/core"
import { CsvSource } from "@waybill/source-spreadsheet"
import { Data, Effect } from "effect"
import { aggregate } from "./aggregate.ts"
import { exclusively, type Outcome, type Run, recorded } from "./Run.ts"
import { definition } from "./tripImport.ts"

/** A drop is not in its folder: there never was one, or somebody else has ingested it meanwhile. */
export class DropGone extends Data.TaggedError("DropGone")<{ readonly message: string }> {}

/** A folder or a file could not be used. */
export class FolderError extends Data.TaggedError("FolderError")<{ readonly message: string }> {}

const onDisk = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, FolderError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new FolderError({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}` }),
  })

const outcomeOf = (job: Job.Job, rowsAggregated: number): Outcome => {
  const { created, rejected, updated } = job.counts
  const status = job.status === "success" || job.status === "partial" ? job.status : "failed"
  const counts = { job: job.id, rowsLoaded: status === "failed" ? 0 : created + updated, rowsRejected: rejected, rowsAggregated }
  return job.failure === null ? { status, ...counts } : { status, ...counts, message: job.failure.message }
}

// commits that broke off with their process are finished first: what they planned is sealed, and needs no file
const finish = Effect.gen(function* () {
  const store = yield* JobStore.JobStore
  const broken = yield* store.find({ import: "trips", status: ["running"] })
  for (const job of broken)
    yield* recorded(
      "ingest",
      job.source.name,
      Effect.gen(function* () {
        const ended = yield* Engine.resume(yield* definition, job.id, undefined, { onBusy: "wait" })
        return outcomeOf(ended, yield* aggregate)
      }),
    )
})

const ingestNow = (file: string, startedBy: string) =>
  Effect.gen(function* () {
    yield* finish
    return yield* recorded(
      "ingest",
      basename(file),
      Effect.gen(function* () {
        const job = yield* Engine.run(yield* definition, CsvSource.make({ file }), { startedBy, onBusy: "wait" })
        return outcomeOf(job, yield* aggregate)
      }).pipe(
        Effect.catchIf(
          (error) => error instanceof Engine.EngineError && error.reason === "AlreadyImported",
          // whoever imported it may have ended before the sums were made
          ({ message }) => Effect.map(aggregate, (rowsAggregated): Outcome => ({ status: "skipped", rowsAggregated, message })),
        ),
      ),
    )
  })

/**
 * Ingests one file, with its entry in the history. The same bytes a second time are `skipped`; trips that are there already are unchanged. What is
 * wrong with the file ends in the run's outcome.
 */
export const ingest = (file: string, startedBy = "ingest") => exclusively(ingestNow(file, startedBy))

/** Where a folder of drops puts what is done with: `done/`, and `failed/` with a file beside that says why. */
export const folders = { done: "done", failed: "failed" } as const

const putAway = (folder: string, name: string, { status, message }: Run) =>
  onDisk(`${name} could not be put away`, async () => {
    const target = join(folder, status === "failed" ? folders.failed : folders.done)
    await mkdir(target, { recursive: true })
    // a drop of a name that came before does not replace that one
    const taken = await stat(join(target, name)).then(
      () => true,
      () => false,
    )
    const free = taken ? name.replace(/(\.[^.]*)?$/, `.${randomBytes(3).toString("hex")}$1`) : name
    if (status === "failed") await writeFile(join(target, `${free}.reason.txt`), `${message ?? "it failed"}\n`)
    await rename(join(folder, name), join(target, free))
  })

const isFile = (path: string) =>
  stat(path).then(
    (it) => it.isFile(),
    (cause: { readonly code?: string }) => (cause.code === "ENOENT" ? false : Promise.reject(cause)),
  )

/**
 * Ingests one file of a folder, and puts it away, in one turn: whoever waited for it finds the file, or finds it gone, and never on its way.
 * Fails with {@link DropGone} where there is no such file.
 */
export const ingestDrop = (folder: string, name: string, startedBy = "ingest") =>
  exclusively(
    Effect.gen(function* () {
      const path = join(folder, name)
      if (!(yield* onDisk(`${name} could not be looked at`, () => isFile(path))))
        return yield* Effect.fail(new DropGone({ message: `there is no drop ${name} that waits` }))
      return yield* Effect.tap(ingestNow(path, startedBy), (run) => putAway(folder, name, run))
    }),
  )

/**
 * Ingests every CSV file of a folder, in the order of their names, and puts them away. A file that is still written has another ending; one that
 * somebody else takes meanwhile is theirs.
 */
export const ingestFolder = (folder: string, startedBy?: string) =>
  Effect.gen(function* () {
    const names = yield* onDisk(`${folder} could not be read`, async () => {
      await mkdir(folder, { recursive: true })
      const entries = await readdir(folder, { withFileTypes: true })
      return entries.filter((it) => it.isFile() && /\.csv$/i.test(it.name)).map(({ name }) => name)
    })
    const runs = yield* Effect.forEach(names.sort(), (name) =>
      ingestDrop(folder, name, startedBy).pipe(Effect.catchTag("DropGone", () => Effect.succeed(undefined))),
    )
    return runs.filter((run) => run !== undefined)
  })
