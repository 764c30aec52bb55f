/**
 * References that the snapshot does not answer: asked of the target, then created (smart mode) or reported as missing (strict mode).
 */
import { Effect } from "effect"
import * as Entity from "../Entity.ts"
import * as Issue from "../Issue.ts"
import type { Candidate } from "../Run.ts"
import type { Sink, SinkError } from "../Sink.ts"
import type { Collector, Full } from "./Collector.ts"
import { type Decisions, decidedOf } from "./decisions.ts"
import type { Pending, Wanted } from "./Pending.ts"
import type { PlanSessions } from "./PlanSessions.ts"
import { candidatePlace } from "./planning.ts"
import type { Tally } from "./Tally.ts"

/** What became of the open references. */
export interface Resolved {
  readonly candidates: ReadonlyArray<Candidate>
  /** Keys that exist nowhere and are not created. */
  readonly missing: ReadonlyMap<Entity.Any, ReadonlySet<string>>
  /** Those of them whose rows are to be rejected, as was decided, with who did so. */
  readonly unwanted: ReadonlyMap<Entity.Any, ReadonlyMap<string, string>>
  /** Batches that the created records filled. */
  readonly full: ReadonlyArray<Full>
}

const keysPerQuestion = 1_000

// the wanted records that the target has not; each question is repeated by itself, what was drained is not there a second time
const absent = (
  session: PlanSessions,
  wanted: ReadonlyArray<Wanted>,
  referred: ReadonlyMap<Entity.Any, Set<string>>,
): Effect.Effect<ReadonlyArray<Wanted>, SinkError> =>
  Effect.gen(function* () {
    const open: Array<Wanted> = []
    const entities = new Set(wanted.map((it) => it.entity))
    for (const entity of entities) {
      const ofEntity = wanted.filter((it) => it.entity === entity)
      for (let from = 0; from < ofEntity.length; from += keysPerQuestion) {
        const asked = ofEntity.slice(from, from + keysPerQuestion)
        const found = yield* session.use((open) =>
          open.existing(
            entity,
            asked.map((it) => it.values),
          ),
        )
        for (const [at, it] of asked.entries())
          if (found[at] !== true) open.push(it)
          else referred.get(entity)?.add(it.key)
      }
    }
    return open
  })

/**
 * Settles the open references; a created record may refer to others, which are settled as well. Keys that lead to a record of the target are
 * noted in `referred`, of the entities that it has.
 */
export const resolve = (
  session: PlanSessions,
  collector: Collector,
  pending: Pending,
  smart: boolean,
  tally: Tally,
  unholdable: Sink["unholdable"],
  referred: ReadonlyMap<Entity.Any, Set<string>>,
  decisions: Decisions,
): Effect.Effect<Resolved, SinkError> =>
  Effect.gen(function* () {
    const candidates: Array<Candidate> = []
    const missing = new Map<Entity.Any, Set<string>>()
    const unwanted = new Map<Entity.Any, Map<string, string>>()
    const full: Array<Full> = []
    const toldOf = ({ entity, key }: Wanted): Pick<Candidate, "decided"> => {
      const decision = decisions.of(entity, key)
      // a key that others are read as is a candidate of its own, about which its own mapping says nothing
      return decision === undefined || decision.verdict === "map" ? {} : { decided: decidedOf(decision) }
    }
    const miss = (wanted: Wanted): void => {
      const { entity, firstRef, key, rows } = wanted
      candidates.push({ entity: entity.name, key, rows, firstRef, created: false, ...toldOf(wanted) })
      const keys = missing.get(entity)
      if (keys === undefined) missing.set(entity, new Set([key]))
      else keys.add(key)
    }
    for (let open = pending.drain(); open.length > 0; open = pending.drain()) {
      for (const wanted of yield* absent(session, open, referred)) {
        const { entity, firstRef, key, rows } = wanted
        const decision = decisions.of(entity, key)
        if (decision?.verdict === "reject") {
          const keys = unwanted.get(entity)
          if (keys === undefined) unwanted.set(entity, new Map([[key, decision.by]]))
          else keys.set(key, decision.by)
        }
        const creates = decision?.verdict === "create" || (smart && decision?.verdict !== "reject")
        if (!creates || entity.create === undefined || entity.key.length > 1) {
          miss(wanted)
          continue
        }
        const value = entity.create(key) as Readonly<Record<string, unknown>>
        const values = entity.fields.map((field) => value[field.name] as Entity.Values[number])
        const wrong = entity.fields.find((field, at) => {
          const given = values[at]
          return given === undefined ? !field.optional : given === null ? !field.nullable : field.problem(given) !== undefined
        })
        const refused = wrong === undefined ? unholdable?.(entity, values) : undefined
        if (
          wrong !== undefined ||
          Entity.keyText(values, entity.keyPositions) !== key ||
          (refused !== undefined && refused.length > 0)
        ) {
          tally.issue(
            Issue.make({
              severity: "warning",
              code: "candidate.invalid",
              entity: entity.name,
              column: wrong?.name ?? refused?.[0]?.column ?? entity.key.join(", "),
              value: key,
              message: `no ${entity.name} can be created for this key: ${refused?.[0]?.message ?? "what its create function returns is not a valid record of it"}`,
            }),
          )
          miss(wanted)
          continue
        }
        const looked = collector.look(entity, values)
        collector.add(looked, 0x7fffffff, `${candidatePlace}:${entity.name}`, key)
        collector.endRow([looked], full)
        const counts = tally.entity(entity.name)
        counts.records++
        counts.candidates++
        pending.note(entity, values, () => firstRef)
        candidates.push({ entity: entity.name, key, rows, firstRef, created: true, ...toldOf(wanted) })
      }
    }
    return { candidates, missing, unwanted, full }
  })
