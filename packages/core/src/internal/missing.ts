/**
 * What a mirror does while a validation plans: finds what the target has and the feed has not, looks at the guards, and adds the records
 * with their marks to the snapshot, so that plan, commit, verification and undo treat them as any other.
 */
import { Effect, Stream } from "effect"
import type * as Entity from "../Entity.ts"
import type { Import } from "../Import.ts"
import type { Guard, Mirror } from "../Mirror.ts"
import type { SinkError } from "../Sink.ts"
import type { Identity } from "../Source.ts"
import type { Collector, Full } from "./Collector.ts"
import type { PlanSessions } from "./PlanSessions.ts"
import type { Tally } from "./Tally.ts"
import { Stopped } from "./worldError.ts"

/** The place in the refs of records that a mirror adds. */
export const missingPlace = "missing"

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

/** Adds what is missing to the snapshot; all that the feed brought must be staged. Returns the batches that became full. */
export const mark = (
  definition: Import,
  session: PlanSessions,
  collector: Collector,
  tally: Tally,
): Effect.Effect<ReadonlyArray<Full>, SinkError | Stopped> =>
  Effect.gen(function* () {
    const full: Array<Full> = []
    yield* refuseRejected(definition, tally)
    for (const mirror of definition.mirrors) {
      const { entity, set } = mirror
      const { index } = collector.states.get(entity)!
      if (tally.entity(entity.name).records === 0) yield* refuse(mirror, "empty", `the feed has no ${entity.name} at all`)
      const { gone, inScope, marked } = yield* find(session, mirror, (key) => index.find(key) >= 0)
      const { maxCount, maxShare } = mirror
      const all = inScope - marked
      if (maxCount !== null && gone.length > maxCount)
        yield* refuse(
          mirror,
          "count",
          `more than ${maxCount} of ${all} records are missing in the feed, the most that may be (maxCount)`,
        )
      if (gone.length > maxShare * all)
        yield* refuse(
          mirror,
          "share",
          `${gone.length} of ${all} records are missing in the feed, more than the share of ${maxShare} that may be (maxShare)`,
        )
      for (const values of gone) {
        const looked = collector.look(
          entity,
          values.map((value, at) => {
            const mark = set.find(({ position }) => position === at)
            return mark === undefined ? value : mark.value
          }),
        )
        collector.add(looked, 0x7fffffff, `${missingPlace}:${entity.name}`, looked.key)
        collector.endRow([looked], full)
        const counts = tally.entity(entity.name)
        counts.records++
        counts.missing++
      }
    }
    return full
  })

// what is gone, as the target has it; more than may be missing is not looked for
const find = (session: PlanSessions, { entity, maxCount, scope, set }: Mirror, has: (key: string) => boolean) =>
  session.use((open) =>
    Effect.gen(function* () {
      if (open.missing === undefined)
        return yield* Effect.fail(
          new Stopped({
            code: "mirror.unsupported",
            message: `the sink of this import cannot tell which records are missing, and the mirror of ${entity.name} needs it`,
            retryable: false,
          }),
        )
      const { inScope, records } = yield* open.missing(entity, scope, has)
      const gone: Array<Entity.Values> = []
      let marked = 0
      yield* records.pipe(
        Stream.takeWhile(() => maxCount === null || gone.length <= maxCount),
        Stream.runForEach((values) =>
          Effect.sync(() => {
            if (set.every(({ position, value }) => values[position] === value)) marked++
            else gone.push(sound(entity, values))
          }),
        ),
      )
      return { gone, inScope, marked }
    }),
  )

// what a field could not hold is somebody else's, and left alone
const sound = (entity: Entity.Any, values: Entity.Values): Entity.Values =>
  entity.fields.map((field, at) => {
    const value = values[at]
    return value === undefined || value === null || field.problem(value) === undefined ? value : undefined
  })
