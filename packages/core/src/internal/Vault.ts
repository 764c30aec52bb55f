/**
 * The vault reads and writes the sealed parts of one job: it hashes what it writes, and checks the hash of all that it reads.
 */
import { Effect, Schedule } from "effect"
import * as Canonical from "../Canonical.ts"
import * as Fingerprint from "../Fingerprint.ts"
import { IntegrityError } from "../IntegrityError.ts"
import type { Part } from "../Snapshot.ts"
import { SnapshotStore, type SnapshotStoreError } from "../SnapshotStore.ts"
import { retrying } from "./worldError.ts"

/** The vault of a job. */
export interface Vault {
  /** Writes a part and tells what a manifest says of it. */
  readonly seal: (name: string, data: Uint8Array | string, lines: number) => Effect.Effect<Part, SnapshotStoreError>
  /** Writes a part in the place of another of the same name, while its manifest is not written. */
  readonly reseal: (name: string, data: Uint8Array | string, lines: number) => Effect.Effect<Part, SnapshotStoreError>
  /** Writes a manifest as canonical JSON and returns its hash. */
  readonly sealManifest: (name: string, manifest: object) => Effect.Effect<Fingerprint.Sha256, SnapshotStoreError>
  /** Reads a part and checks it. */
  readonly open: (part: Pick<Part, "name" | "sha256">) => Effect.Effect<Uint8Array, SnapshotStoreError | IntegrityError>
  /** Reads a manifest and checks it. */
  readonly openManifest: <A>(name: string, sha256: Fingerprint.Sha256) => Effect.Effect<A, SnapshotStoreError | IntegrityError>
}

const bytesOf = (data: Uint8Array | string): Uint8Array => (typeof data === "string" ? Buffer.from(data, "utf8") : data)

const once: Schedule.Schedule<unknown, unknown> = Schedule.recurs(0)

/** The vault of a job in the store of the context. Calls that may succeed later are repeated by the schedule, one by one. */
export const make = (job: string, schedule = once): Effect.Effect<Vault, never, SnapshotStore> =>
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const retry = retrying(schedule, (error) => (error as SnapshotStoreError).isRetryable)
    const seal: Vault["seal"] = (name, data, lines) => {
      const bytes = bytesOf(data)
      const part: Part = { name, lines, bytes: bytes.length, sha256: Fingerprint.sha256(bytes) }
      return Effect.as(retry(store.put(job, name, bytes)), part)
    }
    const open: Vault["open"] = (part) =>
      store.get(job, part.name).pipe(
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
      reseal: (name, data, lines) => Effect.andThen(retry(store.remove(job, name)), seal(name, data, lines)),
      sealManifest: (name, manifest) => Effect.map(seal(name, Canonical.stringify(manifest), 1), (part) => part.sha256),
      open,
      openManifest: <A>(name: string, sha256: Fingerprint.Sha256) =>
        Effect.map(open({ name, sha256 }), (bytes) => JSON.parse(Buffer.from(bytes).toString("utf8")) as A),
    }
  })
