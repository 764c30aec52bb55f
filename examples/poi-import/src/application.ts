/** The application: the import with its source, and the layers it stands on. */
import * as path from "node:path"
import type { Entry } from "@waybill/cli"
import { Source } from "@waybill/core"
import { FileJobStore, FileSnapshotStore } from "@waybill/core/file"
import { OcmSource } from "@waybill/source-ocm"
import { Effect, Layer } from "effect"
import { Database } from "./Database.ts"
import { Settings } from "./Settings.ts"
import { stationImport, stationSink } from "./stationImport.ts"

const openSource = Effect.map(Settings, ({ apiKey, baseUrl, countryCode, maxPages, pageSize, timeoutMs }) =>
  OcmSource.make({ apiKey, baseUrl, maxPages, pageSize, timeout: timeoutMs, ...(countryCode === null ? {} : { countryCode }) }),
)

// the settings are known when the source is read
const source = Source.unwrap("ocm", openSource)

const stores = Layer.unwrap(
  Effect.map(Settings, ({ folder }) =>
    Layer.merge(FileJobStore.layer(path.join(folder, "jobs")), FileSnapshotStore.layer(path.join(folder, "snapshots"))),
  ),
)

const stations: Entry.Entry<OcmSource.Http | Settings | Database> = {
  description: "charging stations from Open Charge Map into MongoDB",
  definition: Effect.map(Database, (db) => stationImport(stationSink(db))),
  source: () => source,
}

/** What the command line runs. */
export const application = {
  imports: { stations },
  layer: Layer.mergeAll(stores, Database.layer, OcmSource.layerFetch).pipe(Layer.provideMerge(Settings.layer)),
}
