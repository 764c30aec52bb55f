/**
 * Which laws of a list are broken.
 */
import type { Law } from "@waybill/core/testing"
import { Effect, Exit } from "effect"

/** The names of the laws whose check fails. */
export const brokenOf = <R>(
  laws: ReadonlyArray<Law<R>>,
  run: (check: Effect.Effect<void, unknown, R>) => Effect.Effect<void, unknown>,
) =>
  Effect.runPromise(
    Effect.map(
      Effect.forEach(laws, ({ check, name }) =>
        Effect.map(Effect.exit(run(check)), (exit) => (Exit.isFailure(exit) ? [name] : [])),
      ),
      (names) => names.flat(),
    ),
  )
