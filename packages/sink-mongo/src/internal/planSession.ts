/**
 * The session that makes plans: finds and compares, and writes nothing.
 *
 * A batch is planned when it is staged, while the source is still being read, with the values it was written from: most are in the
 * target as they are, or not there at all, and are never parsed. Its plan is kept until it is asked for, unless there is too much of it.
 */
import { Batch, type Entity, Issue, Ownership, Plan, Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import { fingerprint } from "./fingerprint.ts"
import { tooLarge } from "./holdable.ts"
import { lookAtIndexes } from "./indexes.ts"
import { keys } from "./keys.ts"
import { type LastWritten, readLastWritten, toldOf } from "./lastWritten.ts"
import { differing, isBlocked, keyOfValues, type Layout, valueAt } from "./layout.ts"
import { type Found, lookUp } from "./lookup.ts"
import { missing } from "./missing.ts"
import { hasTransactions, type Target } from "./server.ts"

/** How many finds are under way at a time. */
export const findsAtOnce = 4

const keysAtOnce = 5_000

/** How many bytes of updates and refusals are kept of batches that were planned early; what is beyond is planned again. */
const keptBytes = 32 * 1024 * 1024

// plans of one entity, by part
type Kept = Map<number, Plan.PlannedBatch>

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
  const kept = new Map<Entity.Any, Kept>()
  const staged = new Map<Entity.Any, number>()
  let weight = 0
  const session: Sink.PlanSession = {
    face: "records",
    transaction: context.preferred ?? (transactional ? "atomic" : "batched"),
    existing: (entity, keys) => existing(target, target.layout(entity), keys),
    keys: (entity, limit) => keys(target, target.layout(entity), limit),
    missing: (entity, scope, has, to) => missing(target, target.layout(entity), scope, has, to),
    stage: (batch) =>
      Effect.map(planBatch(target, target.layout(batch.entity), batch), (planned) => {
        const { entity, part } = batch
        staged.set(entity, (staged.get(entity) ?? 0) + 1)
        const ofEntity: Kept = kept.get(entity) ?? new Map()
        kept.set(entity, ofEntity)
        const more = weightOf(batch, planned)
        if (weight + more > keptBytes) return
        weight += more
        ofEntity.set(part, planned)
      }),
    plan: (entity, batches) => {
      const layout = target.layout(entity)
      const ofEntity: Kept = kept.get(entity) ?? new Map()
      if (ofEntity.size > 0 && ofEntity.size === staged.get(entity))
        return Stream.fromIterable([...ofEntity].sort(([a], [b]) => a - b).map(([, planned]) => planned))
      return Stream.mapEffect(
        batches,
        (batch) => {
          const planned = ofEntity.get(batch.part)
          return planned === undefined ? planBatch(target, layout, batch) : Effect.succeed(planned)
        },
        { concurrency: findsAtOnce },
      )
    },
  }
  return session
})

// roughly, in bytes: the lines of its updates, before and after
const weightOf = ({ bytes, count }: Batch.Batch, { refusals, updates }: Plan.PlannedBatch): number =>
  (bytes.length / Math.max(1, count)) * 4 * (updates.length + refusals.length)

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
    const records = batch.records()
    const keys = records.map((values) => keyOfValues(layout, values))
    const refused = refusedOf(layout, batch, keys)
    const asked = refused.size === 0 ? records : records.filter((_, index) => !refused.has(index))
    return Effect.flatMap(lookUp(target.db, layout, asked, layout.owned), (found) => {
      const there = layout.entity.ownership === undefined ? [] : [...keys.keys()].filter((at) => found.documents.has(keys[at]!))
      return Effect.map(readLastWritten(target, layout, records, there), (last) =>
        compare(layout, batch, keys, found, refused, last),
      )
    })
  })

/** The records of a batch that the target would refuse, of those whose values it can hold. */
const refusedOf = (layout: Layout, batch: Batch.Batch, keys: ReadonlyArray<string>): Map<number, ReadonlyArray<Issue.Issue>> => {
  const { entity } = layout
  const refused = new Map<number, ReadonlyArray<Issue.Issue>>()
  const lengths = lineLengths(batch)
  const seen = new Set<string>()
  // texts differ for MongoDB where they differ for the snapshot
  const mayCoincide = layout.key.some(({ kind }) => kind !== "text")
  if (!mayCoincide && lengths === undefined) return refused
  for (const [index, values] of batch.records().entries()) {
    const large = lengths === undefined ? undefined : tooLarge(layout, values, lengths(index))
    if (large !== undefined) refused.set(index, [large])
    else if (!mayCoincide) continue
    else if (seen.has(keys[index]!))
      refused.set(index, [
        Issue.make({
          code: "mongo.key",
          entity: entity.name,
          column: entity.key.join(", "),
          message: "expected a key that no other record has; to MongoDB, which compares numbers by value, it equals another one",
        }),
      ])
    else seen.add(keys[index]!)
  }
  return refused
}

// a shorter line is never too large a document
const longLine = 1024 * 1024

/** The length of each record's line in the batch's bytes, where one of them could matter. */
const lineLengths = ({ bytes }: Batch.Batch): ((index: number) => number) | undefined => {
  if (bytes.length < longLine) return undefined
  const ends: Array<number> = []
  let longest = 0
  for (let at = bytes.indexOf(10), before = 0; at >= 0; before = at, at = bytes.indexOf(10, at + 1)) {
    ends.push(at)
    longest = Math.max(longest, at - before)
  }
  if (longest < longLine) return undefined
  return (index) => (ends[index] ?? bytes.length) - (index === 0 ? 0 : ends[index - 1]!)
}

const compare = (
  layout: Layout,
  batch: Batch.Batch,
  keys: ReadonlyArray<string>,
  { documents, twice }: Found,
  refused: Map<number, ReadonlyArray<Issue.Issue>>,
  last: LastWritten,
): Plan.PlannedBatch => {
  const records = batch.records()
  // what the values mean, read from the bytes when a record is not plainly the same as its document
  let canonical: ReadonlyArray<Entity.Values> | undefined
  const actions = new Uint8Array(records.length)
  const updates: Array<Plan.Update> = []
  for (const [index, given] of records.entries()) {
    if (refused.has(index)) {
      actions[index] = Plan.code.refuse
      continue
    }
    const key = keys[index]!
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
    if (held.isSurelySame(layout, given)) continue
    canonical ??= Batch.parse(batch.entity, batch.bytes)
    const values = canonical[index]!
    const { document } = held
    const changed = differing(layout, values, document)
    if (changed.length === 0) continue
    const changes = changed.map(
      (column): Plan.Change => ({
        field: column.name,
        before: valueAt(document, column),
        after: values[column.at],
        ...toldOf(layout, last.get(index), column, document),
      }),
    )
    // what is kept is not written, and may change till then without harm
    const made = changes.filter((change) => Ownership.why(layout.entity, change) === undefined)
    const written = changed.filter(({ name }) => made.some(({ field }) => field === name))
    const blocked = layout.flat ? undefined : written.find((column) => isBlocked(document, column))
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
      fingerprint: fingerprint(layout, Ownership.sent(layout.entity, values, made), document, written),
      changes,
    })
  }
  const refusals = [...refused].map(([index, issues]) => ({ index, issues })).sort((a, b) => a.index - b.index)
  return { part: batch.part, actions, updates, refusals }
}
