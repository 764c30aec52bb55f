/**
 * The session that makes plans: finds and compares, and writes nothing.
 */
import { type Batch, type Entity, Issue, Plan, Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import { fingerprint } from "./fingerprint.ts"
import { tooLarge, unholdable } from "./holdable.ts"
import { lookAtIndexes } from "./indexes.ts"
import { isBlocked, keyOfValues, type Layout, valueAt } from "./layout.ts"
import { type Found, lookUp } from "./lookup.ts"
import { hasTransactions, type Target } from "./server.ts"

/** How many finds are under way at a time. */
export const findsAtOnce = 4

const keysAtOnce = 5_000

/** Opens a plan session. */
export const openPlan = Effect.fnUntraced(function* (target: Target, context: Sink.PlanContext) {
  const transactional = yield* hasTransactions(target)
  if (context.preferred === "atomic" && !transactional)
    return yield* new Sink.SinkError({
      reason: "SchemaMismatch",
      isRetryable: false,
      message: "an atomic commit needs transactions, which a standalone MongoDB has not: use a replica set, or commit batched",
    })
  yield* lookAtIndexes(target.db, context.entities.map(target.layout))
  const session: Sink.PlanSession = {
    transaction: context.preferred ?? (transactional ? "atomic" : "batched"),
    existing: (entity, keys) => existing(target, target.layout(entity), keys),
    stage: () => Effect.void,
    plan: (entity, batches) => {
      const layout = target.layout(entity)
      return Stream.mapEffect(batches, (batch) => planBatch(target, layout, batch), { concurrency: findsAtOnce })
    },
  }
  return session
})

const existing = (target: Target, layout: Layout, keys: ReadonlyArray<Entity.Values>) => {
  const records = keys.map((key) => {
    const values: Array<Entity.Values[number]> = []
    for (const [at, column] of layout.key.entries()) values[column.at] = key[at]
    return values
  })
  const parts: Array<Array<Entity.Values>> = []
  for (let from = 0; from < records.length; from += keysAtOnce) parts.push(records.slice(from, from + keysAtOnce))
  return Effect.map(
    Effect.forEach(
      parts,
      (part) =>
        Effect.map(lookUp(target.db, layout, part, layout.keyOnly), ({ documents }) =>
          part.map((values) => documents.has(keyOfValues(layout, values))),
        ),
      { concurrency: findsAtOnce },
    ),
    (found) => found.flat(),
  )
}

const planBatch = (target: Target, layout: Layout, batch: Batch.Batch): Effect.Effect<Plan.PlannedBatch, Sink.SinkError> =>
  Effect.suspend(() => {
    const refused = refusedOf(layout, batch)
    const records = batch.records()
    const asked = refused.size === 0 ? records : records.filter((_, index) => !refused.has(index))
    return Effect.map(lookUp(target.db, layout, asked, layout.owned), (found) => compare(layout, batch, found, refused))
  })

/** The records of a batch that the target would refuse. */
const refusedOf = (layout: Layout, batch: Batch.Batch): Map<number, ReadonlyArray<Issue.Issue>> => {
  const { entity } = layout
  const refused = new Map<number, ReadonlyArray<Issue.Issue>>()
  const lengths = lineLengths(batch)
  const seen = new Set<string>()
  for (const [index, values] of batch.records().entries()) {
    const problems = unholdable(layout, values)
    if (problems.length > 0) {
      refused.set(
        index,
        problems.map((problem) => Issue.make({ ...problem, entity: entity.name })),
      )
      continue
    }
    const key = keyOfValues(layout, values)
    const large = tooLarge(layout, values, lengths(index))
    if (large !== undefined) refused.set(index, [large])
    else if (seen.has(key))
      refused.set(index, [
        Issue.make({
          code: "mongo.key",
          entity: entity.name,
          column: entity.key.join(", "),
          message: "expected a key that no other record has; to MongoDB, which compares numbers by value, it equals another one",
        }),
      ])
    else seen.add(key)
  }
  return refused
}

/** The length of each record's line in the batch's bytes, counted only where one of them could matter. */
const lineLengths = ({ bytes, count }: Batch.Batch): ((index: number) => number) => {
  if (bytes.length < 1024 * 1024 && count > 0) return () => 0
  const ends: Array<number> = []
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ends.push(at)
  return (index) => (ends[index] ?? bytes.length) - (index === 0 ? 0 : ends[index - 1]!)
}

const compare = (
  layout: Layout,
  batch: Batch.Batch,
  { documents, twice }: Found,
  refused: Map<number, ReadonlyArray<Issue.Issue>>,
): Plan.PlannedBatch => {
  const records = batch.records()
  const actions = new Uint8Array(records.length)
  const updates: Array<Plan.Update> = []
  for (const [index, values] of records.entries()) {
    if (refused.has(index)) {
      actions[index] = Plan.code.refuse
      continue
    }
    const key = keyOfValues(layout, values)
    const held = documents.get(key)
    if (held === undefined) {
      actions[index] = Plan.code.create
      continue
    }
    if (twice.has(key)) {
      actions[index] = Plan.code.refuse
      refused.set(index, [
        Issue.make({
          code: "mongo.key-twice",
          entity: layout.entity.name,
          column: layout.entity.key.join(", "),
          message: `expected one document of this key; ${layout.collection} has several`,
        }),
      ])
      continue
    }
    const changed = held.differing(layout, values)
    if (changed.length === 0) continue
    const { document } = held
    const blocked = layout.flat ? undefined : changed.find((column) => isBlocked(document, column))
    if (blocked !== undefined) {
      actions[index] = Plan.code.refuse
      refused.set(index, [
        Issue.make({
          code: "mongo.parent",
          entity: layout.entity.name,
          column: blocked.name,
          message: `expected a document to write ${blocked.path} into; the target has something else in its place`,
        }),
      ])
      continue
    }
    actions[index] = Plan.code.update
    updates.push({
      index,
      fingerprint: fingerprint(layout, values, document, changed),
      changes: changed.map((column) => ({
        field: column.name,
        before: valueAt(document, column),
        after: values[column.at],
      })),
    })
  }
  const refusals = [...refused].map(([index, issues]) => ({ index, issues })).sort((a, b) => a.index - b.index)
  return { part: batch.part, actions, updates, refusals }
}
