/**
 * The laws of stores in a database, which many workers share: besides those that all stores keep, for stores of their own on one place,
 * with much data, and with texts that databases stumble over. A store's test gives each law a way to open stores on a place of its own:
 *
 * `for (const { check, name } of SharedStoreSuite.jobStoreLaws) test(name, () => Effect.runPromise(check(open)))`
 *
 * @module
 */
export { decisionStoreLaws, type OpenDecisions } from "./sharedStore/decisions.ts"
export { jobStoreLaws, type OpenJobs } from "./sharedStore/jobs.ts"
export type { SharedLaw } from "./sharedStore/SharedLaw.ts"
export { noise, type OpenSnapshots, snapshotStoreLaws } from "./sharedStore/snapshots.ts"
