/** The rows of one answer become a page: their order, their country and what is there twice are looked at; nothing is asked. */
import { Canonical, type Ref, type Source } from "@waybill/core"
import { malformed, refused } from "./classifyError.ts"
import { type Position, toCursor } from "./cursor.ts"
import { momentOf } from "./moment.ts"
import { countryOf, idOf, updateOf, withoutComputed } from "./rawPoi.ts"
import type { Settings } from "./settings.ts"

/** A page, the position behind it, and its rows by ID for the next one to be compared with. */
export interface Built {
  readonly page: Source.Page
  readonly position: Position
  readonly byId: ReadonlyMap<number, unknown>
}

// lengths at which servers are known to cut a page whatever was asked (100 is the default of maxresults, 250 was the most without
// a key, above 1000 there was trouble): such a page need not be the last one
const caps: ReadonlySet<number> = new Set([100, 250, 1000])

const sameContent = (one: unknown, other: unknown): boolean =>
  Canonical.stringify(withoutComputed(one)) === Canonical.stringify(withoutComputed(other))

const listed = (values: Iterable<unknown>): string => {
  const all = [...values]
  return `${all.slice(0, 5).join(", ")}${all.length > 5 ? `, … (${all.length} in all)` : ""}`
}

// codes that are taken for ISO 3166 codes and are none
const hints = new Map([
  ["UK", "; the United Kingdom is GB"],
  ["EL", "; Greece is GR"],
])

const unknownCountry = (
  code: string,
  first: boolean,
  countries: ReadonlyArray<string | undefined>,
): Source.SourceError | undefined => {
  const told = countries.filter((country) => country !== undefined)
  if (!first || told.length === 0 || told.includes(code)) return undefined
  return refused(
    `does not know the country code ${code}${hints.get(code) ?? ""}: asked for it, it gave stations of ${listed(new Set(told))} (it ignores codes that it does not know)`,
  )
}

interface Places {
  readonly labels: Array<Ref.Label>
  readonly issues: Array<Source.PageIssue>
  readonly byId: Map<number, unknown>
}

const duplicate = (row: number, id: number, same: boolean | undefined, where: string): Source.PageIssue => ({
  row,
  severity: same === false ? "error" : "warning",
  code: "ocm.duplicate-id",
  column: "ID",
  value: id,
  message:
    same === undefined
      ? `the ID ends the page before too; expected each station once`
      : `the ID is there already, ${where}, with ${same ? "the same" : "other"} content; expected each station once`,
})

const latestOf = (rows: ReadonlyArray<unknown>, before: string | undefined): string | undefined => {
  let latest = before
  for (const row of rows) {
    const moment = momentOf(updateOf(row))
    if (moment !== undefined && (latest === undefined || moment > latest)) latest = moment
  }
  return latest
}

/** Builds a page; an answer that cannot be trusted is an error instead. `before` are the rows of the page before, by ID. */
export const build = (
  rows: ReadonlyArray<unknown>,
  from: Position,
  before: ReadonlyMap<number, unknown> | undefined,
  settings: Settings,
): Built | Source.SourceError => {
  const { countryCode, pageSize } = settings
  const countries = rows.map(countryOf)
  const unknown = countryCode === undefined ? undefined : unknownCountry(countryCode, from.pages === 0, countries)
  if (unknown !== undefined) return unknown
  const { byId, issues, labels }: Places = { labels: [], issues: [], byId: new Map() }
  let greatest = from.after
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]
    const id = idOf(row)
    if (id === undefined) {
      labels.push(`page ${from.pages + 1}, item ${at + 1}`)
      issues.push({
        row: at,
        severity: "error",
        code: "ocm.malformed",
        column: "ID",
        message: "expected a station with a whole number above 0 as its ID",
        value: row,
      })
      continue
    }
    labels.push(id)
    const sameRow = byId.get(id)
    const earlier = before?.get(id)
    if (sameRow !== undefined) issues.push(duplicate(at, id, sameContent(sameRow, row), "on the same page"))
    else if (id <= from.after && earlier !== undefined)
      issues.push(duplicate(at, id, sameContent(earlier, row), "on the page before"))
    else if (id === from.after) issues.push(duplicate(at, id, undefined, ""))
    else if (id <= greatest) return outOfOrder(id, greatest, from)
    else {
      greatest = id
      byId.set(id, row)
    }
    const country = countryCode === undefined ? undefined : countryIssue(at, countryCode, countries[at])
    if (country !== undefined) issues.push(country)
  }
  const done = rows.length < pageSize && !caps.has(rows.length)
  // items without an ID lead no further; at the very end they may stand alone
  if (byId.size === 0 && !(done && labels.every((label) => typeof label === "string")))
    return malformed(
      `gave no station behind ID ${from.after} on a page of ${rows.length} items (${listed(labels)}): it repeats a page, or pays no heed to greaterthanid`,
      true,
    )
  const latest = latestOf(rows, from.latest)
  const position: Position = {
    after: greatest,
    pages: from.pages + 1,
    done,
    ...(from.began === undefined ? {} : { began: from.began }),
    ...(latest === undefined ? {} : { latest }),
  }
  return { page: { columns: null, rows, place: "ocm", labels, cursor: toCursor(position), issues }, position, byId }
}

// when its cache is not ready the server falls back to SQL, where id_asc sorts by creation
const outOfOrder = (id: number, greatest: number, from: Position): Source.SourceError =>
  malformed(
    `gave its stations out of order: ID ${id} came behind ${greatest}${id <= from.after ? `, though only IDs above ${from.after} were asked for` : ""}; reading on could miss stations`,
    true,
  )

const countryIssue = (row: number, asked: string, country: string | undefined): Source.PageIssue | undefined => {
  if (country === asked) return undefined
  return {
    row,
    severity: country === undefined ? "warning" : "error",
    code: "ocm.country",
    column: "AddressInfo.Country.ISOCode",
    message:
      country === undefined
        ? `the station does not tell its country; expected ${asked}`
        : `expected a station of ${asked}, this one is of ${country}`,
    value: country,
  }
}

/** A page without what is behind the last ID that is asked for; then it is the last one, or none where nothing of it is left. */
export const upTo = (built: Built, last: number | undefined): Built | undefined => {
  const { page, position } = built
  const cut = last === undefined ? -1 : page.labels.findIndex((label) => typeof label === "number" && label > last)
  if (cut < 0) return built
  if (cut === 0) return undefined
  const ended = { ...position, done: true }
  return {
    ...built,
    position: ended,
    page: {
      ...page,
      rows: page.rows.slice(0, cut),
      labels: page.labels.slice(0, cut),
      issues: page.issues.filter(({ row }) => row < cut),
      cursor: toCursor(ended),
    },
  }
}
