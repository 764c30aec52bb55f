/**
 * A station as a record: fields for an entity, their values from a POI, and the rules that hold for every station.
 *
 * What the server works out anew at each request is no part of it, so a station that nobody edited is unchanged. Where the data
 * come from, their licence and who is to be named stay with each station, as the terms of Open Charge Map ask.
 *
 * @module
 */
import { type Canonical, Cell, Field, Rule } from "@waybill/core"
import type { Poi } from "./Poi.ts"

const text = Field.nullable(Field.text())
const integer = Field.nullable(Field.integer())
const timestamp = Field.nullable(Field.timestamp())

/** A GeoJSON point (RFC 7946): longitude first. */
export interface Point {
  readonly type: "Point"
  readonly coordinates: readonly [longitude: number, latitude: number]
}

/** The fields, in their order; the key is `externalId`. An application adds or leaves out what it likes. */
export const fields = {
  /** `ocm:5326`. */
  externalId: Field.text(),
  ocmId: Field.integer({ min: 1 }),
  uuid: text,
  name: text,
  operatorId: integer,
  operator: text,
  operatorReference: text,
  usageTypeId: integer,
  usageType: text,
  usageCost: text,
  statusTypeId: integer,
  status: text,
  isOperational: Field.nullable(Field.boolean()),
  submissionStatusId: integer,
  addressLine1: text,
  addressLine2: text,
  town: text,
  stateOrProvince: text,
  postcode: text,
  countryCode: text,
  country: text,
  /** A {@link Point}, as a 2dsphere index wants it. */
  location: Field.json<Point>(),
  phone: text,
  email: text,
  accessComments: text,
  website: text,
  connections: Field.json<ReadonlyArray<Connection>>(),
  numberOfPoints: integer,
  comments: text,
  dateCreated: timestamp,
  dateLastStatusUpdate: timestamp,
  dateLastConfirmed: timestamp,
  datePlanned: timestamp,
  dataProviderId: integer,
  dataProvider: text,
  dataProviderReference: text,
  licence: text,
  isOpenData: Field.nullable(Field.boolean()),
  attribution: Field.text(),
  source: Field.text(),
} as const

/** One kind of plug of a station. */
export type Connection = {
  readonly id: number | null
  readonly typeId: number | null
  readonly type: string | null
  readonly currentTypeId: number | null
  readonly currentType: string | null
  readonly levelId: number | null
  readonly statusTypeId: number | null
  readonly powerKw: number | null
  readonly amps: number | null
  readonly voltage: number | null
  readonly quantity: number | null
} & { readonly [key: string]: Canonical.Json }

// empty and blank text is what real data has instead of null in one of five places
const cleaned = (value: string | null | undefined): string | null => {
  const trimmed = value?.trim() ?? ""
  return trimmed === "" ? null : trimmed
}

// .NET writes up to seven decimals of a second, of which databases keep three; what is no moment stays, for the field to say so
const moment = (value: string | null | undefined): string | null => {
  const given = cleaned(value)?.replace(/(\.\d{3})\d+/, "$1")
  return given === undefined ? null : (Cell.canonicalTimestamp(given, true) ?? given)
}

const connection = (it: NonNullable<NonNullable<Poi["Connections"]>[number]>): Connection => ({
  id: it.ID ?? null,
  typeId: it.ConnectionTypeID ?? it.ConnectionType?.ID ?? null,
  type: cleaned(it.ConnectionType?.Title),
  currentTypeId: it.CurrentTypeID ?? it.CurrentType?.ID ?? null,
  currentType: cleaned(it.CurrentType?.Title),
  levelId: it.LevelID ?? it.Level?.ID ?? null,
  statusTypeId: it.StatusTypeID ?? it.StatusType?.ID ?? null,
  powerKw: it.PowerKW ?? null,
  amps: it.Amps ?? null,
  voltage: it.Voltage ?? null,
  quantity: it.Quantity ?? null,
})

const contributors = "Open Charge Map contributors"

// who is to be named: the provider, and through whom
const attributionOf = (poi: Poi): string => {
  const provider = cleaned(poi.DataProvider?.Title)
  return provider === null || provider.toLowerCase() === contributors.toLowerCase()
    ? `© ${contributors} (openchargemap.org)`
    : `${provider}, via ${contributors} (openchargemap.org)`
}

/** The values of {@link fields} for a POI. */
export const fromPoi = (poi: Poi) => {
  const place = poi.AddressInfo
  return {
    externalId: `ocm:${poi.ID}`,
    ocmId: poi.ID,
    uuid: cleaned(poi.UUID),
    name: cleaned(place.Title),
    operatorId: poi.OperatorID ?? poi.OperatorInfo?.ID ?? null,
    operator: cleaned(poi.OperatorInfo?.Title),
    operatorReference: cleaned(poi.OperatorsReference),
    usageTypeId: poi.UsageTypeID ?? poi.UsageType?.ID ?? null,
    usageType: cleaned(poi.UsageType?.Title),
    usageCost: cleaned(poi.UsageCost),
    statusTypeId: poi.StatusTypeID ?? poi.StatusType?.ID ?? null,
    status: cleaned(poi.StatusType?.Title),
    isOperational: poi.StatusType?.IsOperational ?? null,
    submissionStatusId: poi.SubmissionStatusTypeID ?? poi.SubmissionStatus?.ID ?? null,
    addressLine1: cleaned(place.AddressLine1),
    addressLine2: cleaned(place.AddressLine2),
    town: cleaned(place.Town),
    stateOrProvince: cleaned(place.StateOrProvince),
    postcode: cleaned(place.Postcode),
    countryCode: cleaned(place.Country?.ISOCode)?.toUpperCase() ?? null,
    country: cleaned(place.Country?.Title),
    location: { type: "Point", coordinates: [place.Longitude, place.Latitude] } satisfies Point as Point,
    phone: cleaned(place.ContactTelephone1) ?? cleaned(place.ContactTelephone2),
    email: cleaned(place.ContactEmail),
    accessComments: cleaned(place.AccessComments),
    website: cleaned(place.RelatedURL),
    connections: (poi.Connections ?? []).map(connection),
    numberOfPoints: poi.NumberOfPoints ?? null,
    comments: cleaned(poi.GeneralComments),
    dateCreated: moment(poi.DateCreated),
    dateLastStatusUpdate: moment(poi.DateLastStatusUpdate),
    dateLastConfirmed: moment(poi.DateLastConfirmed),
    datePlanned: moment(poi.DatePlanned),
    dataProviderId: poi.DataProviderID ?? poi.DataProvider?.ID ?? null,
    dataProvider: cleaned(poi.DataProvider?.Title),
    dataProviderReference: cleaned(poi.DataProvidersReference),
    licence: cleaned(poi.DataProvider?.License),
    isOpenData: poi.DataProvider?.IsOpenDataLicensed ?? null,
    attribution: attributionOf(poi),
    source: "Open Charge Map",
  }
}

/** Coordinates are on the globe, and not the point 0, 0 that stands for "not known". Their codes are `rule.coordinates.range` and `rule.coordinates.zero`. */
export const coordinates: ReadonlyArray<Rule.Rule<Poi>> = [
  Rule.check<Poi>("coordinates.range", ({ AddressInfo: { Latitude, Longitude } }) =>
    Math.abs(Latitude) <= 90 && Math.abs(Longitude) <= 180
      ? undefined
      : {
          column: "AddressInfo",
          message: "expected a latitude within ±90 and a longitude within ±180",
          value: `${Latitude}, ${Longitude}`,
        },
  ),
  Rule.check<Poi>("coordinates.zero", ({ AddressInfo: { Latitude, Longitude } }) =>
    Latitude === 0 && Longitude === 0
      ? {
          column: "AddressInfo",
          message: "expected coordinates, found 0, 0, which stands for a place that is not known",
          value: "0, 0",
        }
      : undefined,
  ),
]
