/**
 * The decisions that a validation goes by: those that are remembered for the entities of its import.
 */
import { Effect } from "effect"
import { type Decision, DecisionStore, type Verdict } from "../DecisionStore.ts"
import * as Entity from "../Entity.ts"
import type { Value } from "../Field.ts"
import * as Fingerprint from "../Fingerprint.ts"
import type { Import } from "../Import.ts"
import * as Issue from "../Issue.ts"
import type { JobStoreError } from "../JobStore.ts"
import type { Candidate, UsedDecision } from "../Run.ts"
import type { SinkError } from "../Sink.ts"
import type { SnapshotManifest } from "../Snapshot.ts"
import type { PageChange } from "../Source.ts"
import type { PlanSessions } from "./PlanSessions.ts"
import type { Tally } from "./Tally.ts"

/** A decision that holds. */
export type Standing = Decision & { readonly verdict: Verdict }

/** Those of one import. */
export interface Decisions {
  /** A hash of what they say, whoever decided it; `undefined` where there are none. */
  readonly hash: Fingerprint.Sha256 | undefined
  readonly of: (entity: Entity.Any, key: string) => Standing | undefined
  /** Those that read a key as another one. */
  readonly mapped: ReadonlyArray<Standing>
}

const stands = (decision: Decision): decision is Standing => decision.verdict !== null

/** Orders what has an entity and a key by them. */
export const byKey = (
  a: { readonly entity: string; readonly key: string },
  b: { readonly entity: string; readonly key: string },
): number => (a.entity === b.entity ? (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) : a.entity < b.entity ? -1 : 1)

/** The decisions of an import that hold, by entity and key. */
export const standing = (imported: string): Effect.Effect<ReadonlyArray<Standing>, JobStoreError> =>
  Effect.flatMap(DecisionStore, (store) => Effect.map(store.list(imported), (all) => all.filter(stands).sort(byKey)))

/** Opens the decisions of an import, as they are now. */
export const open = (definition: Import): Effect.Effect<Decisions, JobStoreError> =>
  Effect.map(standing(definition.name), (all) => {
    const own = all.filter(({ entity }) => definition.entities.some(({ name }) => name === entity))
    const byEntity = new Map<string, Map<string, Standing>>()
    for (const decision of own) {
      const ofEntity = byEntity.get(decision.entity)
      if (ofEntity === undefined) byEntity.set(decision.entity, new Map([[decision.key, decision]]))
      else ofEntity.set(decision.key, decision)
    }
    return {
      hash: own.length === 0 ? undefined : Fingerprint.of(own.map(({ as, entity, key, verdict }) => [entity, key, verdict, as])),
      of: (entity, key) => byEntity.get(entity.name)?.get(key),
      mapped: own.filter(({ verdict }) => verdict === "map"),
    }
  })

const fieldValue = ({ kind }: Entity.Any["fields"][number], text: string): Value =>
  kind === "integer" || kind === "number" ? Number(text) : kind === "boolean" ? text === "true" : text

/** The values of a key, from its text; `undefined` where it is no key of the entity. */
export const keyValues = (entity: Entity.Any, text: string): ReadonlyArray<Value> | undefined => {
  const fields = entity.keyPositions.map((position) => entity.fields[position]!)
  let values: ReadonlyArray<Value>
  if (fields.length === 1) values = [fieldValue(fields[0]!, text)]
  else
    try {
      const parsed: unknown = JSON.parse(text)
      values = Array.isArray(parsed) ? parsed : []
    } catch {
      return undefined
    }
  const positions = values.map((_, at) => at)
  return values.length === fields.length &&
    fields.every((field, at) => field.problem(values[at]) === undefined) &&
    Entity.keyText(values, positions) === text
    ? values
    : undefined
}

/** The name under which the log of normalizations has keys that were read as others. */
export const aliasRule = "alias"

interface Used {
  readonly entity: Entity.Any
  readonly decision: Standing
  readonly firstRef: string
  rows: number
}

/** Reads the keys that decisions map as the keys they mean, and remembers which it met. */
export class Aliases {
  // referenced entity → key → what to read instead
  private readonly meant = new Map<
    Entity.Any,
    Map<string, { readonly decision: Standing; readonly values: ReadonlyArray<Value> }>
  >()
  private readonly met = new Map<Standing, Used>()

  private constructor() {}

  /** Those of a validation; `undefined` where nothing is mapped, which is the case of most. */
  static make({ entities }: Import, { mapped }: Decisions): Aliases | undefined {
    const aliases = new Aliases()
    for (const decision of mapped) {
      const entity = entities.find(({ name }) => name === decision.entity)!
      const values = keyValues(entity, decision.as ?? "")
      if (values === undefined) continue
      const ofEntity = aliases.meant.get(entity)
      if (ofEntity === undefined) aliases.meant.set(entity, new Map([[decision.key, { decision, values }]]))
      else ofEntity.set(decision.key, { decision, values })
    }
    return aliases.meant.size === 0 ? undefined : aliases
  }

  /**
   * Reads the mapped keys among the values of a record as those they mean, each once: what a key is read as is not looked up again. Whether there
   * were any; each is put into `log`, under its column where fields have one.
   */
  read(
    entity: Entity.Any,
    record: Array<Value>,
    ref: () => string,
    log: Array<Omit<PageChange, "row">>,
    columns?: ReadonlyArray<string | null>,
  ): boolean {
    const before = log.length
    for (const reference of entity.references) {
      const { entity: other, positions } = reference
      const ofOther = this.meant.get(other)
      if (ofOther === undefined || !Entity.refers(record, reference)) continue
      const found = ofOther.get(Entity.keyText(record, positions))
      if (found === undefined) continue
      const used = this.met.get(found.decision)
      if (used === undefined) this.met.set(found.decision, { entity: other, decision: found.decision, firstRef: ref(), rows: 1 })
      else used.rows++
      for (const [at, position] of positions.entries()) {
        const after = found.values[at] ?? null
        if (record[position] === after) continue
        const column = columns?.[position] ?? entity.fields[position]!.name
        log.push({ column, rule: aliasRule, before: record[position] ?? null, after })
        record[position] = after
      }
    }
    return log.length > before
  }

  /** What it met, as candidates that were read as others. */
  candidates(): ReadonlyArray<Candidate> {
    return [...this.met.values()].map(({ decision, entity, firstRef, rows }) => ({
      entity: entity.name,
      key: decision.key,
      rows,
      firstRef,
      created: false,
      decided: decidedOf(decision),
    }))
  }

  /**
   * Warns of keys that are read as others although a record of that very key is there by now, in the input or in the target: nobody could have decided so
   * had it been there then.
   */
  warn(
    session: PlanSessions,
    isKnown: (entity: Entity.Any, key: string) => boolean,
    tally: Tally,
  ): Effect.Effect<void, SinkError> {
    const met = [...this.met.values()]
    return Effect.gen(function* () {
      for (const entity of new Set(met.map((it) => it.entity))) {
        const asked = met.flatMap((it) => {
          const values = it.entity === entity ? keyValues(entity, it.decision.key) : undefined
          return values === undefined ? [] : [{ ...it, values }]
        })
        if (asked.length === 0) continue
        const there = yield* session.use((open) =>
          open.existing(
            entity,
            asked.map(({ values }) => values),
          ),
        )
        for (const [at, { decision, firstRef }] of asked.entries())
          if (there[at] === true || isKnown(entity, decision.key))
            tally.issue(
              Issue.make({
                severity: "warning",
                code: "candidate.exists",
                ref: firstRef,
                entity: entity.name,
                column: entity.key.join(", "),
                value: decision.key,
                message: `rows that refer to it are read as ${JSON.stringify(decision.as)}, as ${decision.by} decided, although a record of this key is there now; take the decision back if it is meant`,
              }),
            )
      }
    })
  }
}

/** What a candidate says of the decision about it. */
export const decidedOf = ({ as, at, by, verdict, version }: Standing): UsedDecision => ({ verdict, as, by, at, version })

/** The decisions that candidates tell of, by entity and key. */
export const usedDecisions = (candidates: ReadonlyArray<Candidate>): NonNullable<SnapshotManifest["decisions"]> =>
  candidates.flatMap(({ decided, entity, key }) => (decided === undefined ? [] : [{ entity, key, ...decided }])).sort(byKey)
