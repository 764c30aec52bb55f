/**
 * What plan, commit and undo have in common: a connection with the entities laid out in their tables, and their stages.
 *
 * @module
 */
import type { Entity, Sink } from "@waybill/core"
import { Effect, type Scope } from "effect"
import * as Catalog from "./Catalog.ts"
import { type Connection, connect } from "./Connection.ts"
import { CopyText } from "./CopyText.ts"
import type { PoolLike } from "./Driver.ts"
import * as Layout from "./Layout.ts"
import { defaultMapping, type TableMapping } from "./Mapping.ts"
import * as Stage from "./Stage.ts"

/** An entity of a session. */
export interface Seat {
  readonly layout: Layout.Layout
  readonly text: CopyText
  /** The table and columns that its COPYs go to. */
  readonly target: string
}

/** A connection, and a seat for each entity. */
export interface Session {
  readonly connection: Connection
  readonly seats: ReadonlyMap<Entity.Any, Seat>
}

/** An encoder of the records of an entity. */
export const encoderOf = ({ entity, optional }: Layout.Layout): CopyText =>
  new CopyText({ json: entity.fields.map(({ kind }) => kind === "json"), optional })

/** What a session is for. */
export type Use = "plan" | "commit" | "undo"

/** Opens a session: takes a connection, checks the mapping against the catalog, makes the stages. */
export const open = (
  pool: PoolLike,
  mappings: ReadonlyMap<string, TableMapping>,
  entities: ReadonlyArray<Entity.Any>,
  use: Use,
): Effect.Effect<Session, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* connect(pool)
    const layouts = new Map<Entity.Any, Layout.Layout>()
    for (const entity of entities) {
      const mapping = mappings.get(entity.name) ?? defaultMapping(entity.name)
      const table = yield* Catalog.readTable(connection, mapping.name, mapping.name.replaceAll('"', ""))
      layouts.set(entity, yield* Layout.make(entity, mapping, table, layouts))
    }
    const withFingerprint = use !== "plan"
    const seats = new Map<Entity.Any, Seat>()
    for (const [entity, layout] of layouts) {
      yield* connection.queries(Stage.create(layout, withFingerprint, use !== "undo"))
      seats.set(entity, { layout, text: encoderOf(layout), target: Stage.copyTarget(layout, withFingerprint) })
    }
    return { connection, seats }
  })
