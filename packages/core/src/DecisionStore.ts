/**
 * A decision store keeps what people decided about candidates, for the files to come. Compare-and-set on a decision's version is its only
 * means against races.
 *
 * @module
 */
import { Context, Effect } from "effect"
import * as Fingerprint from "./Fingerprint.ts"
import { JobStoreError } from "./JobStore.ts"
import type { Verdict } from "./Run.ts"

export type { Verdict } from "./Run.ts"

/** What was decided last about one key of an entity, for one import. */
export interface Decision {
  readonly import: string
  readonly entity: string
  /** The key that rows refer to, as text ({@link Entity.keyText}). */
  readonly key: string
  /** `null` where the decision was taken back: the key is as if nobody had ever decided about it. */
  readonly verdict: Verdict | null
  /** With `map`, the key that is meant. */
  readonly as: string | null
  /** Who decided, and when: an ISO moment in UTC. */
  readonly by: string
  readonly at: string
  /** 1 for the first decision about the key; it grows with every further one, also where one is taken back. */
  readonly version: number
}

/** The store's functions. Errors are those of a job store, beside which it is kept. */
export interface Service {
  /** The decisions of an import, also those that were taken back, in any order. */
  readonly list: (imported: string) => Effect.Effect<ReadonlyArray<Decision>, JobStoreError>
  /**
   * Saves a decision in place of the one about the same key. `decision.version` is the version that was read, 0 where there was none; the
   * saved decision has the next one and is returned. If the stored version is another, nothing is saved and the error is `Stale`.
   */
  readonly save: (decision: Decision) => Effect.Effect<Decision, JobStoreError>
}

/** The store, a reference: an application that provides none keeps no decisions, and is told so when it saves one. */
export const DecisionStore: Context.Reference<Service> = Context.Reference("@waybill/core/DecisionStore", {
  defaultValue: (): Service => ({
    list: () => Effect.succeed([]),
    save: () =>
      Effect.fail(
        new JobStoreError({
          reason: "Unknown",
          message: "decisions about candidates are not kept: provide the layer of a decision store, such as FileDecisionStore",
          isRetryable: false,
        }),
      ),
  }),
})

/** The error of a store in which a decision has another version than the one that was read. */
export const stale = ({ entity, key, version }: Decision): JobStoreError =>
  new JobStoreError({
    reason: "Stale",
    message: `somebody else has decided about ${entity} ${JSON.stringify(key)} since version ${version} was read`,
    isRetryable: false,
  })

/** A name of one length for what a decision is about, for stores that need one: a hash of import, entity and key. */
export const idOf = (decision: Pick<Decision, "import" | "entity" | "key">): Fingerprint.Sha256 =>
  Fingerprint.sha256(JSON.stringify([decision.import, decision.entity, decision.key]))
