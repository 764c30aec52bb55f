/**
 * What the global setup hands to the test files through vitest's `provide` and `inject`.
 *
 * @module
 */

/** For each kind of server either its URL, or why there is none. */
export interface ProvidedDatabases {
  readonly postgresUrl: string | null
  readonly mongoUrl: string | null
  /** Why there is no PostgreSQL; `null` when there is one. */
  readonly postgresReason: string | null
  /** Why there is no MongoDB; `null` when there is one. */
  readonly mongoReason: string | null
}

/** What all test files of a run have in common. */
export interface ProvidedRun {
  /** The seed that vitest prints as it begins; `--sequence.seed` repeats it. */
  readonly runSeed: number
}

declare module "vitest" {
  export interface ProvidedContext extends ProvidedDatabases, ProvidedRun {}
}
