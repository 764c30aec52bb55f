/**
 * What a job seals: the manifests of its snapshot and plan, and the names of their parts.
 *
 * Parts are NDJSON in canonical form. A manifest lists every part with its SHA-256 and is written last. The hash of a snapshot is the
 * hash of what it says (`content`): the same rows give the same hash, whichever file they came in. The manifest as a whole, with
 * the source's identity, refs and logs, has a hash of its own, so that no byte can change unseen.
 *
 * @module
 */
import type { Json } from "./Canonical.ts"
import type { Sha256 } from "./Fingerprint.ts"
import type * as Plan from "./Plan.ts"
import type { UsedDecision } from "./Run.ts"
import type { Transaction } from "./Sink.ts"

/** A part: its name in the snapshot store, how many records (of a log: lines) and bytes it has, and its hash. */
export interface Part {
  readonly name: string
  readonly lines: number
  readonly bytes: number
  readonly sha256: Sha256
}

/** The records of one entity. */
export interface EntityContent {
  readonly name: string
  /** The order of the values in each line. */
  readonly fields: ReadonlyArray<{ readonly name: string; readonly kind: string }>
  readonly key: ReadonlyArray<string>
  readonly records: number
  readonly parts: ReadonlyArray<Part>
}

/** What a snapshot says; its hash is the hash of this. */
export interface Content {
  readonly format: 1
  readonly import: string
  readonly revision: number
  readonly definition: Sha256
  readonly mode: "strict" | "smart"
  readonly entities: ReadonlyArray<EntityContent>
  /** What smart mode created, or strict mode missed; as in the part `candidates.ndjson`. */
  readonly candidates: { readonly [entity: string]: number }
}

/** The manifest of a snapshot. */
export interface SnapshotManifest {
  readonly content: Content
  readonly source: Json
  /** The decisions about candidates that it went by, by entity and key; only where there were any. */
  readonly decisions?: ReadonlyArray<{ readonly entity: string; readonly key: string } & UsedDecision>
  /** Refs, normalization log, rejected rows, candidates. */
  readonly logs: ReadonlyArray<Part>
}

/** The plan of one entity, part for part beside its records. */
export interface EntityPlan {
  readonly name: string
  readonly parts: ReadonlyArray<
    Part & {
      readonly counts: Plan.Tally
      /** Field → of how many records it is kept; only where any is. */
      readonly kept?: { readonly [field: string]: number }
    }
  >
}

/** The manifest of a plan. */
export interface PlanManifest {
  readonly format: 1
  /** The hash of the snapshot's content and of its manifest. */
  readonly snapshot: Sha256
  readonly manifest: Sha256
  readonly target: string
  readonly transaction: Transaction
  readonly entities: ReadonlyArray<EntityPlan>
}

const numbered = (folder: string, entity: string, part: number): string =>
  `${folder}/${entity}/${String(part).padStart(6, "0")}.ndjson`

/** The names of parts and manifests. */
export const names = {
  snapshot: "snapshot.json",
  plan: "plan.json",
  candidates: "log/candidates.ndjson",
  records: (entity: string, part: number): string => numbered("records", entity, part),
  refs: (entity: string, part: number): string => numbered("refs", entity, part),
  planned: (entity: string, part: number): string => numbered("plan", entity, part),
  /** A part that was written before, and is written again with other bytes, has another name each time: `000000.1.ndjson`. */
  again: (name: string, time: number): string => (time === 0 ? name : name.replace(/\.ndjson$/, `.${time}.ndjson`)),
  normalization: (part: number): string => numbered("log", "normalization", part),
  rejectedFolder: "log/rejected/",
  rejected: (part: number): string => numbered("log", "rejected", part),
}

const attemptFolder = /^attempt-(\d+)\//

/**
 * Where a part lies in the snapshot store. Manifests know parts by their names, whichever attempt at the validation sealed them; in the
 * store each attempt has a place of its own, so that no two write the same part: the first one the names themselves, the nth one `attempt-n/NAME`.
 */
export const placeOf = (attempt: number, name: string): string => (attempt === 1 ? name : `attempt-${attempt}/${name}`)

/** Which attempt a part in the snapshot store is of, and its name. */
export const partAt = (place: string): { readonly attempt: number; readonly name: string } => {
  const found = attemptFolder.exec(place)
  return found === null ? { attempt: 1, name: place } : { attempt: Number(found[1]), name: place.slice(found[0].length) }
}
