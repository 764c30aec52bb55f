/**
 * The first act: charging stations from Open Charge Map into MongoDB.
 */

import { application } from "@waybill-examples/poi-import"
import type { OcmServer } from "@waybill-internal/ocm-server"
import { Effect, type Scope } from "effect"
import { MongoClient } from "mongodb"
import { command, expect, heading, lastJob, type Program, say, type Unexpected } from "./Stage.ts"
import type { Database } from "./servers.ts"

const stored = (database: Database): Effect.Effect<number> =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Effect.acquireRelease(
        Effect.promise(() => MongoClient.connect(database.url)),
        (it) => Effect.promise(() => it.close()),
      )
      return yield* Effect.promise(() => client.db(database.name).collection("stations").countDocuments())
    }),
  )

/** See the file's first sentence. */
export const stations = (database: Database, server: OcmServer, folder: string): Effect.Effect<void, Unexpected, Scope.Scope> =>
  Effect.gen(function* () {
    const program: Program = {
      typed: "node examples/poi-import/dist/main.js",
      application,
      environment: {
        OCM_BASE_URL: server.url,
        OCM_API_KEY: server.key,
        MONGO_URI: database.url,
        IMPORT_PAGE_SIZE: "50",
        IMPORT_FOLDER: folder,
      },
    }
    const all = server.stations.ascending()
    const total = all.length
    yield* heading("Charging stations: Open Charge Map → MongoDB")

    const [first, broken] = all as [(typeof all)[number], (typeof all)[number]]
    server.edit(broken.ID, { AddressInfo: { Latitude: 938.7 } })
    server.schedule({ kind: "status", status: 503, retryAfter: 1 })
    yield* say(
      `The server has ${total} stations. To make it harder, station ${broken.ID} now lies at latitude 938.7, and the first request`,
      "is answered with 503 and “Retry-After: 1”. A validation reads everything, and writes nothing to the database:",
    )
    yield* command(program, ["validate"], 2)
    const preview = yield* lastJob(program)
    yield* expect("stations in the preview", preview.counts.created, total - 1)
    yield* expect("rejected stations", preview.counts.rejected, 1)
    yield* expect("stations in the database after the preview", yield* stored(database), 0)

    yield* say("The preview is sealed with the data it was made from. Committing it needs no source any more:")
    yield* command(program, ["commit", preview.id], 2)
    const done = yield* lastJob(program)
    yield* expect("preview and commit", done.counts.entities, preview.counts.entities)
    yield* expect("the status of the job", done.status, "partial")
    const count = yield* stored(database)
    yield* expect("stations in the database", count, total - 1)
    yield* say(
      `Every station was read back and compared. The database, asked directly, has ${count} documents; the broken station is left out.`,
    )

    const { Latitude } = broken["AddressInfo"] as { readonly Latitude: number }
    const { Title } = first["AddressInfo"] as { readonly Title: string }
    server.edit(broken.ID, { AddressInfo: { Latitude } })
    server.edit(first.ID, { AddressInfo: { Title: `${Title} (renamed)` } })
    yield* say(
      "Now somebody repairs the broken station at the source, and renames another. The next run, unattended, finds these two and nothing else:",
    )
    yield* command(program, ["run"])
    const second = yield* lastJob(program)
    const { created, unchanged, updated } = second.counts
    yield* expect("the second run", { created, updated, unchanged }, { created: 1, updated: 1, unchanged: total - 2 })
    yield* command(program, ["changes", second.id])

    yield* say(
      "That run was a success, so the next one starts from its bookmark: the server is asked only for what was updated since, less a quarter of an",
      "hour. Nothing was, and what is read again is unchanged:",
    )
    yield* command(program, ["run"])
    const third = yield* lastJob(program)
    yield* expect("the job that the third run goes on from", third.bookmark?.after, second.id)
    yield* expect("its changes", third.counts.created + third.counts.updated, 0)
    yield* expect("that it read less than all", third.counts.processed < total, true)

    yield* say("And once more, with all of it:")
    yield* command(program, ["run", "--full"])
    const fourth = yield* lastJob(program)
    yield* expect("unchanged stations in the fourth run", fourth.counts.unchanged, total)
    yield* expect("stations in the database in the end", yield* stored(database), total)
  })
