/**
 * The contracts of core with every call on a wire: stores and sinks that can fail at any one of them.
 *
 * @module
 */
import type { JobStore, Sink, SnapshotStore } from "@waybill/core"
import { Effect } from "effect"
import type { Wire } from "./Fault.ts"

/** A job store whose every call is counted. */
export const jobStore = (store: JobStore.JobStore["Service"], { call }: Wire): JobStore.JobStore["Service"] => ({
  create: (job) => call("jobs.create", store.create(job)),
  get: (id) => call("jobs.get", store.get(id)),
  save: (job, issues) => call("jobs.save", store.save(job, issues)),
  find: (query) => call("jobs.find", store.find(query)),
  issues: (id, page) => call("jobs.issues", store.issues(id, page)),
})

/** A snapshot store whose every call is counted. */
export const snapshotStore = (
  store: SnapshotStore.SnapshotStore["Service"],
  { call }: Wire,
): SnapshotStore.SnapshotStore["Service"] => ({
  ...store,
  put: (job, name, bytes) => call("parts.put", store.put(job, name, bytes)),
  get: (job, name) => call("parts.get", store.get(job, name)),
  list: (job) => call("parts.list", store.list(job)),
  remove: (job, name) => call("parts.remove", store.remove(job, name)),
})

const planSession = (session: Sink.PlanSession, { call, stream }: Wire): Sink.PlanSession => ({
  transaction: session.transaction,
  ...(session.face === undefined ? {} : { face: session.face }),
  existing: (entity, keys) => call("plan.existing", session.existing(entity, keys)),
  ...(session.missing === undefined
    ? {}
    : {
        missing: (entity, scope, has, to) =>
          Effect.map(call("plan.missing", session.missing!(entity, scope, has, to)), ({ inScope, records }) => ({
            inScope,
            records: stream("plan.missing.records", records),
          })),
      }),
  stage: (batch) => call("plan.stage", session.stage(batch)),
  plan: (entity, batches) => stream("plan.plan", session.plan(entity, batches)),
})

// sessions are objects of classes in part: their members are named here, one by one
const commitSession = (session: Sink.CommitSession, { call, stream }: Wire): Sink.CommitSession => ({
  checkpoint: session.checkpoint,
  ...(session.prepare === undefined ? {} : { prepare: session.prepare }),
  ...(session.probe === undefined ? {} : { probe: (batch, planned) => call("commit.probe", session.probe!(batch, planned)) }),
  apply: (batch, planned) => call("commit.apply", session.apply(batch, planned)),
  complete: call("commit.complete", session.complete),
  verify: (entity, records) => stream("commit.verify", session.verify(entity, records)),
})

const undoSession = (session: Sink.UndoSession, { call }: Wire): Sink.UndoSession => ({
  checkpoint: session.checkpoint,
  revert: (batch, planned) => call("undo.revert", session.revert(batch, planned)),
  complete: call("undo.complete", session.complete),
})

/** A sink whose every call is counted, and every call of its sessions. */
export const sink = (inner: Sink.Sink, wire: Wire): Sink.Sink => ({
  ...inner,
  plan: (context) => Effect.map(wire.call("plan.open", inner.plan(context)), (session) => planSession(session, wire)),
  commit: (context) => Effect.map(wire.call("commit.open", inner.commit(context)), (session) => commitSession(session, wire)),
  ...(inner.undo === undefined
    ? {}
    : {
        undo: (context) => Effect.map(wire.call("undo.open", inner.undo!(context)), (session) => undoSession(session, wire)),
      }),
})
