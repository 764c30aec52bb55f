/**
 * The query of a request as the real server reads it: names without regard to case, repeated ones joined by commas, numbers that
 * cannot be read dropped without a word.
 *
 * @module
 */
import type { RawPoi, Stations } from "./stations.ts"

/** The parameters by lower-case name. */
export type Query = ReadonlyMap<string, string>

/** Reads the parameters. */
export const readQuery = (params: URLSearchParams): Query => {
  const query = new Map<string, string>()
  for (const [name, value] of params) {
    const key = name.toLowerCase()
    const before = query.get(key)
    query.set(key, (before === undefined ? value : `${before},${value}`).slice(0, 100))
  }
  return query
}

const integer = (query: Query, name: string): number | undefined => {
  const text = query.get(name)?.trim()
  return text !== undefined && /^[+-]?\d{1,10}$/.test(text) ? Number(text) : undefined
}

const integers = (query: Query, ...names: ReadonlyArray<string>): ReadonlySet<number> | undefined => {
  const all = names.flatMap((name) => (query.get(name) ?? "").split(",")).filter((text) => /^\s*\d{1,10}\s*$/.test(text))
  return all.length === 0 ? undefined : new Set(all.map(Number))
}

const moment = (query: Query, name: string): number | undefined => {
  const text = query.get(name)
  if (text === undefined) return undefined
  const time = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`)
  return Number.isNaN(time) ? undefined : time
}

const coordinate = (query: Query, name: string): number | undefined => {
  const value = Number(query.get(name) ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

/** A member of an object among others, as `AddressInfo.Country.ISOCode`. */
export const at = (value: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
          ? (inner as Record<string, unknown>)[key]
          : undefined,
      value,
    )

// the codes of ISO 3166-1: the countries that the reference data has
const countries = new Set(
  (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG " +
    "CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL " +
    "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA " +
    "LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP " +
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV " +
    "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
  ).split(" "),
)

// the first position whose ID is greater
const firstAbove = (pois: ReadonlyArray<RawPoi>, id: number): number => {
  let low = 0
  let high = pois.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (pois[middle]!.ID > id) high = middle
    else low = middle + 1
  }
  return low
}

const time = (poi: RawPoi, field: string): number => Date.parse(String(poi[field] ?? ""))

const kilometres = (poi: RawPoi, latitude: number, longitude: number): number => {
  const radians = Math.PI / 180
  const otherLatitude = Number(at(poi, "AddressInfo.Latitude"))
  const otherLongitude = Number(at(poi, "AddressInfo.Longitude"))
  const a =
    Math.sin(((otherLatitude - latitude) * radians) / 2) ** 2 +
    Math.cos(latitude * radians) * Math.cos(otherLatitude * radians) * Math.sin(((otherLongitude - longitude) * radians) / 2) ** 2
  return 12742 * Math.asin(Math.sqrt(a))
}

const filters = (query: Query, fallback: boolean): ReadonlyArray<(poi: RawPoi) => boolean> => {
  const all: Array<(poi: RawPoi) => boolean> = []
  const country = query.get("countrycode")?.toUpperCase()
  // a code that is not known drops the filter: the whole world comes back
  if (country !== undefined && countries.has(country) && !fallback)
    all.push((poi) => at(poi, "AddressInfo.Country.ISOCode") === country)
  const lists: ReadonlyArray<readonly [string, ReadonlySet<number> | undefined]> = [
    ["ID", integers(query, "id", "chargepointid")],
    ["AddressInfo.CountryID", integers(query, "countryid")],
    ["OperatorID", integers(query, "operatorid")],
    ["UsageTypeID", integers(query, "usagetypeid")],
    ["StatusTypeID", integers(query, "statustypeid")],
    ["DataProviderID", integers(query, "dataproviderid")],
  ]
  for (const [path, ids] of lists) if (ids !== undefined) all.push((poi) => ids.has(at(poi, path) as number))
  const open = query.get("opendata")?.toLowerCase()
  if (open === "true" || open === "false")
    all.push((poi) => (at(poi, "DataProvider.IsOpenDataLicensed") === true) === (open === "true"))
  const modified = moment(query, "modifiedsince")
  if (modified !== undefined) all.push((poi) => time(poi, "DateLastStatusUpdate") >= modified)
  const created = moment(query, "createdsince")
  if (created !== undefined) all.push((poi) => time(poi, "DateCreated") >= created)
  return all
}

/** The stations that a query selects, in the order the real server gives them. */
export const select = (stations: Stations, query: Query, fallback: boolean): ReadonlyArray<RawPoi> => {
  const limit = integer(query, "maxresults") ?? 100
  const ascending = stations.ascending()
  const after = integer(query, "greaterthanid")
  const from = after === undefined ? 0 : firstAbove(ascending, after)
  const keeps = filters(query, fallback)
  const kept = (poi: RawPoi): boolean => keeps.every((keep) => keep(poi))
  const sort = query.get("sortby")?.toLowerCase()
  const latitude = coordinate(query, "latitude")
  const longitude = coordinate(query, "longitude")
  if (latitude !== undefined && longitude !== undefined) {
    const radius = (coordinate(query, "distance") ?? 50) * (query.get("distanceunit")?.toLowerCase() === "km" ? 1 : 1.609344)
    return ascending
      .slice(from)
      .filter(kept)
      .map((poi) => ({ poi, distance: kilometres(poi, latitude, longitude) }))
      .filter(({ distance }) => distance <= radius)
      .sort((a, b) => a.distance - b.distance)
      .slice(0, limit)
      .map(({ poi, distance }) => ({ ...poi, AddressInfo: { ...(poi["AddressInfo"] as object), Distance: distance } }))
  }
  if (sort === "id_asc" && !fallback) {
    const page: Array<RawPoi> = []
    for (let index = from; index < ascending.length && page.length < limit; index++)
      if (kept(ascending[index]!)) page.push(ascending[index]!)
    return page
  }
  const all = ascending.slice(from).filter(kept)
  if (sort === "created_asc" || sort === "id_asc") all.sort((a, b) => time(a, "DateCreated") - time(b, "DateCreated"))
  else if (sort === "modified_asc") all.sort((a, b) => time(a, "DateLastStatusUpdate") - time(b, "DateLastStatusUpdate"))
  else all.reverse()
  return all.slice(0, limit)
}
