/** What the tests of this package share: sources on a local server, read to their end. */
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Source } from "@waybill/core"
import { acceptedKey, type OcmServer, type RawPoi } from "@waybill-internal/ocm-server"
import { Effect, Exit, Option, Redacted, Stream } from "effect"
import { OcmSource } from "../src/index.ts"

/** A source on a server. */
export const sourceOf = (
  server: Pick<OcmServer, "url">,
  options: Partial<OcmSource.Options> = {},
): Source.Source<OcmSource.Http> =>
  OcmSource.make({ baseUrl: server.url, apiKey: Redacted.make(acceptedKey), pageSize: 10, ...options })

/** Runs with the platform's `fetch`. */
export const run = <A, E>(effect: Effect.Effect<A, E, OcmSource.Http>): Promise<A> =>
  Effect.runPromise(effect.pipe(Effect.provide(OcmSource.layerFetch)))

/** All pages from a cursor on. */
export const pagesOf = (source: Source.Source<OcmSource.Http>, from: Source.Cursor | null = null) =>
  run(Stream.runCollect(source.read(from)))

/** The error that ends a read, with the pages before it. */
export const failureOf = async (source: Source.Source<OcmSource.Http>, from: Source.Cursor | null = null) => {
  const pages: Array<Source.Page> = []
  const exit = await run(Effect.exit(Stream.runForEach(source.read(from), (page) => Effect.sync(() => void pages.push(page)))))
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (error === undefined) throw new Error(`expected an error, got ${String(exit)}`)
  return { error, pages }
}

/** The labels of pages, one after the other. */
export const labels = (pages: ReadonlyArray<Source.Page>) => pages.flatMap((page) => page.labels)

const folder = new URL("../../../../shared/data/ocm/", import.meta.url)

/** Whether the real stations are there; says so where they are not. */
export const haveRealData = existsSync(folder)
if (!haveRealData) console.warn(`Skipped for want of real stations: there is no folder ${fileURLToPath(folder)}`)

/** The real stations of a country: PT, MC or HK. */
export const realPois = (country: string): ReadonlyArray<RawPoi> =>
  JSON.parse(readFileSync(new URL(`poi.${country}.verbose.json`, folder), "utf8")) as ReadonlyArray<RawPoi>
