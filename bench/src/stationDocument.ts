/**
 * What a station becomes in MongoDB, and the collection it goes into; the same for all contenders.
 *
 * @module
 */
import type { Db } from "mongodb"
import type { StationRow } from "./stationRows.ts"

/** The collection. */
export const stationCollection = "stations"

/** A station's fields, with moments as ISO text. */
export const stationOf = (row: StationRow) => ({
  externalId: String(row.ID),
  title: row.AddressInfo.Title,
  operator: row.OperatorInfo?.Title ?? null,
  operational: row.StatusType.IsOperational,
  cost: row.UsageCost,
  location: { type: "Point", coordinates: [row.AddressInfo.Longitude, row.AddressInfo.Latitude] },
  address: {
    line: row.AddressInfo.AddressLine1,
    town: row.AddressInfo.Town,
    postcode: row.AddressInfo.Postcode,
    country: row.AddressInfo.Country.ISOCode,
  },
  connections: row.Connections.map((connection) => ({
    id: connection.ID,
    type: connection.ConnectionType.FormalName,
    powerKw: connection.PowerKW,
    quantity: connection.Quantity,
  })),
  maxPowerKw: row.Connections.reduce((most, connection) => Math.max(most, connection.PowerKW), 0),
  verifiedAt: row.DateLastVerified,
})

/** A station's document: the same fields, with moments as dates. */
export const stationDocument = (row: StationRow) => {
  const station = stationOf(row)
  return { ...station, verifiedAt: new Date(station.verifiedAt) }
}

/** Makes the collection anew and empty, with its unique key and its index over places. */
export const createStationCollection = async (database: Db): Promise<void> => {
  await database.collection(stationCollection).drop()
  const collection = await database.createCollection(stationCollection)
  await collection.createIndex({ externalId: 1 }, { unique: true })
  await collection.createIndex({ location: "2dsphere" })
}
