/**
 * The Open Charge Map API as a source: all stations, or those of a country, page by page in the order of their IDs; or those of them that
 * were updated since a bookmark.
 *
 * Pages are asked for by key (`sortby=id_asc&greaterthanid=…&maxresults=…`), the only paging the server has; what comes back is
 * not taken on trust, because the server answers wrong requests and its own troubles with 200. Nothing is repeated here: the
 * engine asks again from the last cursor when an error says that it may. Facts about the server are from its code
 * (openchargemap/ocm-system) and its OpenAPI description (openchargemap/ocm-docs).
 *
 * @module
 */
import { type Partition, Source } from "@waybill/core"
import { Clock, type Duration, Effect, Redacted, Stream } from "effect"
import { reached } from "./internal/bookmark.ts"
import { fromStatus, malformed, refused, rowsOf, tooLarge } from "./internal/classifyError.ts"
import { fromCursor, type Position, start } from "./internal/cursor.ts"
import * as http from "./internal/http.ts"
import { momentOf } from "./internal/moment.ts"
import { build, upTo } from "./internal/page.ts"
import { idOf } from "./internal/rawPoi.ts"
import { modifiedSince, pageUrl, type Settings, selection, settingsOf } from "./internal/settings.ts"

/** The service that the source makes its requests with: Effect's HTTP client, such as {@link layerFetch}. */
export type Http = http.Http

/** The platform's `fetch` as an HTTP client; it does not follow redirects, so that the key goes to the API's own host only. */
export const layerFetch = http.layerFetch

/** What {@link make} takes. */
export interface Options {
  /** `https://api.openchargemap.io/v3` by default. Without credentials. */
  readonly baseUrl?: string
  /** The key, a GUID that Open Charge Map gives to each user. Sent in the header `X-API-Key` and shown nowhere. */
  readonly apiKey: Redacted.Redacted<string>
  /** ISO 3166-1 alpha-2, such as `PT`; the whole world where it is left out. The United Kingdom is `GB`. */
  readonly countryCode?: string
  /** Only stations with IDs above `above`, 0 by default, and at most `upTo`. */
  readonly ids?: { readonly above?: number; readonly upTo?: number }
  /** Stations per page; 500 by default. Above 1,000 the server has answered with nothing. */
  readonly pageSize?: number
  /** Most pages that are read; 10,000 by default. To reach it is an error, so that an import never ends early unnoticed. */
  readonly maxPages?: number
  /** Largest answer in bytes; 256 MiB by default. */
  readonly maxPageBytes?: number
  /** How long one answer may take in all; 2 minutes by default. */
  readonly timeout?: Duration.Input
  /** Who asks, such as `acme-maps/2.1 (ops@acme.example)`; goes before this package's own name in `User-Agent`. */
  readonly userAgent?: string
  /**
   * Only stations whose status was updated at this moment or later (`DateLastStatusUpdate`). Stations that never had an update, and
   * those that were deleted, do not show up. A source that is given a moment starts there and has no bookmarks.
   */
  readonly modifiedSince?: Date
  /**
   * How much before its bookmark an incremental reading starts; 15 minutes by default. The server keeps `DateLastStatusUpdate` to the minute,
   * and gives a station only when its cache has it, some minutes after.
   */
  readonly overlap?: Duration.Input
  /** Only stations under an open licence. */
  readonly openDataOnly?: boolean
  /** Take an empty answer to the first request for an empty country, rather than for a server that is out of order. */
  readonly allowEmpty?: boolean
}

/** The licence of the data as a whole, and who is to be named. */
export const attribution = {
  licence: "CC BY 4.0",
  attribution: "© Open Charge Map contributors (openchargemap.org)",
  note: "The licence of each data provider is kept with each station and holds for it.",
} as const

interface State {
  readonly position: Position
  /** The rows of the page before by ID; none after a resume. */
  readonly before: ReadonlyMap<number, unknown> | undefined
}

/** Makes the source. Options that can never work (a country code of three letters, a blocked user agent) are a defect, thrown here. */
export const make = (options: Options): Source.Source<Http> => {
  const settings = settingsOf(options)
  const source = sourceOf(settings)
  return settings.modifiedSince === undefined ? { ...source, incremental: Effect.succeed(incremental(settings)) } : source
}

const nameOf = (settings: Settings): string => {
  const asked = new URLSearchParams({ ...selection(settings), ...(settings.ids === undefined ? {} : { ids: settings.ids }) })
  return asked.size === 0 ? settings.address : `${settings.address}?${asked}`
}

const sourceOf = (settings: Settings): Source.Source<Http> => ({
  kind: "ocm",
  identify: Effect.succeed({
    name: nameOf(settings),
    sha256: null,
    bytes: null,
    details: {
      ...attribution,
      pageSize: settings.pageSize,
      query: selection(settings),
      ...(settings.ids === undefined ? {} : { ids: settings.ids }),
    },
    ...(settings.modifiedSince === undefined ? {} : { isDelta: true }),
  }),
  read: (from) => {
    const position = from === null ? { ...start, after: settings.idsAbove } : fromCursor(from)
    return position === undefined
      ? Stream.fail(refused(`cannot go on from a cursor that is not its own: ${JSON.stringify(from)}`))
      : Stream.unfold<State, Source.Page, Source.SourceError, Http>({ position, before: undefined }, step(settings))
  },
})

const incremental = (settings: Settings): Source.Incremental<Http> => ({
  of: nameOf(settings),
  since: (bookmark) => {
    const moment = momentOf(bookmark)
    if (moment !== undefined) return sourceOf(modifiedSince(settings, moment))
    const error = refused(`cannot start from a bookmark that is not its own: ${JSON.stringify(bookmark)}; read all of it instead`)
    return { ...sourceOf(settings), read: () => Stream.fail(error) }
  },
  reached,
})

const step = (settings: Settings) =>
  Effect.fnUntraced(function* ({ before, position }: State) {
    if (position.done) return undefined
    const { date, rows } = yield* ask(settings, { after: position.after, rows: settings.pageSize, incremental: true })
    if (rows.length === 0) {
      yield* confirmEnd(settings, position)
      return undefined
    }
    if (position.pages >= settings.maxPages)
      return yield* Effect.fail(
        tooLarge(
          `more than ${settings.maxPages} pages of ${settings.pageSize}; there are stations behind ID ${position.after} (maxPages)`,
        ),
      )
    // what changes from the first answer on may be missed, by the clock that the server shows
    const from = position.pages === 0 && date !== undefined ? { ...position, began: date } : position
    const built = build(rows, from, before, settings)
    if (built instanceof Source.SourceError) return yield* Effect.fail(built)
    const within = upTo(built, settings.idsUpTo)
    return within === undefined ? undefined : ([within.page, { position: within.position, before: within.byId }] as const)
  })

/**
 * The stations of several countries, each country a partition of its own, by its code. Codes that are none, or one twice, are a defect, thrown here.
 *
 * @example
 * Partitions.run(stations, OcmSource.byCountry({ apiKey }, ["PT", "ES", "FR"]), { startedBy: "nightly" })
 */
export const byCountry = (options: Omit<Options, "countryCode">, countries: ReadonlyArray<string>): Partition.Partitioned<Http> =>
  divided(
    options,
    { countries: [...countries] },
    countries.map((country) => ({ name: country.toUpperCase(), source: make({ ...options, countryCode: country }) })),
  )

/**
 * Stations by ranges of their IDs: up to and including the first bound, from there to the second, and so on; the last partition has all above the
 * last bound. Partitions are named by the IDs they hold: `1-100000`, `100001-200000`, `200001-`. Bounds that do not grow are a defect, thrown here.
 */
export const byIds = (options: Omit<Options, "ids">, bounds: ReadonlyArray<number>): Partition.Partitioned<Http> =>
  divided(
    options,
    { bounds: [...bounds] },
    [...bounds, undefined].map((end, at) => {
      const above = bounds[at - 1] ?? 0
      const ids = { above, ...(end === undefined ? {} : { upTo: end }) }
      return { name: `${above + 1}-${end ?? ""}`, source: make({ ...options, ids }) }
    }),
  )

const divided = (
  options: Omit<Options, "countryCode" | "ids">,
  details: Partition.Partitioned["details"],
  partitions: ReadonlyArray<Partition.Partition<Http>>,
): Partition.Partitioned<Http> => {
  const names = partitions.map(({ name }) => name)
  if (names.length === 0 || new Set(names).size < names.length)
    throw new TypeError(`OcmSource: expected partitions with a name each, got ${names.length === 0 ? "none" : names.join(", ")}`)
  return {
    kind: "ocm",
    name: settingsOf(options).address,
    details: { ...attribution, ...details },
    partitions: Effect.succeed(partitions),
  }
}

// An empty answer says nothing by itself: a server whose cache is not ready gives it too, and of several servers it may be one. It is taken
// for the end if the last station that came is there when it is asked for, and nothing behind it.
const confirmEnd = Effect.fnUntraced(function* (settings: Settings, { after, pages }: Position) {
  if (settings.allowEmpty) return
  const behind = (rows: ReadonlyArray<unknown>) => rows.some((row) => (idOf(row) ?? 0) > after)
  const between = malformed(`answered with no stations behind ID ${after}, and then with some`, true)
  if (pages > 0) {
    const { rows } = yield* ask(settings, { after: after - 1, rows: 2, incremental: true })
    if (behind(rows)) return yield* Effect.fail(between)
    if (rows.length > 0) return
  }
  // the last station may be gone meanwhile, and nothing may have been updated: then there are at least others
  const others =
    pages === 0 && settings.modifiedSince === undefined && settings.idsAbove === 0
      ? []
      : (yield* ask(settings, { after: 0, rows: 1, incremental: false })).rows
  if (others.length > 0) {
    const { rows } = yield* ask(settings, { after, rows: 1, incremental: true })
    return behind(rows) ? yield* Effect.fail(between) : undefined
  }
  return yield* Effect.fail(
    malformed(
      pages === 0
        ? "answered with no stations; the API does so when it is out of order (allowEmpty, if there are none)"
        : `answered with no stations behind ID ${after}, and with none from the beginning either; the API does so when it is out of order`,
      true,
    ),
  )
})

// one request: the rows of its answer and the server's time, or what the answer means instead
const ask = Effect.fnUntraced(function* (settings: Settings, asked: Parameters<typeof pageUrl>[1]) {
  const key = Redacted.value(settings.key)
  if (!/^[\x21-\x7e]*$/.test(key))
    return yield* Effect.fail(refused("cannot be asked with this API key: it holds characters that no header may have"))
  const answer = yield* http.get(
    pageUrl(settings, asked),
    { Accept: "application/json", "User-Agent": settings.userAgent, "X-API-Key": key },
    { timeout: settings.timeout, bytes: settings.maxPageBytes },
  )
  const now = yield* Clock.currentTimeMillis
  // a server may repeat the key in what it says
  const open = (text: string): string => (key === "" ? text : text.replaceAll(new RegExp(escaped(key), "gi"), "<redacted>"))
  const header = (name: string): string | undefined => {
    const value = answer.headers[name]
    return value === undefined ? undefined : open(value)
  }
  if (answer.status !== 200) return yield* Effect.fail(fromStatus(answer.status, header, open(answer.text), now))
  const rows = rowsOf(answer.text, open)
  return rows instanceof Source.SourceError ? yield* Effect.fail(rows) : { rows, date: momentOf(header("date")) }
})

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
