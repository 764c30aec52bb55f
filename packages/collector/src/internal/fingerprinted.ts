/**
 * A source of one file that is known by its content: it has the file's hash where its own source gives none, and is not read to its end when the file
 * changed meanwhile.
 */
import { Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import { hashOf } from "./moving.ts"
import { codeOf } from "./print.ts"
import type { Settling } from "./Settling.ts"
import type { Found } from "./walk.ts"

const unreadable =
  ({ name }: Found) =>
  (cause: unknown): Source.SourceError =>
    new Source.SourceError({
      reason: codeOf(cause) === "ENOENT" ? "NotFound" : "Refused",
      message: `${name} cannot be read: ${(cause as Error).message}`,
      isRetryable: false,
      cause,
    })

/** See the file's first sentence. */
export const fingerprinted = <R>(file: Found, source: Source.Source<R>, settling: Settling): Source.Source<R> => {
  // what was read is what was hashed only where nobody wrote to it in between
  const unchanged = Effect.tryPromise({ try: () => settling.isWhatItWas(file), catch: unreadable(file) }).pipe(
    Effect.filterOrFail(
      (is) => is,
      () =>
        new Source.SourceError({
          reason: "Refused",
          message: `${file.name} changed while it was read; nothing of it was imported`,
          isRetryable: false,
        }),
    ),
  )
  return {
    ...source,
    identify: Effect.gen(function* () {
      const sha256 = yield* Effect.tryPromise({
        try: () => settling.remember(file, () => hashOf(file.path)),
        catch: unreadable(file),
      })
      const identity = yield* source.identify
      const { bytes, name } = file
      return { ...identity, sha256: identity.sha256 ?? sha256, details: { ...identity.details, file: { name, sha256, bytes } } }
    }),
    read: (from) => Stream.concat(source.read(from), Stream.drain(Stream.fromEffect(unchanged))),
  }
}
