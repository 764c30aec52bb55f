/**
 * What mirrors do while a validation plans: they find what the target has and the feed has not, look at the guards, and add these records to
 * the snapshot. With a mark they are planned as all others; those that are to be deleted have batches of their own.
 */
import { Effect, Stream } from "effect"
import type * as Entity from "../Entity.ts"
import type { Import } from "../Import.ts"
import { LimitReached } from "../Limits.ts"
import type { Guard, Mirror } from "../Mirror.ts"
import type { Missing, SinkError } from "../Sink.ts"
import type { Identity } from "../Source.ts"
import type { Collector, Full } from "./Collector.ts"
import { childrenFirst } from "./childrenFirst.ts"
import type { PlanSessions } from "./PlanSessions.ts"
import type { Tally } from "./Tally.ts"
import { Stopped } from "./worldError.ts"

/** The place in the refs of records that a mirror adds. */
export const missingPlace = "missing"

/** A batch of records that are to be deleted, and what the sink saw of each. */
export interface Deleting {
  readonly full: Full
  readonly fingerprints: ReadonlyArray<string>
}

/** What mirrors add to the snapshot. */
export interface Mirrored {
  /** Batches that are staged and planned as all others. */
  readonly marks: ReadonlyArray<Full>
  /** Those that are not: their plan is made already. */
  readonly deletions: ReadonlyArray<Deleting>
}

/** What no mirrors add. */
export const nothing: Mirrored = { marks: [], deletions: [] }

const refused = ({ entity }: Mirror, guard: Guard, why: string): Stopped =>
  new Stopped({
    code: `mirror.${guard}`,
    message: `the mirror of ${entity.name} would not be safe: ${why}; nothing was written. ${guard === "incremental" ? "Read all of it" : "Mend the feed"}, or validate without mirrors`,
    retryable: false,
  })

const refuse = (mirror: Mirror, guard: Guard, why: string) => Effect.fail(refused(mirror, guard, why))

/** Fails if rows were rejected: a record may be missing only because its row is bad. */
export const refuseRejected = (definition: Import, tally: Tally): Effect.Effect<void, Stopped> => {
  const [mirror] = definition.mirrors
  return mirror === undefined || tally.rejected === 0
    ? Effect.void
    : refuse(
        mirror,
        "rejected",
        `${tally.rejected} of ${tally.processed} rows were rejected, and a record may be missing for that only`,
      )
}

/** What keeps a mirror from going by a source that gives only what changed: what such a source does not give is not gone. */
export const refusedDelta = (definition: Import, { isDelta, name }: Identity): Stopped | null => {
  const [mirror] = definition.mirrors
  return mirror === undefined || isDelta !== true
    ? null
    : refused(mirror, "incremental", `${name} gives only what changed, and what it does not give is not gone`)
}

/** The entities whose records mirrors delete, each with no keys yet: what the feed refers to is noted there, and not deleted. */
export const deleted = ({ mirrors }: Import): Map<Entity.Any, Set<string>> =>
  new Map(mirrors.filter(({ missing }) => missing === "delete").map(({ entity }) => [entity, new Set()]))

/** Adds what is missing to the snapshot; all that the feed brought must be staged. `referred` are keys that the feed refers to. */
export const mirror = (
  definition: Import,
  session: PlanSessions,
  collector: Collector,
  tally: Tally,
  referred: ReadonlyMap<Entity.Any, ReadonlySet<string>>,
): Effect.Effect<Mirrored, SinkError | Stopped | LimitReached> =>
  Effect.gen(function* () {
    const marks: Array<Full> = []
    const deletions: Array<Deleting> = []
    const { maxDeleted } = definition.limits
    let count = 0
    yield* refuseRejected(definition, tally)
    for (const mirror of definition.mirrors) {
      const { entity } = mirror
      const { index } = collector.states.get(entity)!
      const { candidates, records } = tally.entity(entity.name)
      if (records === candidates) yield* refuse(mirror, "empty", `the feed has no ${entity.name} at all`)
      const wanted = referred.get(entity)
      const left = mirror.missing === "mark" || maxDeleted === null ? null : maxDeleted - count
      const found = yield* find(session, mirror, left, (key) => index.find(key) >= 0 || wanted?.has(key) === true)
      const { gone } = found
      yield* look(mirror, found)
      if (left !== null && gone.length > left) yield* refuseAll(maxDeleted!)
      if (mirror.missing === "delete") {
        count += gone.length
        deletions.push(...collect(collector, mirror, childrenFirst(entity, gone)))
      } else for (const { values } of gone) add(collector, mirror, values, marks)
      const counts = tally.entity(entity.name)
      counts.records += gone.length
      counts.missing += gone.length
    }
    return { marks, deletions }
  })

interface Found {
  readonly gone: ReadonlyArray<Missing>
  /** How many records of the scope could be missing: those that are not marked already. */
  readonly all: number
}

// the guards of a mirror
const look = (mirror: Mirror, { all, gone }: Found): Effect.Effect<void, Stopped> => {
  const { maxCount, maxShare } = mirror
  if (maxCount !== null && gone.length > maxCount)
    return refuse(
      mirror,
      "count",
      `more than ${maxCount} of ${all} records are missing in the feed, the most that may be (maxCount)`,
    )
  if (gone.length > maxShare * all)
    return refuse(
      mirror,
      "share",
      `${gone.length} of ${all} records are missing in the feed, more than the share of ${maxShare} that may be (maxShare)`,
    )
  return Effect.void
}

const refuseAll = (allowed: number) =>
  Effect.fail(
    new LimitReached({
      limit: "maxDeleted",
      allowed: String(allowed),
      message: `more than ${allowed} records would be deleted, the limit of this import; nothing was written. Mend the feed, or validate without mirrors`,
    }),
  )

const add = (collector: Collector, { entity, set }: Mirror, values: Entity.Values, full: Array<Full>): void => {
  const looked = collector.look(
    entity,
    values.map((value, at) => {
      const mark = set.find(({ position }) => position === at)
      return mark === undefined ? value : mark.value
    }),
  )
  collector.add(looked, 0x7fffffff, `${missingPlace}:${entity.name}`, looked.key)
  collector.endRow([looked], full)
}

// batches of nothing else
const collect = (collector: Collector, mirror: Mirror, gone: ReadonlyArray<Missing>): ReadonlyArray<Deleting> => {
  const full: Array<Full> = []
  for (const { values } of gone) add(collector, mirror, values, full)
  full.push(...collector.restOf(mirror.entity))
  let from = 0
  return full.map((it) => {
    const fingerprints = gone.slice(from, from + it.batch.count).map(({ fingerprint }) => fingerprint)
    from += it.batch.count
    return { full: it, fingerprints }
  })
}

// what is gone, as the target has it; more than may be missing, or than is `left` of a limit, is not looked for
const find = (session: PlanSessions, mirror: Mirror, left: number | null, has: (key: string) => boolean) =>
  session.use((open) =>
    Effect.gen(function* () {
      const { entity, maxCount, scope, set } = mirror
      if (open.missing === undefined)
        return yield* Effect.fail(
          new Stopped({
            code: "mirror.unsupported",
            message: `the sink of this import cannot tell which records are missing, and the mirror of ${entity.name} needs it`,
            retryable: false,
          }),
        )
      const { inScope, records } = yield* open.missing(entity, scope, has, mirror.missing)
      const most = Math.min(maxCount ?? Number.POSITIVE_INFINITY, left ?? Number.POSITIVE_INFINITY)
      const gone: Array<Missing> = []
      let marked = 0
      yield* records.pipe(
        Stream.takeWhile(() => gone.length <= most),
        Stream.runForEach(({ fingerprint, values }) =>
          Effect.sync(() => {
            if (mirror.missing === "mark" && set.every(({ position, value }) => values[position] === value)) marked++
            else if (isOurs(entity, values)) gone.push({ values: sound(entity, values), fingerprint })
          }),
        ),
      )
      return { gone, all: inScope - marked }
    }),
  )

// no feed could bring a record whose key its fields cannot hold
const isOurs = (entity: Entity.Any, values: Entity.Values): boolean =>
  entity.keyPositions.every((at) => {
    const value = values[at]
    return value !== undefined && value !== null && entity.fields[at]!.problem(value) === undefined
  })

// what a field could not hold is somebody else's, and left alone
const sound = (entity: Entity.Any, values: Entity.Values): Entity.Values =>
  entity.fields.map((field, at) => {
    const value = values[at]
    return value === undefined || value === null || field.problem(value) === undefined ? value : undefined
  })
