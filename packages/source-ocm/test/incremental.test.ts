/**
 * Incremental imports of stations: the engine, the source, and a local server whose clock the test holds.
 */
import { Engine, Entity, Import, type Job, type JobStore, Mirror, type SnapshotStore, type Source } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { type Fault, generateStations, type OcmServer, startOcmServer } from "@waybill-internal/ocm-server"
import { Effect, Layer, Logger, Schedule } from "effect"
import fc from "fast-check"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { OcmSource, Poi, Station } from "../src/index.ts"
import { failureOf, labels, pagesOf, run, sourceOf } from "./support.ts"

const minute = 60_000
const start = Date.UTC(2026, 2, 1, 10, 0)
// 20 stations, the last of which was updated half an hour before the first reading
const stations = generateStations(20).map((poi, at) => ({
  ...poi,
  DateLastStatusUpdate: new Date(start - 30 * minute - at * 86_400_000).toISOString().replace(".000", ""),
}))
const ids = stations.map(({ ID }) => ID)

let now = start
let silent = false
// what happens before the answers to come, one after the other
const before: Array<() => void> = []
// updates that the server's cache does not have yet
let unseen: Array<{ readonly from: number; readonly apply: () => void }> = []
const servers: Array<OcmServer> = []
let server: OcmServer

const advance = (minutes: number): void => {
  now += minutes * minute
  for (const { apply, from } of unseen) if (from <= now) apply()
  unseen = unseen.filter(({ from }) => from > now)
}

// an update: the server keeps its time to the minute, and shows it when its cache has it
const update = (id: number, title: string, lag = 0): void => {
  const DateLastStatusUpdate = new Date(Math.round(now / minute) * minute).toISOString()
  unseen.push({ from: now + lag * minute, apply: () => server.edit(id, { AddressInfo: { Title: title }, DateLastStatusUpdate }) })
  advance(0)
}

beforeEach(async () => {
  now = start
  silent = false
  before.length = 0
  unseen = []
  server = await startOcmServer({
    stations,
    now: () => {
      before.shift()?.()
      return silent ? null : new Date(now)
    },
  })
  servers.push(server)
})
afterAll(() => Promise.all(servers.map((it) => it.stop())))

const station = Entity.make("station", { schema: Station.fields, key: "externalId" })
const imports = (sink: MemorySink.MemorySink, options: Partial<Import.Options<Poi.Poi>> = {}) =>
  Import.make({
    name: "stations",
    row: Poi.Poi,
    entities: [station],
    map: (poi) => [station.of(Station.fromPoi(poi))],
    sink,
    retry: Schedule.recurs(2),
    ...options,
  })

type Services = JobStore.JobStore | SnapshotStore.SnapshotStore | OcmSource.Http
const importing = <A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      effect,
      Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, OcmSource.layerFetch, Logger.layer([])),
    ),
  )

const position = station.fields.findIndex(({ name }) => name === "name")
const titles = (sink: MemorySink.MemorySink) =>
  Object.fromEntries([...(sink.tables.get("station") ?? [])].map(([key, values]) => [key, values[position]]))
const served = () =>
  Object.fromEntries(
    server.stations.ascending().map((poi) => [`ocm:${poi.ID}`, (poi["AddressInfo"] as { readonly Title: string }).Title]),
  )
const since = () => server.requests.map(({ query }) => query["modifiedsince"])
const at = (minutes: number) => new Date(start + minutes * minute).toISOString()
const reached = ({ bookmark }: Job.Job) => bookmark?.reached

describe("an incremental import", () => {
  it("asks for what was updated since the last one, less the overlap, and reads nothing else", () =>
    importing(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        const first = yield* Engine.run(d, sourceOf(server, { countryCode: "PT" }))
        expect(first).toMatchObject({ status: "success", counts: { created: 20 } })
        expect(first.bookmark).toEqual({ of: `${server.url}/poi?countrycode=PT`, from: null, after: null, reached: at(-30) })
        advance(60)
        update(ids[3]!, "Praça Nova")
        advance(10)
        server.reset()
        const next = yield* Engine.run(d, sourceOf(server, { countryCode: "PT" }))
        // the station at the bookmark is read again, and is as it was
        expect(next).toMatchObject({
          status: "success",
          counts: { processed: 2, updated: 1, unchanged: 1 },
          source: { isDelta: true, name: `${server.url}/poi?countrycode=PT&modifiedsince=2026-03-01T09%3A15%3A00` },
          bookmark: { from: at(-30), after: first.id, reached: at(60) },
        })
        expect(since()).toEqual(["2026-03-01T09:15:00"])
        expect(titles(sink)).toEqual(served())
        // of another country there is no bookmark
        const spain = yield* Engine.validate(d, sourceOf(server, { countryCode: "ES", allowEmpty: true }))
        expect(spain.bookmark).toMatchObject({ from: null, after: null })
      }),
    ))

  it("goes by the server's clock and data, whatever the clock here says; a date of the future counts for nothing", () =>
    importing(
      Effect.gen(function* () {
        const d = imports(MemorySink.make())
        server.edit(ids[0]!, { DateLastStatusUpdate: "2038-01-01T00:00:00Z" })
        const job = yield* Engine.run(d, sourceOf(server))
        // the time of the first answer
        expect(reached(job)).toBe(at(0))
      }),
    ))

  it("has no bookmark of a server that does not tell the time, and never goes back", () =>
    importing(
      Effect.gen(function* () {
        const d = imports(MemorySink.make())
        silent = true
        expect(reached(yield* Engine.run(d, sourceOf(server)))).toBeNull()
        silent = false
        expect(reached(yield* Engine.run(d, sourceOf(server)))).toBe(at(-30))
        advance(60)
        update(ids[0]!, "new")
        expect(reached(yield* Engine.run(d, sourceOf(server)))).toBe(at(60))
        advance(60)
        // only what overlaps is read again
        silent = true
        expect(reached(yield* Engine.run(d, sourceOf(server)))).toBe(at(60))
        silent = false
        server.edit(ids[0]!, { DateLastStatusUpdate: at(50) })
        const quiet = yield* Engine.run(d, sourceOf(server))
        expect(quiet).toMatchObject({ counts: { processed: 1 }, bookmark: { from: at(60), reached: at(60) } })
      }),
    ))

  it("finds what a cache shows only days later", () =>
    importing(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        yield* Engine.run(d, sourceOf(server))
        advance(60)
        // two days out of date
        update(ids[5]!, "late", 2 * 24 * 60)
        for (let hour = 0; hour < 3; hour++) {
          advance(60)
          expect(reached(yield* Engine.run(d, sourceOf(server)))).toBe(at(-30))
        }
        advance(2 * 24 * 60)
        yield* Engine.run(d, sourceOf(server))
        expect(titles(sink)[`ocm:${ids[5]}`]).toBe("late")
      }),
    ))

  it("finds what was updated behind it while it read", () =>
    importing(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        before.push(
          () => {},
          () => {
            advance(40)
            update(ids[0]!, "behind")
            update(ids[15]!, "ahead")
          },
        )
        // longer than any overlap
        const first = yield* Engine.run(d, sourceOf(server, { overlap: 0 }))
        expect(titles(sink)).toMatchObject({ [`ocm:${ids[15]}`]: "ahead" })
        expect(reached(first)).toBe(at(0))
        advance(5)
        yield* Engine.run(d, sourceOf(server, { overlap: 0 }))
        expect(titles(sink)).toEqual(served())
      }),
    ))

  const broken: ReadonlyArray<readonly [string, Fault]> = [
    ["is down", { kind: "status", status: 500 }],
    ["hangs up", { kind: "hangup" }],
    ["breaks off", { kind: "broken" }],
    ["has lost its cache", { kind: "nothing" }],
    ["sends a page of the web", { kind: "html" }],
    ["gives stations out of order", { kind: "unsorted" }],
    ["falls back to its database", { kind: "fallback" }],
    ["gives a station twice, with other content", { kind: "duplicate", differing: true }],
  ]
  it.each(broken)("stays where it is when the server %s, and leaves nothing out afterwards", (_, fault) =>
    importing(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        yield* Engine.run(d, sourceOf(server))
        advance(60)
        for (const id of ids.slice(4, 17).reverse()) {
          server.edit(id, { DateCreated: new Date(now - id * 1000).toISOString() })
          update(id, "new")
        }
        advance(10)
        before.push(
          () => {},
          () => server.always(fault),
        )
        const failed = yield* Engine.run(d, sourceOf(server, { pageSize: 5 }))
        expect(failed).toMatchObject({ status: "failed", bookmark: { from: at(-30) } })
        server.always(null)
        advance(60)
        const next = yield* Engine.run(d, sourceOf(server))
        expect(next).toMatchObject({ status: "success", counts: { updated: 13 }, bookmark: { from: at(-30), reached: at(60) } })
        expect(titles(sink)).toEqual(served())
      }),
    ),
  )

  it("takes a reading without anything new for one, unless the server has nothing at all", () =>
    importing(
      Effect.gen(function* () {
        const d = imports(MemorySink.make())
        yield* Engine.run(d, sourceOf(server))
        const gone = ids[0]!
        server.remove(gone)
        advance(60)
        const none = yield* Engine.run(d, sourceOf(server))
        expect(none).toMatchObject({ status: "success", counts: { processed: 0 }, bookmark: { from: at(-30), reached: at(-30) } })
        server.always({ kind: "nothing" })
        const broken = yield* Engine.run(d, sourceOf(server))
        expect(broken).toMatchObject({ status: "failed", failure: { code: "source.Malformed" } })
      }),
    ))

  it("does not hear of stations that are gone: a mirror waits for a full reading", () =>
    importing(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink, { mirrors: [Mirror.mark(station, { set: { isOperational: false }, maxShare: 1 })] })
        yield* Engine.run(d, sourceOf(server))
        advance(60)
        server.remove(ids[7]!)
        const refused = yield* Engine.run(d, sourceOf(server))
        expect(refused).toMatchObject({ status: "failed", failure: { code: "mirror.incremental" } })
        yield* Engine.run(d, sourceOf(server), { mirrors: false })
        const full = yield* Engine.run(d, sourceOf(server), { full: true })
        expect(full).toMatchObject({ status: "success", bookmark: { from: null } })
        expect(full.counts.entities["station"]!.missing).toBe(1)
      }),
    ))
})

describe("the source", () => {
  const opened = (options: Partial<OcmSource.Options> = {}) =>
    run(Effect.map(sourceOf(server, options).incremental!, (it) => it!))

  it("says the same bookmark wherever its reading broke off and went on", async () => {
    const source = sourceOf(server, { pageSize: 3 })
    const { reached: told } = await opened()
    const pages = await pagesOf(source)
    const expected = told(pages.at(-1)!.cursor, null)
    expect(expected).toBe(at(-30))
    for (const { cursor } of pages.slice(0, -1)) {
      advance(10)
      const rest = await pagesOf(source, JSON.parse(JSON.stringify(cursor)) as Source.Cursor)
      expect(told(rest.at(-1)!.cursor, null)).toBe(expected)
    }
  })

  it("goes on from every cursor of an incremental reading with exactly the rest", async () => {
    const { since: from } = await opened({ pageSize: 3 })
    const source = from(new Date(start - 9 * 86_400_000).toISOString())
    const pages = await pagesOf(source)
    expect(labels(pages)).toHaveLength(9)
    for (const [page, { cursor }] of pages.entries())
      expect(labels(await pagesOf(source, cursor))).toEqual(labels(pages.slice(page + 1)))
  })

  it("turns a bookmark down that is not its own, and says what to do", async () => {
    const { since: from } = await opened()
    for (const bookmark of [7, "yesterday", null, { at: 1 }, "1"]) {
      const { error } = await failureOf(from(bookmark))
      expect(error).toMatchObject({ reason: "Refused", isRetryable: false })
      expect(error.message).toContain("read all of it instead")
    }
    expect(server.requests).toHaveLength(0)
  })

  it("that starts at a moment of the user's has no bookmarks, and says that it gives only what changed", async () => {
    const source = sourceOf(server, { modifiedSince: new Date(start) })
    expect(source.incremental).toBeUndefined()
    expect(await run(source.identify)).toMatchObject({ isDelta: true })
    expect(await run(sourceOf(server).identify)).not.toHaveProperty("isDelta")
  })
})

describe("whatever happens to stations and server", () => {
  type Step =
    | { readonly do: "update"; readonly id: number; readonly lag: number }
    | { readonly do: "wait"; readonly minutes: number }
    | { readonly do: "read"; readonly fault: Fault | null; readonly during: ReadonlyArray<number> }
    | { readonly do: "undo" }
  const id = fc.constantFrom(...ids)
  const step: fc.Arbitrary<Step> = fc.oneof(
    // the server's own mirrors look ten minutes back
    { weight: 3, arbitrary: fc.record({ do: fc.constant("update" as const), id, lag: fc.integer({ min: 0, max: 10 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("wait" as const), minutes: fc.double({ min: 0.1, max: 90, noNaN: true }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("read" as const),
        fault: fc.option(
          fc.constantFrom<Fault>(
            { kind: "hangup" },
            { kind: "nothing" },
            { kind: "html" },
            { kind: "duplicate", differing: true },
          ),
        ),
        during: fc.array(id, { maxLength: 2 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("undo" as const) }) },
  )

  it("the next good reading leaves no update out", () =>
    fc.assert(
      fc
        .asyncProperty(fc.array(step, { maxLength: 10 }), (steps) =>
          importing(
            Effect.gen(function* () {
              const sink = MemorySink.make()
              const d = imports(sink)
              let version = 0
              let last: Job.Job | undefined
              for (const it of steps) {
                if (it.do === "update") update(it.id, `title ${++version}`, it.lag)
                else if (it.do === "wait") advance(it.minutes)
                else if (it.do === "read") {
                  before.length = 0
                  for (const changed of it.during)
                    before.push(() => {
                      advance(1)
                      update(changed, `title ${++version}`)
                    })
                  server.schedule(null, it.fault)
                  const job = yield* Engine.run(d, sourceOf(server, { pageSize: 7 }))
                  server.reset()
                  if (job.status === "success") last = job
                } else if (last !== undefined && last.counts.created + last.counts.updated > 0) {
                  yield* Effect.ignore(Engine.undo(d, last.id))
                  // two jobs of one millisecond are in no order
                  yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
                }
              }
              before.length = 0
              advance(20)
              expect(yield* Engine.run(d, sourceOf(server, { pageSize: 7 }))).toMatchObject({ status: "success" })
              expect(titles(sink)).toEqual(served())
            }),
          ),
        )
        .beforeEach(() => {
          server.reset()
          for (const poi of stations) server.add(poi)
          now = start
          unseen = []
          before.length = 0
        }),
      { numRuns: 40 },
    ))
})
