/**
 * Where a report goes when it goes into a file.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { open, rename, unlink } from "node:fs/promises"
import { Effect, Stream } from "effect"
import { ReportError } from "./ReportError.ts"

/**
 * Writes bytes to a file. They go into a file beside it first, which takes its place when all is written: whoever looks at the path sees the
 * whole of the report, or what was there before. A path that cannot be written is `Output`.
 */
export const toFile = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, path: string): Effect.Effect<void, E | ReportError, R> => {
  const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, ReportError> =>
    Effect.tryPromise({
      try: run,
      catch: (cause) =>
        new ReportError({
          reason: "Output",
          message: `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause,
        }),
    })
  return Effect.suspend(() => {
    const beside = `${path}.${randomBytes(6).toString("hex")}.part`
    return Effect.acquireUseRelease(
      attempt(() => open(beside, "wx")),
      (file) =>
        Stream.runForEach(bytes, (some) => attempt(() => file.writeFile(some))).pipe(
          Effect.andThen(attempt(() => file.sync())),
          Effect.andThen(attempt(() => file.close())),
          Effect.andThen(attempt(() => rename(beside, path))),
        ),
      (file, exit) =>
        Effect.promise(async () => {
          if (exit._tag === "Success") return
          await file.close().catch(() => {})
          await unlink(beside).catch(() => {})
        }),
    )
  })
}
