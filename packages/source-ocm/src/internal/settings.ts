/** Options made into what a request needs; what is wrong with them is a defect, found before anything is asked. */
import { Duration, Redacted } from "effect"
import manifest from "../../package.json" with { type: "json" }
import type { Options } from "../OcmSource.ts"

/** What a read goes by. */
export interface Settings {
  /** The address of the list, without a query. */
  readonly address: string
  /** What of the query selects stations. */
  readonly filters: { readonly [name: string]: string }
  readonly countryCode: string | undefined
  readonly modifiedSince: string | undefined
  /** The range of IDs, as people read it, where not all are asked for. */
  readonly ids: string | undefined
  readonly idsAbove: number
  readonly idsUpTo: number | undefined
  /** How much before its bookmark a reading starts. */
  readonly overlap: Duration.Duration
  readonly pageSize: number
  readonly maxPages: number
  readonly maxPageBytes: number
  readonly timeout: Duration.Duration
  readonly userAgent: string
  readonly allowEmpty: boolean
  readonly key: Redacted.Redacted<string>
}

// user agents that the server turns away (APICoreHTTPHandler): words anywhere, and beginnings
const blocked =
  /robot|crawler|spider|slurp|googlebot|kml-google|apache-httpclient|okhttp\/3\.9\.1|dart:io|^php|^nameofagent|^fme\/2020/i

const own = `waybill-source-ocm/${manifest.version} (+https://github.com/waybill-import/waybill)`

const address = (baseUrl: string): string => {
  if (!URL.canParse(baseUrl)) throw new TypeError("OcmSource: baseUrl is not an address such as https://api.openchargemap.io/v3")
  const url = new URL(baseUrl)
  // the address is shown in messages and kept with jobs
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new TypeError("OcmSource: baseUrl holds credentials or a query; give the key as apiKey")
  const path = url.pathname.replace(/\/+$/, "").replace(/\/poi$/, "")
  return `${url.origin}${path === "" ? "/v3" : path}/poi`
}

const positive = (name: string, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`OcmSource: ${name} is ${value}, expected a whole number above 0`)
  return value
}

const rangeOf = ({ above = 0, upTo }: NonNullable<Options["ids"]> = {}): Pick<Settings, "ids" | "idsAbove" | "idsUpTo"> => {
  const isRange =
    Number.isSafeInteger(above) && above >= 0 && (upTo === undefined || (Number.isSafeInteger(upTo) && upTo > above))
  if (!isRange)
    throw new TypeError(
      `OcmSource: IDs above ${above} up to ${upTo} are no range; expected whole numbers, the second the greater`,
    )
  return { ids: above === 0 && upTo === undefined ? undefined : `${above + 1}-${upTo ?? ""}`, idsAbove: above, idsUpTo: upTo }
}

// the server reads a moment in its own zone, which is UTC, and keeps no fractions
const asked = (moment: Date): string => moment.toISOString().slice(0, 19)

/** The settings of a reading from a bookmark on, less the overlap. */
export const modifiedSince = (settings: Settings, bookmark: string): Settings => ({
  ...settings,
  modifiedSince: asked(new Date(Date.parse(bookmark) - Duration.toMillis(settings.overlap))),
})

/** See the file's first sentence. */
export const settingsOf = (options: Options): Settings => {
  const countryCode = options.countryCode?.toUpperCase()
  if (countryCode !== undefined && !/^[A-Z]{2}$/.test(countryCode))
    throw new TypeError(`OcmSource: countryCode is ${options.countryCode}, expected two letters such as PT`)
  const userAgent = options.userAgent === undefined ? own : `${options.userAgent} ${own}`
  const word = blocked.exec(userAgent)?.[0]
  if (word !== undefined) throw new TypeError(`OcmSource: the server turns away user agents with “${word}”`)
  if (!/^[\x20-\x7e]*$/.test(userAgent)) throw new TypeError("OcmSource: userAgent may hold printable ASCII characters only")
  const { modifiedSince } = options
  if (modifiedSince !== undefined && Number.isNaN(modifiedSince.getTime()))
    throw new TypeError("OcmSource: modifiedSince is no moment")
  return {
    address: address(options.baseUrl ?? "https://api.openchargemap.io/v3"),
    filters: {
      ...(countryCode === undefined ? {} : { countrycode: countryCode }),
      ...(options.openDataOnly === true ? { opendata: "true" } : {}),
    },
    countryCode,
    modifiedSince: modifiedSince === undefined ? undefined : asked(modifiedSince),
    overlap: Duration.fromInputUnsafe(options.overlap ?? "15 minutes"),
    ...rangeOf(options.ids),
    pageSize: positive("pageSize", options.pageSize ?? 500),
    maxPages: positive("maxPages", options.maxPages ?? 10_000),
    maxPageBytes: positive("maxPageBytes", options.maxPageBytes ?? 256 * 1024 ** 2),
    timeout: Duration.fromInputUnsafe(options.timeout ?? "2 minutes"),
    userAgent,
    allowEmpty: options.allowEmpty ?? false,
    key: Redacted.make(Redacted.value(options.apiKey).trim()),
  }
}

/** What of the query decides which stations come back. */
export const selection = ({ filters, modifiedSince }: Settings): { readonly [name: string]: string } => ({
  ...filters,
  ...(modifiedSince === undefined ? {} : { modifiedsince: modifiedSince }),
})

/** The address of one page: the stations behind `after`, at most `rows` of them; the key is no part of it. */
export const pageUrl = (
  settings: Settings,
  asked: { readonly after: number; readonly rows: number; readonly incremental: boolean },
): string => {
  const params = new URLSearchParams({
    output: "json",
    verbose: "true",
    compact: "false",
    ...(asked.incremental ? selection(settings) : settings.filters),
    sortby: "id_asc",
    greaterthanid: String(asked.after),
    maxresults: String(asked.rows),
  })
  return `${settings.address}?${params}`
}
