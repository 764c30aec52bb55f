/**
 * Broken sinks: for each law of a sink one that breaks it and no other. They are in one file because they are one table.
 */
import { Entity, Plan, Sink } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import { SinkSuite } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import { afterReverting, afterwards, at, brokenBy, planning, withValues } from "./doubles.ts"
import { owningSinks } from "./owning.ts"

const { Maker, Product, Value } = SinkSuite
const { create, unchanged, update } = Plan.code
const keyOf = (entity: Entity.Any, values: Entity.Values): string => Entity.keyText(values, entity.keyPositions)
const tableOf = (sink: MemorySink.MemorySink, entity: Entity.Any): Map<string, Entity.Values> => {
  const table = sink.tables.get(entity.name) ?? new Map<string, Entity.Values>()
  sink.tables.set(entity.name, table)
  return table
}

// writes the values of one field in another way
const writing = (entity: Entity.Any, field: string, change: (value: never) => Entity.Values[number]): SinkSuite.Harness =>
  brokenBy({
    commit: (session) => ({
      apply: (batch, planned) =>
        session.apply(
          batch.entity === entity
            ? withValues(batch, (values) =>
                values.map((value, position) =>
                  position === at(entity, field) && value !== undefined && value !== null ? change(value as never) : value,
                ),
              )
            : batch,
          planned,
        ),
    }),
  })

const withoutNulls = (value: Entity.Values[number]): Entity.Values[number] => {
  if (Array.isArray(value)) return value.filter((it) => it !== null).map((it) => withoutNulls(it) ?? null)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([key, it]) => (it === null ? [] : [[key, withoutNulls(it) ?? null]])))
}

const planningSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // makes the makers that it is asked for
  "planning writes nothing, and keeps nobody out": brokenBy({
    plan: (session, _, sink) => ({
      existing: (entity, keys) =>
        Effect.tap(session.existing(entity, keys), (found) =>
          Effect.sync(() => {
            if (entity !== Maker) return
            for (const [index, [slug]] of keys.entries()) if (!found[index]) tableOf(sink, Maker).set(String(slug), [slug, null])
          }),
        ),
    }),
  }),
  // tells the first change alone, where the feed owns all fields
  "a plan has an action for each record in its order, and for an update what changes": brokenBy({
    plan: (session) => ({
      plan: planning(session, ({ entity }, planned) => ({
        ...planned,
        updates:
          entity.ownership === undefined
            ? planned.updates.map((it) => ({ ...it, changes: it.changes.slice(0, 1) }))
            : planned.updates,
      })),
    }),
  }),
  // takes a volatile field for a change
  "a field that is absent, or volatile, is no change": brokenBy({
    plan: (session, _, sink) => ({
      plan: planning(session, (batch, planned) => {
        const seen = at(Product, "seen")
        const { entity } = batch
        const differ = (values: Entity.Values): boolean =>
          entity === Product &&
          values[seen] !== undefined &&
          tableOf(sink, entity).get(keyOf(entity, values))?.[seen] !== values[seen]
        const records = batch.records()
        return {
          ...planned,
          actions: planned.actions.map((it, index) => (it === unchanged && differ(records[index]!) ? update : it)),
        }
      }),
    }),
  }),
  // knows only what was staged since it was opened
  "a plan is the same whether its batches were staged or not": brokenBy({
    plan: (session) => {
      const staged = new Set<string>()
      return {
        stage: (batch) => Effect.sync(() => void staged.add(`${batch.entity.name}/${batch.part}`)),
        plan: planning(session, (batch, planned) =>
          staged.has(`${batch.entity.name}/${batch.part}`)
            ? planned
            : { ...planned, actions: new Uint8Array(batch.count), updates: [] },
        ),
      }
    },
  }),
  // answers in the order of the keys
  "existing says of each key, in order, whether it is there": brokenBy({
    plan: (session) => ({ existing: (entity, keys) => session.existing(entity, [...keys].sort()) }),
  }),
  "a plan is for the way of committing that was asked for": brokenBy({ plan: () => ({ transaction: "batched" }) }),
  // null is not equal to null
  "a plan after the commit finds nothing to do": brokenBy({
    plan: (session) => ({
      plan: planning(session, (batch, planned) => {
        const records = batch.records()
        return {
          ...planned,
          actions: planned.actions.map((it, index) => (it === unchanged && records[index]!.includes(null) ? update : it)),
        }
      }),
    }),
  }),
  // does not write volatile fields
  "a commit does what was planned, and nothing else": brokenBy({
    commit: (session) => ({
      apply: (batch, planned) =>
        session.apply(
          withValues(batch, (values) =>
            values.map((value, position) => (batch.entity === Product && position === at(Product, "seen") ? undefined : value)),
          ),
          planned,
        ),
    }),
  }),
  // looks references up before anything is written
  "records may refer to records of the same commit": writing(Product, "maker", () => null),
}

const listingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // writes keys of several fields in its own way, and those of one as they are
  "the keys of the target are those of its records, written as the engine writes them": brokenBy({
    plan: (session, _, sink) => ({
      keys: (entity, limit) =>
        entity.key.length === 1
          ? session.keys!(entity, limit)
          : Effect.sync(() =>
              [...tableOf(sink, entity).values()]
                .map((values) => entity.keyPositions.map((position) => values[position]).join("/"))
                .slice(0, limit),
            ),
    }),
  }),
  // gives all there are
  "no more keys are given than were asked for": brokenBy({
    plan: (session) => ({ keys: (entity) => session.keys!(entity, Number.MAX_SAFE_INTEGER) }),
  }),
}

const conflictingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // writes what has no conflict
  "under abort a batch with a conflict writes nothing": brokenBy({
    commit: (session, context, sink) => ({
      apply: (batch, planned) =>
        Effect.tap(session.apply(batch, planned), ({ conflicts }) =>
          conflicts.length > 0 && context.onConflict === "abort" && context.transaction === "batched"
            ? Effect.scoped(
                Effect.flatMap(sink.commit({ ...context, job: "beside", onConflict: "skip" }), (other) =>
                  Effect.asVoid(other.apply(batch, planned)),
                ),
              )
            : Effect.void,
        ),
    }),
  }),
  // makes a record anew that somebody has removed
  "under skip conflicts are left out and the others written": brokenBy({
    commit: (session, context, sink) =>
      afterwards(session, context, (batch, _, { conflicts }) => {
        for (const { index } of conflicts) {
          const values = batch.records()[index]!
          const key = keyOf(batch.entity, values)
          if (!tableOf(sink, batch.entity).has(key)) tableOf(sink, batch.entity).set(key, values)
        }
      }),
  }),
  // creates with an upsert
  "a key that appeared after the plan is a conflict, and is not overwritten": brokenBy({
    commit: (session, context, sink) =>
      afterwards(session, context, (batch, planned, { conflicts }) => {
        for (const { index } of conflicts)
          if (planned.actions[index] === create)
            tableOf(sink, batch.entity).set(keyOf(batch.entity, batch.records()[index]!), batch.records()[index]!)
      }),
  }),
  // any key that is there is a conflict for a create
  "a record that is as planned already counts as written": brokenBy({
    commit: (session, _, sink) => ({
      apply: (batch, planned) =>
        Effect.suspend(() => {
          const there = [...planned.actions.keys()].filter(
            (index) =>
              planned.actions[index] === create && tableOf(sink, batch.entity).has(keyOf(batch.entity, batch.records()[index]!)),
          )
          return Effect.map(session.apply(batch, planned), ({ conflicts, outcomes }) => ({
            outcomes: outcomes.map((it, index) => (there.includes(index) ? Sink.outcome.conflict : it)),
            conflicts: [
              ...conflicts,
              ...there
                .filter((index) => outcomes[index] === Sink.outcome.created)
                .map((index) => ({ index, message: "the key is taken" })),
            ],
          }))
        }),
    }),
  }),
}

const shared = new WeakMap<MemorySink.MemorySink, Map<string, Sink.AppliedBatch>>()

const survivingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // writes record by record, up to the one that is refused
  "a batch is all or nothing": brokenBy({
    commit: (session, { transaction }, sink) => ({
      apply: (batch, planned) =>
        Effect.tapError(session.apply(batch, planned), ({ refused }) =>
          Effect.sync(() => {
            if (transaction === "atomic") return
            for (const values of batch.records().slice(0, refused?.index ?? 0))
              tableOf(sink, batch.entity).set(keyOf(batch.entity, values), values)
          }),
        ),
    }),
  }),
  // commits what it has when something fails
  "an atomic commit that the target refuses leaves nothing": brokenBy({
    commit: (session, { transaction }) =>
      transaction === "batched"
        ? {}
        : { apply: (batch, planned) => Effect.tapError(session.apply(batch, planned), () => session.complete) },
  }),
  // commits with the second batch of an entity, as some drivers do when a buffer is full
  "an atomic commit is nothing until it is complete": brokenBy({
    commit: (session, { transaction }) =>
      transaction === "batched"
        ? {}
        : {
            apply: (batch, planned) =>
              Effect.tap(session.apply(batch, planned), () => (batch.part === 1 ? session.complete : Effect.void)),
          },
  }),
  // keeps checkpoints without the job, where the feed owns all fields
  "the checkpoint has what is applied for good, of this job": brokenBy({
    commit: (session, context, sink) => {
      const all = shared.get(sink) ?? new Map<string, Sink.AppliedBatch>()
      shared.set(sink, all)
      return {
        ...afterwards(session, context, ({ entity, part }, _, applied) => {
          if (entity.ownership === undefined) all.set(`${entity.name}/${part}`, applied)
        }),
        checkpoint: new Map([...all, ...session.checkpoint]),
      }
    },
  }),
  // keeps that a batch is done, and not what became of its records
  "a commit that broke off is resumed, and ends as if it had not": brokenBy({
    commit: ({ checkpoint }) => ({
      checkpoint: new Map(
        [...checkpoint].map(([key, { outcomes }]) => [key, { outcomes: new Uint8Array(outcomes.length), conflicts: [] }]),
      ),
    }),
  }),
  // finds out when it writes
  "an older token is refused when a session is opened": brokenBy({
    sink: (sink) => ({
      commit: (context) =>
        Effect.catchTag(sink.commit(context), "SinkError", (error) =>
          Effect.succeed<Sink.CommitSession>({
            checkpoint: new Map(),
            apply: () => Effect.fail(error),
            complete: Effect.fail(error),
            verify: () => Stream.empty,
          }),
        ),
    }),
  }),
  // takes the job back
  "a worker whose job was taken over writes nothing more": brokenBy({
    commit: (session, context, sink) => ({
      apply: (batch, planned) =>
        Effect.catchIf(
          session.apply(batch, planned),
          ({ reason }) => reason === "Fenced",
          () =>
            Effect.scoped(
              Effect.flatMap(sink.commit({ ...context, token: context.token + 1 }), (other) => other.apply(batch, planned)),
            ),
        ),
    }),
  }),
}

const verifyingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // an absent field is expected to be empty, where the feed owns all of them
  "verification finds nothing where all is as it was written": brokenBy({
    commit: (session, _, sink) => ({
      verify: (entity, records) =>
        Stream.concat(
          session.verify(entity, records),
          Stream.flatMap(records, ({ batch }) =>
            Stream.fromIterable(
              batch.records().flatMap((values): ReadonlyArray<Sink.Mismatch> => {
                const key = keyOf(entity, values)
                const fields = entity.fields
                  .filter(
                    (__, position) =>
                      entity.ownership === undefined &&
                      values[position] === undefined &&
                      (tableOf(sink, entity).get(key)?.[position] ?? null) !== null,
                  )
                  .map(({ name }) => name)
                return fields.length > 0 ? [{ key, kind: "different", fields }] : []
              }),
            ),
          ),
        ),
    }),
  }),
  // looks at what is there
  "verification finds a record that was tampered with, and one that is missing": brokenBy({
    commit: (session) => ({
      verify: (entity, records) => Stream.filter(session.verify(entity, records), ({ kind }) => kind !== "missing"),
    }),
  }),
}

const probingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  "a probe leaves nothing": brokenBy({
    commit: (session) => ({ probe: (batch, planned) => Effect.asVoid(session.apply(batch, planned)) }),
  }),
  "a probe fails as its batch would, and only then": brokenBy({ commit: () => ({ probe: () => Effect.void }) }),
}

const undoingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // leaves what was created
  "an undo gives back what was there before": brokenBy({
    undo: (session, context, sink) =>
      afterReverting(session, context, (batch, planned, { outcomes }) => {
        for (const [index, values] of batch.records().entries())
          if (planned.actions[index] === create && outcomes[index] === Sink.undone.reversed)
            tableOf(sink, batch.entity).set(keyOf(batch.entity, values), values)
      }),
  }),
  // does not look whether a record was changed since
  "an undo keeps what somebody changed since, and says what": brokenBy({
    sink: (sink) => {
      let written = new Map<string, Entity.Values>()
      const undone = new Set<string>()
      return {
        commit: (context) =>
          Effect.map(sink.commit(context), (session) => ({
            ...session,
            complete: Effect.tap(session.complete, () =>
              Effect.sync(() => {
                written = new Map(tableOf(sink, Product))
              }),
            ),
          })),
        undo: (context) =>
          Effect.suspend(() => {
            if (!undone.has(context.job)) for (const [key, values] of written) tableOf(sink, Product).set(key, values)
            undone.add(context.job)
            return sink.undo!(context)
          }),
      }
    },
  }),
  // deletes what others refer to, and says that it did not
  "an undo keeps what something else refers to now": brokenBy({
    undo: (session, context, sink) =>
      afterReverting(session, context, (batch, _, { left }) => {
        for (const { index, kind } of left)
          if (kind === "referenced") tableOf(sink, batch.entity).delete(keyOf(batch.entity, batch.records()[index]!))
      }),
  }),
  // keeps no checkpoints
  "an undo that broke off is resumed, and one done twice does no harm": brokenBy({ undo: () => ({ checkpoint: new Map() }) }),
  "a preview of an undo changes nothing": brokenBy({
    sink: (sink) => ({ undo: (context) => sink.undo!({ ...context, preview: false }) }),
  }),
  "an undo with an older token is refused": brokenBy({
    sink: (sink) => ({ undo: (context) => sink.undo!({ ...context, token: 1_000 }) }),
  }),
}

const forgettingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // tells, and removes nothing
  "what is kept of a job is told, and goes when it is forgotten": brokenBy({
    sink: (sink) => ({ forget: (context) => sink.forget!({ ...context, preview: true }) }),
  }),
  // takes one id for the beginning of another
  "what is kept of other jobs stays when one is forgotten": brokenBy({
    sink: (sink) => ({
      forget: ({ jobs, preview }) =>
        sink.forget!({ jobs, preview }).pipe(
          Effect.tap(sink.forget!({ jobs: preview ? [] : jobs.map((job) => `${job}2`), preview })),
        ),
    }),
  }),
}

const removingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  // looks at all there is
  "what is missing is found by its key, in its scope": brokenBy({
    plan: (session) => ({ missing: (entity, _, has, to) => session.missing!(entity, [], has, to) }),
  }),
  // empties the table with the second batch
  "a deletion that was planned is done, and no other": brokenBy({
    commit: (session, context, sink) =>
      afterwards(session, context, ({ entity, part }, planned) => {
        if (Plan.isDeletion(planned) && part === 1) tableOf(sink, entity).clear()
      }),
  }),
  // does not look whether a record is what the plan saw
  "a record that changed since the plan is not deleted": brokenBy({
    commit: (session, context, sink) =>
      afterwards(session, context, (batch, planned, { conflicts }) => {
        if (!Plan.isDeletion(planned)) return
        for (const { index } of conflicts) tableOf(sink, batch.entity).delete(keyOf(batch.entity, batch.records()[index]!))
      }),
  }),
  // wants to delete it itself
  "a record that is gone already counts as deleted": brokenBy({
    commit: (session, _, sink) => ({
      apply: (batch, planned) =>
        Effect.suspend(() => {
          const gone = (planned.deletions ?? [])
            .map(({ index }) => index)
            .filter((index) => !tableOf(sink, batch.entity).has(keyOf(batch.entity, batch.records()[index]!)))
          return Effect.map(session.apply(batch, planned), ({ conflicts, outcomes }) => ({
            outcomes: outcomes.map((it, index) => (gone.includes(index) ? Sink.outcome.conflict : it)),
            conflicts: [...conflicts, ...gone.map((index) => ({ index, message: "it is not there" }))],
          }))
        }),
    }),
  }),
  // does not look who refers to it
  "a record that something else refers to is not deleted": brokenBy({
    commit: (session) => ({
      apply: (batch, planned) =>
        Effect.catchIf(
          session.apply(batch, planned),
          ({ code }) => code === "referenced",
          () => Effect.succeed({ outcomes: new Uint8Array(batch.count).fill(Sink.outcome.deleted), conflicts: [] }),
        ),
    }),
  }),
  "verification finds a record that was deleted and is there": brokenBy({
    commit: (session) => ({
      verify: (entity, records) => Stream.filter(session.verify(entity, records), ({ kind }) => kind !== "present"),
    }),
  }),
  // keeps no records that it deletes
  "an undo puts back what was deleted, and keeps what somebody has made since": brokenBy({
    undo: (session, context, sink) =>
      afterReverting(session, context, (batch, planned, { outcomes }) => {
        for (const { index } of planned.deletions ?? [])
          if (outcomes[index] === Sink.undone.reversed)
            tableOf(sink, batch.entity).delete(keyOf(batch.entity, batch.records()[index]!))
      }),
  }),
}

const holdingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  "values of kind text are held exactly, or refused": writing(Value, "text", (text: string) => text.slice(0, 255)),
  "values of kind integer are held exactly, or refused": writing(Value, "integer", (value: number) => value | 0),
  "values of kind bigint are held exactly, or refused": writing(Value, "bigint", (digits: string) =>
    String(BigInt(Number(digits))),
  ),
  "values of kind number are held exactly, or refused": writing(Value, "number", Math.fround),
  "values of kind decimal are held exactly, or refused": writing(Value, "decimal", (text: string) => String(Number(text))),
  "values of kind boolean are held exactly, or refused": writing(Value, "boolean", () => true),
  "values of kind date are held exactly, or refused": writing(Value, "date", (date: string) => date.replace(/^00/, "19")),
  "values of kind timestamp are held exactly, or refused": writing(Value, "timestamp", (moment: string) =>
    moment.replace(/(\.\d{3})\d+Z$/, "$1Z"),
  ),
  "values of kind json are held exactly, or refused": writing(Value, "json", withoutNulls),
  // keys without regard to case
  "keys that look alike are keys apart": writing(Maker, "slug", (slug: string) => slug.toLowerCase()),
  "what is said of a value that cannot be held names its field": brokenBy(
    {
      sink: () => ({
        unholdable: (entity, values) => {
          const value = values[at(Value, "text")]
          return entity === Value && typeof value === "string" && !value.isWellFormed()
            ? [{ code: "text", column: "record", message: "it is no valid Unicode", value }]
            : []
        },
      }),
    },
    { unholdable: ["text: half of a surrogate pair", "text: the other half"] },
  ),
}

const secret = "s3cr3t"
const gone = (reason: Sink.Reason, message: string): SinkSuite.Harness["broken"] => {
  const error = Effect.fail(new Sink.SinkError({ reason, message, isRetryable: true }))
  return { secret, open: Effect.succeed({ kind: "memory", target: "db.example/shop", plan: () => error, commit: () => error }) }
}

/** A harness with a target that is not there, and no fault. */
export const goneMemory: SinkSuite.Harness = brokenBy({}, { broken: gone("Unreachable", "db.example refused the connection") })

const tellingSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  "what was declared of the sink is so": brokenBy(
    {},
    {
      can: {
        atomic: true,
        batched: true,
        undo: true,
        probe: "it is not offered, they say",
        mirror: true,
        keepEdits: true,
        keys: true,
        refuse: true,
      },
    },
  ),
  "a target that is not there is a SinkError with its reason": brokenBy({}, { broken: gone("Unknown", "oops") }),
  "no secret is told": brokenBy(
    {},
    { broken: gone("Unreachable", `cannot connect to postgres://ann:${secret}@db.example/shop`) },
  ),
}

/** By the name of the law that it breaks. */
export const brokenSinks: Readonly<Record<string, SinkSuite.Harness>> = {
  ...planningSinks,
  ...listingSinks,
  ...conflictingSinks,
  ...survivingSinks,
  ...verifyingSinks,
  ...probingSinks,
  ...undoingSinks,
  ...removingSinks,
  ...forgettingSinks,
  ...owningSinks,
  ...holdingSinks,
  ...tellingSinks,
}
