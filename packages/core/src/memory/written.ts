/**
 * What commits wrote last of fields that are owned `keepEdits`: a fingerprint for each field of each record, as the memory sink keeps it.
 */
import * as Canonical from "../Canonical.ts"
import type * as Entity from "../Entity.ts"
import * as Fingerprint from "../Fingerprint.ts"
import * as Ownership from "../Ownership.ts"
import type { Change } from "../Plan.ts"

/** By entity name and key text, field → fingerprint. */
export type Written = Map<string, Map<string, ReadonlyMap<string, string>>>

/** What was written, of its own. */
export const copyOf = (written: Written): Written => new Map([...written].map(([name, records]) => [name, new Map(records)]))

const recordsOf = (written: Written, entity: Entity.Any): Map<string, ReadonlyMap<string, string>> => {
  const records = written.get(entity.name) ?? new Map<string, ReadonlyMap<string, string>>()
  written.set(entity.name, records)
  return records
}

const fingerprint = (value: Entity.Values[number]): string => Fingerprint.sha256(Canonical.stringify(value ?? null))

/** Notes what a record has now in those watched fields that were written: the ones with a value in `sent`. */
export const note = (
  written: Written,
  entity: Entity.Any,
  key: string,
  sent: Entity.Values,
  now: Entity.Values | undefined,
): void => {
  const fields = Ownership.watched(entity).filter((at) => sent[at] !== undefined)
  if (fields.length === 0) return
  const records = recordsOf(written, entity)
  if (now === undefined) records.delete(key)
  else
    records.set(
      key,
      new Map([...(records.get(key) ?? []), ...fields.map((at) => [entity.fields[at]!.name, fingerprint(now[at])] as const)]),
    )
}

/** Whether a field still has what was written last. */
export const told = (
  written: Written,
  entity: Entity.Any,
  key: string,
  at: number,
  now: Entity.Values,
): Pick<Change, "lastWritten"> => {
  if (entity.ownership?.get(at) !== "keepEdits") return {}
  const last = written.get(entity.name)?.get(key)?.get(entity.fields[at]!.name)
  return { lastWritten: last === undefined ? "never" : last === fingerprint(now[at]) ? "same" : "other" }
}
