/**
 * The vault reads and writes the sealed parts of one attempt at the validation of a job: it hashes what it writes, and checks the hash of all
 * that it reads. It never writes where another attempt does, nor twice to one place with other bytes.
 */
import { Effect, Schedule } from "effect"
import * as Canonical from "../Canonical.ts"
import * as Fingerprint from "../Fingerprint.ts"
import { IntegrityError } from "../IntegrityError.ts"
import type { Job } from "../Job.ts"
import { names, type Part, placeOf } from "../Snapshot.ts"
import { SnapshotStore, type SnapshotStoreError } from "../SnapshotStore.ts"
import { retrying } from "./worldError.ts"

/** The vault of a job. */
export interface Vault {
  /** Writes a part and tells what a manifest says of it. */
  readonly seal: (name: string, data: Uint8Array | string, lines: number) => Effect.Effect<Part, SnapshotStoreError>
  /** Writes a part that may take the place of an earlier one, before its manifest is written: under a name of its own, which the part has. */
  readonly reseal: (name: string, data: Uint8Array | string, lines: number) => Effect.Effect<Part, SnapshotStoreError>
  /** Removes the parts whose place others have taken. A store that fails leaves them: they do no harm. */
  readonly tidy: Effect.Effect<void>
  /** Writes a manifest as canonical JSON and returns its hash. */
  readonly sealManifest: (name: string, manifest: object) => Effect.Effect<Fingerprint.Sha256, SnapshotStoreError>
  /** Reads a part and checks it. */
  readonly open: (part: Pick<Part, "name" | "sha256">) => Effect.Effect<Uint8Array, SnapshotStoreError | IntegrityError>
  /** Reads a manifest and checks it. */
  readonly openManifest: <A>(name: string, sha256: Fingerprint.Sha256) => Effect.Effect<A, SnapshotStoreError | IntegrityError>
}

const bytesOf = (data: Uint8Array | string): Uint8Array => (typeof data === "string" ? Buffer.from(data, "utf8") : data)

const once: Schedule.Schedule<unknown, unknown> = Schedule.recurs(0)

/** What a vault is opened with: the job whose parts they are, and the attempt that sealed them. */
export interface Of {
  readonly id: string
  readonly attempt: number
}

/** The parts that a job is about: its own, or those of the job that it takes back. */
export const of = ({ attempt, id, undo }: Pick<Job, "id" | "attempt" | "undo">): Of => ({ id: undo?.of ?? id, attempt })

/** The vault of a job in the store of the context. Calls that may succeed later are repeated by the schedule, one by one. */
export const make = ({ attempt, id: job }: Of, schedule = once): Effect.Effect<Vault, never, SnapshotStore> =>
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const retry = retrying(schedule, (error) => (error as SnapshotStoreError).isRetryable)
    const place = (name: string): string => placeOf(attempt, name)
    const times = new Map<string, number>()
    const seal: Vault["seal"] = (name, data, lines) => {
      const bytes = bytesOf(data)
      const part: Part = { name, lines, bytes: bytes.length, sha256: Fingerprint.sha256(bytes) }
      return Effect.as(retry(store.put(job, place(name), bytes)), part)
    }
    const open: Vault["open"] = (part) =>
      store.get(job, place(part.name)).pipe(
        retry,
        Effect.mapError((error): SnapshotStoreError | IntegrityError =>
          error.reason === "NotFound"
            ? new IntegrityError({ part: part.name, message: `${part.name} of job ${job} is missing` })
            : error,
        ),
        Effect.flatMap((bytes) => {
          const found = Fingerprint.sha256(bytes)
          return found === part.sha256
            ? Effect.succeed(bytes)
            : Effect.fail(
                new IntegrityError({
                  part: part.name,
                  message: `${part.name} of job ${job} is not what was sealed: its SHA-256 is ${found}, expected ${part.sha256}`,
                }),
              )
        }),
      )
    return {
      seal,
      reseal: (name, data, lines) =>
        Effect.suspend(() => {
          const time = times.get(name) ?? 0
          times.set(name, time + 1)
          return seal(names.again(name, time), data, lines)
        }),
      tidy: Effect.suspend(() =>
        Effect.forEach(
          [...times].flatMap(([name, count]) => Array.from({ length: count - 1 }, (_, time) => names.again(name, time))),
          (name) => store.remove(job, place(name)),
          { discard: true },
        ),
      ).pipe(
        Effect.catch((error) =>
          Effect.logWarning("parts that others have taken the place of could not be removed", { job, error: error.message }),
        ),
      ),
      sealManifest: (name, manifest) => Effect.map(seal(name, Canonical.stringify(manifest), 1), (part) => part.sha256),
      open,
      openManifest: <A>(name: string, sha256: Fingerprint.Sha256) =>
        Effect.map(open({ name, sha256 }), (bytes) => JSON.parse(Buffer.from(bytes).toString("utf8")) as A),
    }
  })
