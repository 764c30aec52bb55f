/**
 * A partitioned source is one that divides into partitions (a country, a range of ids, a file of a folder), each a source of its own.
 *
 * Each partition is imported by a job of its own, the child of a parent job ({@link "./Partitions.ts"}): it has its own snapshot, plan and
 * outcomes, fails alone, and is gone on with alone. Partitions should not bring the same records. Where two do, the second finds what the first has
 * written, as two jobs one after the other would.
 *
 * @module
 */
import type { Effect } from "effect"
import type { Json } from "./Canonical.ts"
import type { Import } from "./Import.ts"
import type { Job, Refused, Status } from "./Job.ts"
import type { Source, SourceError } from "./Source.ts"

/** One part of a source. */
export interface Partition<R = never> {
  /** Unique among the partitions, and the same each time they are listed; what people type: `PT`, `2024/prices.csv`. */
  readonly name: string
  readonly source: Source<R>
  /** Which of several imports takes it; needed where the parent job is a run of {@link Imports}. */
  readonly import?: Import
}

/** A source that divides. */
export interface Partitioned<R = never> {
  /** The kind of source: `ocm`, `folder`. */
  readonly kind: string
  /** For people: an API's address without its key, a folder. */
  readonly name: string
  readonly details: { readonly [key: string]: Json }
  /**
   * Lists the partitions in the order in which they are done. Called once when a parent job begins, and again when it is gone on with: partitions
   * that are done by then need not be among them any more, and new ones are left for the next job.
   */
  readonly partitions: Effect.Effect<ReadonlyArray<Partition<R>>, SourceError, R>
}

/** Several imports under one name, for partitions that are not all of one kind; made by {@link imports}. */
export interface Imports {
  readonly _tag: "Imports"
  readonly name: string
  readonly imports: ReadonlyArray<Import>
}

/** What a parent job is a run of. */
export type Of = Import | Imports

/** Several imports under one name, which is that of the parent job. Two of one name are a defect, thrown here. */
export const imports = (name: string, all: ReadonlyArray<Import>): Imports => {
  const twice = all.find((it, at) => all.findIndex((other) => other.name === it.name) < at)
  if (twice !== undefined) throw new TypeError(`${name}: two imports have the name ${twice.name}`)
  return { _tag: "Imports", name, imports: all }
}

/** Whether a source divides. */
export const isPartitioned = <R>(source: Source<R> | Partitioned<R>): source is Partitioned<R> => "partitions" in source

/** How a partition stands. */
export interface State {
  readonly partition: string
  /** That of its newest job; `waiting` where none was begun. What the same bytes were imported by before counts as its own. */
  readonly status: Status | "waiting"
  /** Its newest job. */
  readonly job: Job | null
  /** Where the engine turned it down, and it is not done since. */
  readonly refused: Refused | null
}
