/**
 * A snapshot store in a folder: `FOLDER/<job>/<name>`. A part is written to a temporary name and linked into place, so that it is
 * there whole or not at all.
 *
 * @module
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { Effect, Layer } from "effect"
import { classify, pathOf, temporaryName } from "../internal/files.ts"
import { SnapshotStore, SnapshotStoreError } from "../SnapshotStore.ts"

const failed =
  (what: string) =>
  (cause: unknown): SnapshotStoreError => {
    const { message, reason } = classify(cause)
    return new SnapshotStoreError({ reason, message: `${what}: ${message}`, isRetryable: false, cause })
  }

const walk = async (folder: string, prefix: string): Promise<Array<{ name: string; bytes: number }>> => {
  const entries = await fs.readdir(folder, { withFileTypes: true })
  const lists = await Promise.all(
    entries.map(async (entry) => {
      const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`
      if (entry.isDirectory()) return walk(path.join(folder, entry.name), name)
      return entry.name.startsWith(".") ? [] : [{ name, bytes: (await fs.stat(path.join(folder, entry.name))).size }]
    }),
  )
  return lists.flat()
}

// the folders that hold a part
const jobsIn = async (folder: string): Promise<Array<string>> => {
  const jobs: Array<string> = []
  for (const entry of await fs.readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory() && !entry.name.startsWith(".") && (await walk(path.join(folder, entry.name), "")).length > 0)
      jobs.push(entry.name)
  return jobs.sort()
}

// the file of a part, whole or not at all; where it is there already it must have the same bytes
const write = async (file: string, bytes: Uint8Array): Promise<void> => {
  const temporary = temporaryName(file)
  await fs.writeFile(temporary, bytes, { flag: "wx" }).catch(async (cause) => {
    if (classify(cause).reason !== "NotFound") throw cause
    await fs.mkdir(path.dirname(file), { recursive: true })
    await fs.writeFile(temporary, bytes, { flag: "wx" })
  })
  try {
    await fs.link(temporary, file)
  } catch (cause) {
    if (classify(cause).reason !== "AlreadyExists" || Buffer.compare(await fs.readFile(file), bytes) !== 0) throw cause
  } finally {
    await fs.unlink(temporary)
  }
}

const noName = (what: string, reason: SnapshotStoreError["reason"]): Effect.Effect<never, SnapshotStoreError> =>
  Effect.fail(new SnapshotStoreError({ reason, message: `${what}: it is no name for a file`, isRetryable: false }))

/** A store in a folder, which is made on the first write. */
export const make = (folder: string): SnapshotStore["Service"] => ({
  put: (job, name, bytes) => {
    const what = `cannot write ${name} of job ${job}`
    const file = pathOf(folder, job, name)
    return file === undefined
      ? noName(what, "Unknown")
      : Effect.tryPromise({ try: () => write(file, bytes), catch: failed(what) })
  },
  get: (job, name) => {
    const what = `cannot read ${name} of job ${job}`
    const file = pathOf(folder, job, name)
    return file === undefined
      ? noName(what, "NotFound")
      : Effect.tryPromise({ try: () => fs.readFile(file), catch: failed(what) })
  },
  list: (job) => {
    const own = pathOf(folder, job)
    if (own === undefined) return Effect.succeed([])
    return Effect.tryPromise({ try: () => walk(own, ""), catch: failed(`cannot list job ${job}`) }).pipe(
      Effect.catchIf(
        (error) => error.reason === "NotFound",
        () => Effect.succeed([]),
      ),
      Effect.map((parts) => parts.sort((a, b) => (a.name < b.name ? -1 : 1))),
    )
  },
  jobs: Effect.tryPromise({ try: () => jobsIn(folder), catch: failed("cannot list the jobs") }).pipe(
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed([]),
    ),
  ),
  remove: (job, name) => {
    const file = pathOf(folder, job, name)
    if (file === undefined) return Effect.void
    return Effect.tryPromise({
      try: () => fs.rm(file, { recursive: true, force: true }),
      catch: failed(`cannot remove ${name ?? "the parts"} of job ${job}`),
    })
  },
})

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<SnapshotStore> => Layer.sync(SnapshotStore, () => make(folder))
