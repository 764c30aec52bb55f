/**
 * What the author of a sink gives to have its laws checked: targets, and a way to look into them that is not the sink's.
 */
import type { Effect, Scope } from "effect"
import type { Any } from "../../Entity.ts"
import type { Value } from "../../Field.ts"
import type { Sink } from "../../Sink.ts"
import type { Can } from "../Law.ts"

/** A record by its field names, of canonical values. A field that the target does not have, or has null, may be absent or null. */
export type Fields = Readonly<Record<string, Value>>

/** A target of its own, with a table or collection for each of `SinkSuite.entities` and nothing in them. */
export interface Target {
  readonly sink: Sink
  /** All records of an entity, in any order, read without the sink. */
  readonly contents: (entity: Any) => Effect.Effect<ReadonlyArray<Fields>, unknown>
  /** Writes a record as somebody else would: a new one, or in the place of the one with its key. */
  readonly put: (entity: Any, record: Fields) => Effect.Effect<void, unknown>
  /** Removes the record with this one's key, as somebody else would. */
  readonly remove: (entity: Any, record: Fields) => Effect.Effect<void, unknown>
  /** From now on the target refuses to write the product with this `sku`, when it is written and not before. See `can.refuse`. */
  readonly refuse?: (sku: string) => Effect.Effect<void, unknown>
}

/** What a sink can; the reason where it cannot. What is said here is checked. */
export interface Capabilities {
  /** One transaction over all batches. */
  readonly atomic: Can
  /** Batch by batch, each all or nothing. */
  readonly batched: Can
  /** Taking a commit back. */
  readonly undo: Can
  /** `probe` of a batched commit session. */
  readonly probe: Can
  /** Knowing what commits wrote last of fields that are owned `keepEdits`: `Sink.keepsEdits`. */
  readonly keepEdits: Can
  /** `missing` of a plan session, and deletions in a commit. */
  readonly mirror: Can
  /** `keys` of a plan session, for each of the entities. */
  readonly keys: Can
  /** Whether the harness can make its target refuse a record at the commit: `Target.refuse`. */
  readonly refuse: Can
}

/** The harness. */
export interface Harness {
  readonly open: Effect.Effect<Target, unknown, Scope.Scope>
  readonly can: Capabilities
  /** The names of the {@link Hostile.values} that this target cannot hold; the sink must say so of each of them, and of no other. */
  readonly unholdable: ReadonlyArray<string>
  /** A sink whose target is not there, with a secret that it must not tell; or why no target can be missing. */
  readonly broken: { readonly open: Effect.Effect<Sink, unknown, Scope.Scope>; readonly secret: string } | Extract<Can, string>
}
