/**
 * A job for tests, and a law about a job store.
 */
import { Effect } from "effect"
import type { Job } from "../../Job.ts"
import { JobStore, type JobStoreError } from "../../JobStore.ts"
import * as Summary from "../../Summary.ts"
import type { Law } from "../Law.ts"

/** A job for tests; what is given takes the place of the rest. */
export const job = (id: string, changes: Partial<Job> = {}): Job => ({
  id,
  import: "products",
  revision: 1,
  definition: "d".repeat(64),
  status: "validating",
  mode: "strict",
  startedBy: "ann",
  createdAt: "2024-02-29T10:30:00.000Z",
  updatedAt: "2024-02-29T10:30:00.000Z",
  source: { kind: "csv", name: "prices.csv", sha256: "a".repeat(64), bytes: 100, details: {} },
  target: "memory",
  attempt: 1,
  cursor: null,
  bookmark: null,
  snapshot: null,
  plan: null,
  transaction: null,
  counts: Summary.empty,
  timings: {},
  failure: null,
  earlier: null,
  token: 0,
  lease: null,
  request: null,
  purged: null,
  undo: null,
  parent: null,
  partition: null,
  partitions: null,
  version: 0,
  ...changes,
})

/** A law over a store. */
export const law = (name: string, check: (store: JobStore["Service"]) => Effect.Effect<void, JobStoreError>): Law<JobStore> => ({
  name,
  check: Effect.flatMap(JobStore, check),
})
