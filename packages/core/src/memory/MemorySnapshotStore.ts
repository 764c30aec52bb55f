/**
 * A snapshot store in memory.
 *
 * @module
 */
import { Effect, Layer } from "effect"
import { SnapshotStore, SnapshotStoreError } from "../SnapshotStore.ts"

const error = (reason: SnapshotStoreError["reason"], message: string): SnapshotStoreError =>
  new SnapshotStoreError({ reason, message, isRetryable: false })

/** A new, empty store. */
export const make = (): SnapshotStore["Service"] => {
  const jobs = new Map<string, Map<string, Uint8Array>>()
  return {
    put: (job, name, bytes) =>
      Effect.suspend(() => {
        let parts = jobs.get(job)
        if (parts === undefined) {
          parts = new Map()
          jobs.set(job, parts)
        }
        const known = parts.get(name)
        if (known !== undefined && Buffer.compare(known, bytes) !== 0)
          return Effect.fail(error("AlreadyExists", `${name} of job ${job} is sealed with other bytes`))
        // a copy: the caller may use its buffer again
        if (known === undefined) parts.set(name, Uint8Array.from(bytes))
        return Effect.void
      }),
    get: (job, name) =>
      Effect.suspend(() => {
        const bytes = jobs.get(job)?.get(name)
        return bytes === undefined
          ? Effect.fail(error("NotFound", `there is no ${name} of job ${job}`))
          : Effect.succeed(Uint8Array.from(bytes))
      }),
    list: (job) =>
      Effect.sync(() =>
        [...(jobs.get(job) ?? [])]
          .map(([name, bytes]) => ({ name, bytes: bytes.length }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    jobs: Effect.sync(() => [...jobs].flatMap(([job, parts]) => (parts.size > 0 ? [job] : [])).sort()),
    remove: (job, name) =>
      Effect.sync(() => {
        if (name === undefined) jobs.delete(job)
        else jobs.get(job)?.delete(name)
      }),
  }
}

/** The store as a layer. */
export const layer: Layer.Layer<SnapshotStore> = Layer.sync(SnapshotStore, make)
