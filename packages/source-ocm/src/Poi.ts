/**
 * A POI as the API gives it in its verbose form: the members that imports use, each as lenient as real data is.
 *
 * Every member but the ID and the place may be null or absent (the server leaves nulls out when it is asked to), 0 is an ordinary ID
 * ("Unknown"), and members that are not named here are passed over. What must hold is only what a station cannot do without: an ID,
 * and coordinates that are numbers. Shape after the OpenAPI description (openchargemap/ocm-docs, `POI`).
 *
 * @module
 */
import { Schema } from "effect"

const maybe = <S extends Schema.Constraint>(schema: S): Schema.optionalKey<Schema.NullOr<S>> =>
  Schema.optionalKey(Schema.NullOr(schema))

const text = maybe(Schema.String)
const id = maybe(Schema.Int)
const number = maybe(Schema.Finite)
const boolean = maybe(Schema.Boolean)

const Named = { ID: id, Title: text } as const

/** Where the data of a station come from, and under which licence. */
export const DataProvider = Schema.Struct({
  ...Named,
  WebsiteURL: text,
  License: text,
  IsOpenDataLicensed: boolean,
})

/** Who runs a station. */
export const OperatorInfo = Schema.Struct({ ...Named, WebsiteURL: text })

/** Who may use a station, and how. */
export const UsageType = Schema.Struct({
  ...Named,
  IsPayAtLocation: boolean,
  IsMembershipRequired: boolean,
  IsAccessKeyRequired: boolean,
})

/** Whether a station works. */
export const StatusType = Schema.Struct({ ...Named, IsOperational: boolean })

/** A country. */
export const Country = Schema.Struct({ ...Named, ISOCode: text })

/** Where a station is. `Distance` and `DistanceUnit` go by the query and are left out. */
export const AddressInfo = Schema.Struct({
  ID: id,
  Title: text,
  AddressLine1: text,
  AddressLine2: text,
  Town: text,
  StateOrProvince: text,
  Postcode: text,
  CountryID: id,
  Country: maybe(Country),
  Latitude: Schema.Finite,
  Longitude: Schema.Finite,
  ContactTelephone1: text,
  ContactTelephone2: text,
  ContactEmail: text,
  AccessComments: text,
  RelatedURL: text,
})

/** One kind of plug that a station has, and how many of it. */
export const Connection = Schema.Struct({
  ID: id,
  ConnectionTypeID: id,
  ConnectionType: maybe(Schema.Struct({ ...Named, FormalName: text })),
  Reference: text,
  StatusTypeID: id,
  StatusType: maybe(StatusType),
  LevelID: id,
  Level: maybe(Schema.Struct(Named)),
  Amps: number,
  Voltage: number,
  PowerKW: number,
  CurrentTypeID: id,
  CurrentType: maybe(Schema.Struct(Named)),
  Quantity: number,
  Comments: text,
})

/** A station. `IsRecentlyVerified` and `DateLastVerified` go by the present time and are left out. */
export const Poi = Schema.Struct({
  ID: Schema.Int.check(Schema.isGreaterThan(0)),
  UUID: text,
  ParentChargePointID: id,
  DataProviderID: id,
  DataProvider: maybe(DataProvider),
  DataProvidersReference: text,
  OperatorID: id,
  OperatorInfo: maybe(OperatorInfo),
  OperatorsReference: text,
  UsageTypeID: id,
  UsageType: maybe(UsageType),
  UsageCost: text,
  AddressInfo,
  Connections: maybe(Schema.Array(Connection)),
  NumberOfPoints: number,
  GeneralComments: text,
  DatePlanned: text,
  DateLastConfirmed: text,
  StatusTypeID: id,
  StatusType: maybe(StatusType),
  DateLastStatusUpdate: text,
  DataQualityLevel: id,
  DateCreated: text,
  SubmissionStatusTypeID: id,
  SubmissionStatus: maybe(Schema.Struct({ ...Named, IsLive: boolean })),
})

/** A station as it is decoded. */
export type Poi = typeof Poi.Type
