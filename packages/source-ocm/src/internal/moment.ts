/** A moment as servers tell it. */

/** A moment as ISO text with milliseconds, which sorts as moments do, of an ISO text or an HTTP date; `undefined` where it is none. */
export const momentOf = (value: unknown): string | undefined => {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}T|^\w{3}, \d{2} \w{3} \d{4} /.test(value)) return undefined
  // the server's moments are in UTC, with or without a Z
  const time = Date.parse(/(Z|GMT|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value}Z`)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}
