/**
 * The demo: both example imports from the first preview to the second run, against real databases, with every number checked.
 */
import { Cli, Host } from "@waybill/cli"
import { Clock, Effect } from "effect"
import { heading, say } from "./Stage.ts"
import { folder, mongo, openChargeMap, postgres } from "./servers.ts"
import { shop } from "./shop.ts"
import { stations } from "./stations.ts"

const host = Host.node()

const demo = Effect.gen(function* () {
  const started = yield* Clock.currentTimeMillis
  yield* say(
    "Waybill imports data in two steps: validating yields a sealed plan, and committing does exactly what that plan says.",
    "This shows two imports as you would run them. Starting servers; all of them, and all files, are gone afterwards.",
  )
  const [shopDatabase, stationDatabase, ocm, files] = yield* Effect.all([postgres, mongo, openChargeMap, folder], {
    concurrency: "unbounded",
  })
  yield* say(shopDatabase.description, stationDatabase.description, ocm.description)
  yield* stations(stationDatabase, ocm.server, `${files}/stations`)
  yield* shop(shopDatabase, files)
  const took = (yield* Clock.currentTimeMillis) - started
  yield* heading("That is all")
  yield* say(`Every number above was checked against the databases. It took ${(took / 1_000).toFixed(0)} s.`)
  return 0
}).pipe(
  Effect.scoped,
  Effect.catchTag("Unexpected", ({ message }) =>
    Effect.sync(() => {
      host.err(`\nThe demo is not as told: ${message}\n`)
      return 1
    }),
  ),
)

Cli.runProcess(demo, host)
