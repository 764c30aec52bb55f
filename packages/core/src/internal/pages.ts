/**
 * All pages of a source, with failed reads repeated from behind the last page that was taken.
 */
import { Effect, Stream } from "effect"
import type { Import } from "../Import.ts"
import type { Cursor, Page, Source, SourceError } from "../Source.ts"
import { isRetryable, retrying } from "./worldError.ts"

/** Hands every page behind `from` to `take`, in order, each once. */
export const readAll = <E, R>(
  definition: Import,
  source: Source<R>,
  take: (page: Page) => Effect.Effect<void, E>,
  from: Cursor | null = null,
): Effect.Effect<void, E | SourceError, R> => {
  let cursor = from
  let progressed = false
  const once = Effect.suspend(() => {
    progressed = false
    return source.read(cursor).pipe(
      Stream.rechunk(1),
      Stream.runForEach((page) =>
        Effect.map(take(page), () => {
          cursor = page.cursor
          progressed = true
        }),
      ),
    )
  })
  // the schedule starts afresh whenever pages came in between: five failures in a thousand pages are no reason to give up
  const round: Effect.Effect<void, E | SourceError | Again<E>, R> = retrying(definition.retry)(
    Effect.mapError(once, (error): E | SourceError | Again<E> => (progressed && isRetryable(error) ? new Again(error) : error)),
  )
  const rounds: Effect.Effect<void, E | SourceError, R> = Effect.catch(round, (error) =>
    error instanceof Again
      ? Effect.andThen(
          waitOnce(definition, error.error),
          Effect.suspend(() => rounds),
        )
      : Effect.fail(error),
  )
  return rounds
}

// an error after pages that were taken: it ends the round, and the next one starts with a fresh schedule
class Again<E> {
  constructor(readonly error: E | SourceError) {}
}

// the first wait of the schedule, or the error itself where the schedule allows no repetition
const waitOnce = <E>(definition: Import, error: E): Effect.Effect<void, E> => {
  let first = true
  return retrying(definition.retry)(
    Effect.suspend(() => {
      if (!first) return Effect.void
      first = false
      return Effect.fail(error)
    }),
  )
}
