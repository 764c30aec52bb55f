/** Collects a folder of documents: `node dist/main.js`; the environment says which, and where they go. */
import { Collected } from "@waybill/collector"
import { Effect, Logger } from "effect"
import { collect } from "./application.ts"
import { read } from "./Settings.ts"

const program = Effect.try({ try: () => read(process.env), catch: (cause) => cause as Error }).pipe(
  Effect.flatMap(collect),
  Effect.match({
    onFailure: (error) => {
      process.stderr.write(`${error.message}\n`)
      return 1
    },
    onSuccess: (collected) => {
      process.stdout.write(Collected.report(collected))
      return collected.job === null || collected.job.status === "success" ? 0 : 2
    },
  }),
  Effect.provide(Logger.layer([])),
)

process.exitCode = await Effect.runPromise(program)
