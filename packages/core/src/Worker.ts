/**
 * A worker is a process that validates and commits: its name, and how long a job stays its own when nothing is heard of it.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import { Context, Duration } from "effect"

/**
 * Who works. It has a default: the host's name, the process and chance, and a lease of a minute. A worker renews its lease every third of
 * it, so the clocks of the workers of one job store must not differ by more than a third.
 */
export const Worker: Context.Reference<{
  /** Unique among all workers; shown to people. */
  readonly name: string
  /** How long a job that this worker has taken is nobody else's, after its last sign of life. */
  readonly lease: Duration.Duration
}> = Context.Reference("@waybill/core/Worker", {
  defaultValue: () => ({
    name: `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`,
    lease: Duration.seconds(60),
  }),
})
