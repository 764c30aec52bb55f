/**
 * A snapshot store in a folder: `FOLDER/<job>/<name>`. A part is written to a temporary name and linked into place, so that it is
 * there whole or not at all.
 *
 * @module
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { Effect, Layer } from "effect"
import { classify, temporaryName } from "../internal/files.ts"
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

/** A store in a folder, which is made on the first write. */
export const make = (folder: string): SnapshotStore["Service"] => {
  const fileOf = (job: string, name: string): string => path.join(folder, job, ...name.split("/"))
  const made = new Set<string>()
  return {
    put: (job, name, bytes) =>
      Effect.tryPromise({
        try: async () => {
          const file = fileOf(job, name)
          const parent = path.dirname(file)
          if (!made.has(parent)) {
            await fs.mkdir(parent, { recursive: true })
            made.add(parent)
          }
          const temporary = temporaryName(file)
          await fs.writeFile(temporary, bytes, { flag: "wx" })
          try {
            await fs.link(temporary, file)
          } catch (cause) {
            if (classify(cause).reason !== "AlreadyExists" || Buffer.compare(await fs.readFile(file), bytes) !== 0) throw cause
          } finally {
            await fs.unlink(temporary)
          }
        },
        catch: failed(`cannot write ${name} of job ${job}`),
      }),
    get: (job, name) =>
      Effect.tryPromise({ try: () => fs.readFile(fileOf(job, name)), catch: failed(`cannot read ${name} of job ${job}`) }),
    list: (job) =>
      Effect.tryPromise({ try: () => walk(path.join(folder, job), ""), catch: failed(`cannot list job ${job}`) }).pipe(
        Effect.catchIf(
          (error) => error.reason === "NotFound",
          () => Effect.succeed([]),
        ),
        Effect.map((parts) => parts.sort((a, b) => (a.name < b.name ? -1 : 1))),
      ),
    remove: (job, name) =>
      Effect.tryPromise({
        try: async () => {
          if (name === undefined) for (const parent of made) if (parent.startsWith(path.join(folder, job))) made.delete(parent)
          await fs.rm(name === undefined ? path.join(folder, job) : fileOf(job, name), { recursive: true, force: true })
        },
        catch: failed(`cannot remove ${name ?? "the parts"} of job ${job}`),
      }),
  }
}

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<SnapshotStore> => Layer.sync(SnapshotStore, () => make(folder))
