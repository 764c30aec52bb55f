/** The import: every station that Open Charge Map gives becomes one document of the collection `stations`. */
import { Entity, Import, type Sink } from "@waybill/core"
import { MongoSink } from "@waybill/sink-mongo"
import { Station as OcmStation, Poi } from "@waybill/source-ocm"
import type { Db } from "mongodb"

/** A charging station; its key is `externalId`, such as `ocm:5326`. */
export const Station = Entity.make("station", { schema: OcmStation.fields, key: "externalId" })

/** The sink: the collection `stations`, searchable by place. */
export const stationSink = (db: Db): Sink.Sink =>
  MongoSink.make({ db, collections: { station: { name: "stations", indexes: [{ key: { location: "2dsphere" } }] } } })

/**
 * The import into a sink. Stations that are not in order are left out and counted; one that somebody has edited in the database since
 * the validation is left as it is, and the others are written.
 */
export const stationImport = (sink: Sink.Sink): Import.Import =>
  Import.make({
    name: "stations",
    row: Poi.Poi,
    entities: [Station],
    map: (poi) => [Station.of(OcmStation.fromPoi(poi))],
    rules: OcmStation.coordinates,
    sink,
    allowPartial: true,
    onConflict: "skip",
  })
