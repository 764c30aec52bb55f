/**
 * Broken sinks of the laws about owned fields: they share what a commit has told their plans.
 */
import { Entity, type Plan } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import type { SinkSuite } from "@waybill/core/testing"
import { afterReverting, afterwards, at, brokenBy, planning, withValues } from "./doubles.ts"

type LastWritten = Plan.Change["lastWritten"]

// tells something else of the changes of some records
const telling = (
  session: Parameters<typeof planning>[0],
  tell: (entity: Entity.Any, values: Entity.Values, told: LastWritten) => LastWritten,
) =>
  planning(session, (batch, planned) => ({
    ...planned,
    updates: planned.updates.map((it) => ({
      ...it,
      changes: it.changes.map(({ lastWritten, ...change }): Plan.Change => {
        const now = lastWritten === undefined ? undefined : tell(batch.entity, batch.records()[it.index]!, lastWritten)
        return { ...change, ...(now === undefined ? {} : { lastWritten: now }) }
      }),
    })),
  }))

const keyOf = (entity: Entity.Any, values: Entity.Values): string => Entity.keyText(values, entity.keyPositions)

// keys that a commit or an undo has met, for the plans of the same sink
const met = new WeakMap<MemorySink.MemorySink, Set<string>>()
const keysOf = (sink: MemorySink.MemorySink): Set<string> => {
  const keys = met.get(sink) ?? new Set<string>()
  met.set(sink, keys)
  return keys
}

/** By the name of the law that it breaks. */
export const owningSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // writes a required field that is absent as nothing
  "an update writes no owned field that its plan keeps": brokenBy({
    commit: (session) => ({
      apply: (batch, planned) => {
        const price = at(batch.entity, "price")
        return session.apply(
          batch.entity.ownership?.get(price) === "atCreation"
            ? withValues(batch, (values) => values.map((value, position) => (position === price ? (value ?? "0.00") : value)))
            : batch,
          planned,
        )
      },
    }),
  }),
  // knows what it has written, and does not look whether it is still there
  "a plan tells whether a field has what a commit wrote last": brokenBy({
    plan: (session) => ({ plan: telling(session, (_, __, told) => (told === "other" ? "same" : told)) }),
  }),
  // notes what there is of all records that it was sent
  "what is written last is noted together with its record, or not at all": brokenBy({
    plan: (session, _, sink) => ({
      plan: telling(session, (entity, values, told) => (keysOf(sink).has(keyOf(entity, values)) ? "same" : told)),
    }),
    commit: (session, context, sink) =>
      afterwards(session, context, (batch, _, { conflicts }) => {
        for (const { index } of conflicts) keysOf(sink).add(keyOf(batch.entity, batch.records()[index]!))
      }),
  }),
  // leaves what the job has noted
  "an undo sets back what was written last": brokenBy({
    plan: (session, _, sink) => ({
      plan: telling(session, (entity, values, told) => (keysOf(sink).has(keyOf(entity, values)) ? "other" : told)),
    }),
    undo: (session, context, sink) =>
      afterReverting(session, context, (batch) => {
        for (const values of batch.records()) keysOf(sink).add(keyOf(batch.entity, values))
      }),
  }),
}
