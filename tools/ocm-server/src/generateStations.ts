/**
 * Stations made up by a seed, in the shape of the API's verbose answers: the same seed gives the same stations.
 *
 * @module
 */
import type { RawPoi } from "./stations.ts"

// mulberry32: 32 bits of state, the same numbers everywhere
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const towns = ["Lisboa", "Porto", "Coimbra", "Évora", "Faro", "Braga", "Setúbal", "Aveiro"] as const
const streets = ["Avenida da Liberdade", "Rua das Flores", "Largo do Carmo", "Estrada Nacional 10", "Praça da República"] as const
const operators = [
  { ID: 21, Title: "Mobie.pt" },
  { ID: 23, Title: "Tesla" },
  { ID: 3299, Title: "IONITY" },
] as const
const usages = [
  { ID: 1, Title: "Public" },
  { ID: 4, Title: "Public - Membership Required" },
  { ID: 0, Title: "(Unknown)" },
] as const
const statuses = [
  { ID: 50, Title: "Operational", IsOperational: true },
  { ID: 0, Title: "Unknown", IsOperational: null },
  { ID: 100, Title: "Not Operational", IsOperational: false },
] as const
const plugs = [
  { ID: 25, Title: "Type 2 (Socket Only)", FormalName: "IEC 62196-2 Type 2", power: 22, current: 20 },
  { ID: 33, Title: "CCS (Type 2)", FormalName: "IEC 62196-3 Configuration FF", power: 50, current: 30 },
  { ID: 2, Title: "CHAdeMO", FormalName: "IEC 62196-3 Configuration AA", power: 50, current: 30 },
] as const

const hex = (random: () => number, digits: number): string => {
  let text = ""
  while (text.length < digits) text += Math.floor(random() * 16).toString(16)
  return text.toUpperCase()
}

const iso = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`

/** Makes `count` stations with ascending IDs (with gaps), all in Portugal. */
export const generateStations = (count: number, seed = 1): ReadonlyArray<RawPoi> => {
  const random = randomFrom(seed)
  const pick = <T>(items: ReadonlyArray<T>): T => items[Math.floor(random() * items.length)]!
  const stations: Array<RawPoi> = []
  let id = 1000
  for (let at = 0; at < count; at++) {
    id += 1 + Math.floor(random() * 3)
    const operator = random() < 0.9 ? pick(operators) : null
    const usage = random() < 0.9 ? pick(usages) : null
    const status = pick(statuses)
    const created = 1_300_000_000 + Math.floor(random() * 300_000_000)
    const updated = iso(created + Math.floor(random() * 100_000_000))
    const town = pick(towns)
    const connections = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, connection) => {
      const plug = pick(plugs)
      return {
        ID: id * 4 + connection,
        ConnectionTypeID: plug.ID,
        ConnectionType: { ID: plug.ID, Title: plug.Title, FormalName: plug.FormalName, IsDiscontinued: false, IsObsolete: false },
        Reference: null,
        StatusTypeID: status.ID,
        StatusType: { ...status, IsUserSelectable: true },
        LevelID: plug.power > 40 ? 3 : 2,
        Level: {
          ID: plug.power > 40 ? 3 : 2,
          Title: plug.power > 40 ? "Level 3:  High (Over 40kW)" : "Level 2 : Medium (Over 2kW)",
        },
        Amps: plug.power > 40 ? 125 : 32,
        Voltage: 400,
        PowerKW: random() < 0.8 ? plug.power : null,
        CurrentTypeID: plug.current,
        CurrentType: { ID: plug.current, Title: plug.current === 30 ? "DC" : "AC (Three-Phase)" },
        Quantity: 1 + Math.floor(random() * 4),
        Comments: null,
      }
    })
    stations.push({
      DataProvider: {
        ID: 1,
        Title: "Open Charge Map Contributors",
        WebsiteURL: "http://openchargemap.org",
        Comments: null,
        DataProviderStatusType: { ID: 1, Title: "Manual Data Entry", IsProviderEnabled: true },
        IsRestrictedEdit: false,
        IsOpenDataLicensed: true,
        IsApprovedImport: true,
        License: "Licensed under Creative Commons Attribution 4.0 International (CC BY 4.0)",
        DateLastImported: null,
      },
      OperatorInfo: operator === null ? null : { ...operator, WebsiteURL: null, Comments: null, IsPrivateIndividual: false },
      UsageType:
        usage === null ? null : { ...usage, IsPayAtLocation: null, IsMembershipRequired: null, IsAccessKeyRequired: null },
      StatusType: { ...status, IsUserSelectable: true },
      SubmissionStatus: { ID: 200, Title: "Submission Published", IsLive: true },
      UserComments: null,
      PercentageSimilarity: null,
      MediaItems: null,
      IsRecentlyVerified: random() < 0.5,
      DateLastVerified: updated,
      ID: id,
      UUID: `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`,
      ParentChargePointID: null,
      DataProviderID: 1,
      DataProvidersReference: null,
      OperatorID: operator?.ID ?? null,
      OperatorsReference: null,
      UsageTypeID: usage?.ID ?? null,
      UsageCost: null,
      AddressInfo: {
        ID: id + 7,
        Title: `${town} ${at + 1}`,
        AddressLine1: `${pick(streets)} ${1 + Math.floor(random() * 200)}`,
        AddressLine2: null,
        Town: town,
        StateOrProvince: null,
        Postcode: `${1000 + Math.floor(random() * 8999)}-${100 + Math.floor(random() * 899)}`,
        CountryID: 180,
        Country: { ID: 180, Title: "Portugal", ISOCode: "PT", ContinentCode: "EU" },
        Latitude: 37 + random() * 5,
        Longitude: -9.4 + random() * 3,
        ContactTelephone1: null,
        ContactTelephone2: null,
        ContactEmail: null,
        AccessComments: null,
        RelatedURL: "",
        Distance: null,
        DistanceUnit: 0,
      },
      Connections: connections,
      NumberOfPoints: connections.length,
      GeneralComments: null,
      DatePlanned: null,
      DateLastConfirmed: null,
      StatusTypeID: status.ID,
      DateLastStatusUpdate: updated,
      MetadataValues: null,
      DataQualityLevel: 1,
      DateCreated: iso(created),
      SubmissionStatusTypeID: 200,
    })
  }
  return stations
}
