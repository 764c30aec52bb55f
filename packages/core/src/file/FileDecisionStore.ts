/**
 * A decision store in a folder: every save is a file of its own, `FOLDER/<hash of the import>/<hash of the key>/<version>.json`.
 *
 * Making that file is the compare-and-set, as in the job store in a folder. Older versions stay; they are the history of the decision.
 *
 * @module
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { Effect, Layer } from "effect"
import { type Decision, DecisionStore, idOf, type Service, stale } from "../DecisionStore.ts"
import * as Fingerprint from "../Fingerprint.ts"
import { classify, createWhole, versionFile, versionFiles } from "../internal/files.ts"
import { JobStoreError } from "../JobStore.ts"

const failed =
  (what: string) =>
  (cause: unknown): JobStoreError => {
    const { message, reason } = classify(cause)
    return new JobStoreError({ reason, message: `${what}: ${message}`, isRetryable: false, cause })
  }

const filesAtOnce = 64

/** A store in a folder, which is made on the first write. */
export const make = (folder: string): Service => {
  const folderOf = (imported: string): string => path.join(folder, Fingerprint.sha256(imported))
  const latest = async (own: string): Promise<Decision | undefined> => {
    const name = (await versionFiles(own)).at(-1)
    return name === undefined ? undefined : (JSON.parse(await fs.readFile(path.join(own, name), "utf8")) as Decision)
  }
  return {
    list: (imported) =>
      Effect.tryPromise({
        try: async () => {
          const all = folderOf(imported)
          const ids = await fs.readdir(all).catch((cause) => (classify(cause).reason === "NotFound" ? [] : Promise.reject(cause)))
          const decisions: Array<Decision> = []
          for (let from = 0; from < ids.length; from += filesAtOnce) {
            const some = ids.slice(from, from + filesAtOnce)
            for (const decision of await Promise.all(some.map((id) => latest(path.join(all, id)))))
              if (decision !== undefined) decisions.push(decision)
          }
          return decisions
        },
        catch: failed(`cannot list the decisions of ${imported}`),
      }),
    save: (decision) =>
      Effect.gen(function* () {
        const own = path.join(folderOf(decision.import), idOf(decision))
        const wrong = failed(`cannot save the decision about ${decision.entity} ${JSON.stringify(decision.key)}`)
        const stored = yield* Effect.tryPromise({ try: () => latest(own), catch: wrong })
        if ((stored?.version ?? 0) !== decision.version) return yield* Effect.fail(stale(decision))
        const next: Decision = { ...decision, version: decision.version + 1 }
        yield* Effect.tryPromise({
          try: async () => {
            await fs.mkdir(own, { recursive: true })
            await createWhole(path.join(own, versionFile(next.version)), `${JSON.stringify(next)}\n`)
          },
          catch: wrong,
        }).pipe(Effect.mapError((error) => (error.reason === "AlreadyExists" ? stale(decision) : error)))
        return next
      }),
  }
}

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<never> => Layer.sync(DecisionStore, () => make(folder))
