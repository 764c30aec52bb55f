/**
 * `html`: a job as one page, for a browser or a mail.
 */
import { randomBytes } from "node:crypto"
import { open, rename, rm } from "node:fs/promises"
import { HtmlReport } from "@waybill/core/report"
import { Data, Effect, Stream } from "effect"
import { type Command, exitCodes, getJob, typedJob } from "../Command.ts"

/** The page could not be written. */
class NotWritten extends Data.TaggedError("NotWritten")<{ readonly message: string }> {}

// nobody finds half a page under the name that was typed
const written = <E, R>(parts: Stream.Stream<string, E, R>, path: string) => {
  const attempt = <A>(run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) =>
        new NotWritten({ message: `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}` }),
    })
  return Effect.suspend(() => {
    const beside = `${path}.${randomBytes(6).toString("hex")}.part`
    return Effect.acquireUseRelease(
      attempt(() => open(beside, "wx")),
      (file) => Stream.runForEachArray(parts, (some) => attempt(() => file.writeFile(some.join("")))),
      (file, exit) =>
        Effect.andThen(
          attempt(() => file.close()),
          attempt(() => (exit._tag === "Success" ? rename(beside, path) : rm(beside))),
        ),
    )
  })
}

/** Writes the page. */
export const html: Command = {
  name: "html",
  takes: "job",
  help: "write a job as one page of HTML: figures, charts, issues and changes",
  options: [{ name: "out", value: "FILE", help: "where to write it; the job's id with .html by default" }],
  run: (context) =>
    Effect.gen(function* () {
      const job = yield* getJob(yield* typedJob(context))
      const path = context.typed.values.get("out") ?? `${job.id}.html`
      yield* written(HtmlReport.html(job.id), path)
      yield* context.host.out(context.json ? `${JSON.stringify({ job: job.id, file: path })}\n` : `${path} is written.\n`)
      return exitCodes.success
    }),
}
