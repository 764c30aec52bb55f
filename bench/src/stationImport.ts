/**
 * The stations as a Waybill import: nested JSON rows, mapped to one entity by a function.
 *
 * @module
 */
import { Entity, Field, Import, type Sink } from "@waybill/core"
import { Schema } from "effect"
// compiles nested schemas to code, as any application can choose to; rows of plain cells need no such thing
import "effect/schema/SchemaJITCompiler/enable"
import { stationOf } from "./stationDocument.ts"

const Titled = Schema.Struct({ Title: Schema.String })

const Row = Schema.Struct({
  ID: Schema.Int,
  AddressInfo: Schema.Struct({
    Title: Schema.String,
    AddressLine1: Schema.String,
    Town: Schema.String,
    Postcode: Schema.NullOr(Schema.String),
    Country: Schema.Struct({ ISOCode: Schema.String }),
    Latitude: Schema.Finite.check(Schema.isBetween({ minimum: -90, maximum: 90 })),
    Longitude: Schema.Finite.check(Schema.isBetween({ minimum: -180, maximum: 180 })),
  }),
  OperatorInfo: Schema.NullOr(Titled),
  StatusType: Schema.Struct({ IsOperational: Schema.Boolean }),
  UsageCost: Schema.NullOr(Schema.String),
  Connections: Schema.Array(
    Schema.Struct({
      ID: Schema.Int,
      ConnectionType: Schema.Struct({ FormalName: Schema.String }),
      PowerKW: Schema.Finite,
      Quantity: Schema.Int,
    }),
  ),
  DateLastVerified: Schema.String,
})

/** A station; its fields are those of the documents. */
export const Station = Entity.make("station", {
  schema: {
    externalId: Field.text(),
    title: Field.text(),
    operator: Field.nullable(Field.text()),
    operational: Field.boolean(),
    cost: Field.nullable(Field.text()),
    location: Field.json(),
    address: Field.json(),
    connections: Field.json(),
    maxPowerKw: Field.number(),
    verifiedAt: Field.timestamp(),
  },
  key: "externalId",
})

/** The import into a sink. */
export const stationImport = (sink: Sink.Sink): Import.Import =>
  Import.make({
    name: "stations",
    row: Row,
    entities: [Station],
    map: (row) => [Station.of(stationOf(row))],
    sink,
    allowPartial: true,
    // the others write batch by batch too
    transaction: "batched",
  })
