/**
 * Finds which of the documents that are to be deleted something else refers to, by their keys.
 */
import { type Batch, Entity, type Sink } from "@waybill/core"
import { Effect } from "effect"
import type { ClientSession } from "mongodb"
import { comparable } from "./codec.ts"
import { filterOf, keyOfValues, type Layout } from "./layout.ts"
import type { Removal } from "./reversal.ts"
import { ask, collectionOf, type Target } from "./server.ts"

/** The `_id`s of documents that count as gone already, by collection: a preview that writes nothing would have deleted them. */
export type Gone = ReadonlyMap<string, ReadonlyArray<unknown>>

interface Reference {
  readonly layout: Layout
  readonly key: Layout["key"]
}

const referencesTo = (target: Target, entities: ReadonlyArray<Entity.Any>, to: Entity.Any): ReadonlyArray<Reference> =>
  entities.flatMap((entity) => {
    const layout = target.layout(entity)
    return entity.references
      .filter((reference) => reference.entity.name === to.name)
      .map(({ positions }) => ({ layout, key: positions.map((at) => layout.columns[at]!) }))
  })

/**
 * What refers to the documents that are to be deleted, for people, by their positions in the batch. The documents that go with them
 * refer to nothing any more; but one that something refers to stays, and what it refers to stays with it.
 */
export const referrersOf = (
  target: Target,
  entities: ReadonlyArray<Entity.Any>,
  batch: Batch.Batch,
  removals: ReadonlyArray<Removal>,
  gone: Gone,
  session?: ClientSession,
): Effect.Effect<ReadonlyMap<number, string>, Sink.SinkError> =>
  Effect.gen(function* () {
    const { entity } = batch
    const layout = target.layout(entity)
    const records = batch.records()
    const found = new Map<number, string>()
    const references = referencesTo(target, entities, entity)
    let going = removals
    for (let before = -1; before !== found.size && going.length > 0; ) {
      before = found.size
      const byKey = new Map(going.map(({ index }) => [keyOfValues(layout, records[index]!), index]))
      for (const { key, layout: from } of references) {
        // an entity of its own refers to it the same as before
        if (from !== layout && going !== removals) continue
        const wanted = going.map(({ index }) => {
          const values: Array<Entity.Values[number]> = []
          for (const [at, value] of Entity.keyOf(records[index]!, entity.keyPositions).entries()) values[key[at]!.at] = value
          return values
        })
        const without = [...(gone.get(from.collection) ?? []), ...(from === layout ? going.map(({ id }) => id) : [])]
        const groups = yield* ask({ what: `reading ${from.collection}` }, () =>
          collectionOf(target.db, from.collection)
            .aggregate(
              [
                { $match: { ...filterOf({ key }, wanted), ...(without.length === 0 ? {} : { _id: { $nin: without } }) } },
                { $group: { _id: key.map(({ path }) => `$${path}`), count: { $sum: 1 } } },
              ],
              session === undefined ? {} : { session },
            )
            .toArray(),
        )
        for (const { _id, count } of groups) {
          const parts = (_id as ReadonlyArray<unknown>).map(comparable)
          const index = byKey.get(parts.length === 1 ? parts[0]! : JSON.stringify(parts))
          if (index !== undefined) found.set(index, `${count} of ${from.entity.name} refer${count === 1 ? "s" : ""} to it now`)
        }
      }
      going = removals.filter(({ index }) => !found.has(index))
    }
    return found
  })
