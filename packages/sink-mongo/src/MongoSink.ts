/**
 * The MongoDB sink: entities go to collections, references hold natural keys, and a commit is transactions where the server has them.
 *
 * @module
 */
import type { Entity, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Db, IndexDescription } from "mongodb"
import { openCommit } from "./internal/commitSession.ts"
import { forget } from "./internal/forget.ts"
import { unholdable } from "./internal/holdable.ts"
import { type Layout, layoutOf } from "./internal/layout.ts"
import { openPlan } from "./internal/planSession.ts"
import { targetOf } from "./internal/server.ts"
import { openUndo } from "./internal/undoSession.ts"

/** How one entity lies in the database. */
export interface CollectionOptions {
  /** The collection; named as the entity by default. */
  readonly name?: string
  /** Where in a document a field lies, for those that do not lie under their own name: `{ latitude: "position.latitude" }`. */
  readonly fields?: { readonly [field: string]: string }
  /** Further indexes, made before the first write of a commit if none of the same keys is there. The unique index on the key needs no mention. */
  readonly indexes?: ReadonlyArray<IndexDescription>
}

/** What {@link make} takes. */
export interface Options {
  /** The database, from the application's own client: `client.db("poi")`. The client's settings hold, and it stays the application's to close. */
  readonly db: Db
  /** Per entity its collection: a name, or more. */
  readonly collections?: { readonly [entity: string]: string | CollectionOptions }
  /** The names of the sink's own collections: `waybill_jobs`, `waybill_batches`, `waybill_images` and `waybill_written` by default. */
  readonly bookkeeping?: {
    readonly jobs?: string
    readonly batches?: string
    readonly images?: string
    readonly written?: string
  }
}

/** Makes a sink of a database. Nothing is sent to the server before a session is opened. */
export const make = (options: Options): Sink.Sink => {
  const { db } = options
  const layouts = new WeakMap<Entity.Any, Layout>()
  const layout = (entity: Entity.Any): Layout => {
    let found = layouts.get(entity)
    if (found === undefined) {
      const given = Object.hasOwn(options.collections ?? {}, entity.name) ? options.collections![entity.name]! : {}
      found = layoutOf(entity, typeof given === "string" ? { name: given } : given)
      layouts.set(entity, found)
    }
    return found
  }
  const target = {
    db,
    layout,
    jobs: options.bookkeeping?.jobs ?? "waybill_jobs",
    batches: options.bookkeeping?.batches ?? "waybill_batches",
    images: options.bookkeeping?.images ?? "waybill_images",
    written: options.bookkeeping?.written ?? "waybill_written",
  }
  return {
    kind: "mongo",
    target: targetOf(db),
    plan: (context) => Effect.suspend(() => openPlan(target, context)),
    commit: (context) => Effect.suspend(() => openCommit(target, context)),
    undo: (context) => Effect.suspend(() => openUndo(target, context)),
    forget: (context) => Effect.suspend(() => forget(target, context)),
    keepsEdits: true,
    unholdable: (entity, values) => unholdable(layout(entity), values),
  }
}
