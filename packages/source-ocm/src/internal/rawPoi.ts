/** What is read of a raw POI before anything is known of its shape; keys that come from outside are open keys. */

const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined

/** The ID of a POI, where it has one that can be used: a whole number above 0. */
export const idOf = (poi: unknown): number | undefined => {
  const id = member(poi, "ID")
  return Number.isSafeInteger(id) && (id as number) > 0 ? (id as number) : undefined
}

/** The code of a POI's country, where it tells it. */
export const countryOf = (poi: unknown): string | undefined => {
  const code = member(member(member(poi, "AddressInfo"), "Country"), "ISOCode")
  return typeof code === "string" && code !== "" ? code.toUpperCase() : undefined
}

/** When a POI's status was updated last, as it tells it. */
export const updateOf = (poi: unknown): unknown => member(poi, "DateLastStatusUpdate")

/**
 * A POI without what the server works out at each request: `IsRecentlyVerified` and `DateLastVerified` go by the present time,
 * `AddressInfo.Distance` and `DistanceUnit` by the query.
 */
export const withoutComputed = (poi: unknown): unknown => {
  if (typeof poi !== "object" || poi === null) return poi
  const { DateLastVerified: _date, IsRecentlyVerified: _recently, ...rest } = poi as Record<string, unknown>
  const { AddressInfo: address } = rest
  if (typeof address !== "object" || address === null) return rest
  const { Distance: _distance, DistanceUnit: _unit, ...place } = address as Record<string, unknown>
  return { ...rest, AddressInfo: place }
}
