/**
 * A plan says per record what a commit does: create, update (which fields), nothing, delete, or refuse it, and which fingerprint of the
 * target record it saw. It is sealed as NDJSON parts beside the snapshot's, one plan part per record part.
 *
 * @module
 */
import * as Canonical from "./Canonical.ts"
import type { Value } from "./Field.ts"
import type { Issue } from "./Issue.ts"

/** What a commit does with a record. */
export const actions = ["unchanged", "create", "update", "refuse", "delete"] as const

/** One of {@link actions}. */
export type Action = (typeof actions)[number]

/** The numbers of the actions in {@link PlannedBatch.actions}. */
export const code = { unchanged: 0, create: 1, update: 2, refuse: 3, delete: 4 } as const

/** A field that an update changes; values are canonical, `undefined` where the target has no such field. */
export interface Change {
  readonly field: string
  readonly before: Value
  readonly after: Value
  /**
   * Of a field that is owned `keepEdits`: whether the target has what a commit wrote last, something else, or no commit ever wrote the field.
   * What a sink tells when it plans; it is not sealed.
   */
  readonly lastWritten?: "same" | "other" | "never"
}

/**
 * Why a field keeps what the target has. `notEmpty`: it is owned `whenEmpty`, and the target has something. `atCreation`: the record was there.
 * `edited`: what is there is not what a commit wrote last. `neverWritten`: no commit ever wrote the field, so it is somebody else's.
 */
export type Why = "notEmpty" | "atCreation" | "edited" | "neverWritten"

/** A field that keeps what the target has, although the feed has something else: see {@link Field.Owner}. */
export interface KeptField {
  readonly field: string
  readonly target: Value
  readonly feed: Value
  readonly why: Why
}

/** The kept fields of one record, which is updated in others or unchanged. */
export interface Kept {
  /** Position in the batch. */
  readonly index: number
  readonly fields: ReadonlyArray<KeptField>
}

/** An update of one record. */
export interface Update {
  /** Position in the batch. */
  readonly index: number
  /** The sink's fingerprint of the target record as the plan saw it; opaque to all but the sink. */
  readonly fingerprint: string
  readonly changes: ReadonlyArray<Change>
}

/** A deletion of one record. */
export interface Deletion {
  /** Position in the batch. */
  readonly index: number
  /** The sink's fingerprint of the whole target record as the plan saw it; opaque to all but the sink. */
  readonly fingerprint: string
}

/** A record that cannot go in, with the issues that say why. */
export interface Refusal {
  /** Position in the batch. */
  readonly index: number
  readonly issues: ReadonlyArray<Issue>
}

/**
 * The plan of one batch; `actions[i]` is the code of what happens to its record `i`. A batch that deletes neither creates nor updates: what
 * is deleted is in batches of its own.
 */
export interface PlannedBatch {
  readonly part: number
  readonly actions: Uint8Array
  /** One for each record whose action is `update`, in their order. */
  readonly updates: ReadonlyArray<Update>
  /** One for each record whose action is `refuse`, in their order. */
  readonly refusals: ReadonlyArray<Refusal>
  /** One for each record with kept fields, in their order; the engine adds it, no sink. */
  readonly kept?: ReadonlyArray<Kept>
  /** One for each record whose action is `delete`, in their order; may be absent where there is none. */
  readonly deletions?: ReadonlyArray<Deletion>
}

/** How many records have each action; `delete` is there where any are deleted. */
export type Tally = { readonly [action in Exclude<Action, "delete">]: number } & { readonly delete?: number }

/** How many records of a batch have each action. */
export const tally = (planned: PlannedBatch): Tally => {
  const counts = [0, 0, 0, 0, 0]
  for (const action of planned.actions) counts[action]!++
  return {
    unchanged: counts[0]!,
    create: counts[1]!,
    update: counts[2]!,
    refuse: counts[3]!,
    ...(counts[4]! > 0 ? { delete: counts[4]! } : {}),
  }
}

/** How many values of each field a batch keeps; `undefined` where it keeps none. */
export const tallyKept = ({ kept }: PlannedBatch): { readonly [field: string]: number } | undefined => {
  if (kept === undefined || kept.length === 0) return undefined
  const counts: Record<string, number> = {}
  for (const { fields } of kept) for (const { field } of fields) counts[field] = (counts[field] ?? 0) + 1
  return counts
}

/** Whether a commit has anything to do in a batch. */
export const isIdle = (planned: PlannedBatch): boolean =>
  planned.actions.every((action) => action === code.unchanged || action === code.refuse)

/** Whether a batch deletes. */
export const isDeletion = ({ deletions }: Pick<PlannedBatch, "deletions">): boolean =>
  deletions !== undefined && deletions.length > 0

// an absent value is written as `[]`, any other value as an array of it
const boxed = (value: Value): Canonical.Json => (value === undefined ? [] : [value])
const unboxed = (value: unknown): Value => (value as ReadonlyArray<Value>)[0]

/**
 * Writes a part of the plan: a line for each run of equal actions, `["create",5000]`, and one for each update,
 * `["update",fingerprint,[[field,[before],[after]],…]]`, deletion, `["delete",fingerprint]`, and refusal, `["refuse",[issue,…]]`. A record with
 * kept fields has a line of its own, with `[[field,[target],[feed],why],…]` as its last item: `["unchanged",1,[…]]`,
 * `["update",fingerprint,[…],[…]]`.
 */
export const write = (planned: PlannedBatch): string => {
  const lines: Array<string> = []
  let update = 0
  let refusal = 0
  const kept = new Map((planned.kept ?? []).map(({ fields, index }) => [index, fields]))
  const stays = (at: number): ReadonlyArray<Canonical.Json> => {
    const fields = kept.get(at)
    return fields === undefined ? [] : [fields.map(({ feed, field, target, why }) => [field, boxed(target), boxed(feed), why])]
  }
  let deletion = 0
  for (let at = 0; at < planned.actions.length; ) {
    const action = planned.actions[at]!
    if (action === code.update) {
      const { changes, fingerprint } = planned.updates[update++]!
      lines.push(
        Canonical.stringify([
          "update",
          fingerprint,
          changes.map(({ after, before, field }) => [field, boxed(before), boxed(after)]),
          ...stays(at),
        ]),
      )
      at++
    } else if (action === code.delete) {
      lines.push(Canonical.stringify(["delete", planned.deletions![deletion++]!.fingerprint]))
      at++
    } else if (action === code.refuse) {
      lines.push(Canonical.stringify(["refuse", planned.refusals[refusal++]!.issues]))
      at++
    } else if (kept.has(at)) {
      lines.push(Canonical.stringify([actions[action]!, 1, ...stays(at)]))
      at++
    } else {
      let end = at + 1
      while (end < planned.actions.length && planned.actions[end] === action && !kept.has(end)) end++
      lines.push(Canonical.stringify([actions[action]!, end - at]))
      at = end
    }
  }
  return lines.map((line) => `${line}\n`).join("")
}

/** Reads a part of the plan; the inverse of {@link write}. */
export const read = (part: number, count: number, text: string): PlannedBatch => {
  const planned = new Uint8Array(count)
  const updates: Array<Update> = []
  const refusals: Array<Refusal> = []
  const kept: Array<Kept> = []
  const keep = (item: unknown): void => {
    if (item === undefined) return
    const fields = item as ReadonlyArray<readonly [string, unknown, unknown, Why]>
    kept.push({
      index,
      fields: fields.map(([field, target, feed, why]) => ({ field, target: unboxed(target), feed: unboxed(feed), why })),
    })
  }
  const deletions: Array<Deletion> = []
  let index = 0
  for (const line of text.split("\n")) {
    if (line === "") continue
    const entry = JSON.parse(line) as [Action, ...Array<unknown>]
    if (entry[0] === "update") {
      const changes = entry[2] as ReadonlyArray<readonly [string, unknown, unknown]>
      keep(entry[3])
      updates.push({
        index,
        fingerprint: entry[1] as string,
        changes: changes.map(([field, before, after]) => ({ field, before: unboxed(before), after: unboxed(after) })),
      })
      planned[index++] = code.update
    } else if (entry[0] === "delete") {
      deletions.push({ index, fingerprint: entry[1] as string })
      planned[index++] = code.delete
    } else if (entry[0] === "refuse") {
      refusals.push({ index, issues: entry[1] as ReadonlyArray<Issue> })
      planned[index++] = code.refuse
    } else {
      keep(entry[2])
      const end = index + (entry[1] as number)
      planned.fill(code[entry[0]], index, end)
      index = end
    }
  }
  return {
    part,
    actions: planned,
    updates,
    refusals,
    ...(deletions.length === 0 ? {} : { deletions }),
    ...(kept.length === 0 ? {} : { kept }),
  }
}

/** A plan's batch with further records refused: their update, deletion and kept fields, if they had any, are taken out. */
export const refuse = (planned: PlannedBatch, refused: ReadonlyMap<number, ReadonlyArray<Issue>>): PlannedBatch => {
  if (refused.size === 0) return planned
  const changed = planned.actions.slice()
  const refusals = new Map(planned.refusals.map((it) => [it.index, it.issues]))
  for (const [index, issues] of refused) {
    changed[index] = code.refuse
    refusals.set(index, [...(refusals.get(index) ?? []), ...issues])
  }
  const kept = planned.kept?.filter((it) => !refused.has(it.index)) ?? []
  const deletions = planned.deletions?.filter((it) => !refused.has(it.index)) ?? []
  return {
    part: planned.part,
    actions: changed,
    updates: planned.updates.filter((it) => !refused.has(it.index)),
    ...(deletions.length === 0 ? {} : { deletions }),
    refusals: [...refusals].map(([index, issues]) => ({ index, issues })).sort((a, b) => a.index - b.index),
    ...(kept.length === 0 ? {} : { kept }),
  }
}
