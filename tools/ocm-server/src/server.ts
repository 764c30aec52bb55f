/**
 * The server: keys, robots, paging and faults over HTTP on the loopback interface.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { gzipSync } from "node:zlib"
import { applyFault, type Previous, sendFault } from "./applyFault.ts"
import type { Fault } from "./fault.ts"
import { readQuery, select } from "./query.ts"
import { body, referenceData } from "./shape.ts"
import { type PoiPatch, type RawPoi, Stations } from "./stations.ts"

/** A key that a server accepts unless it is told which: a GUID, as the real ones are. */
export const acceptedKey = "00000000-0000-4000-8000-00000000f00d"

/** What a server is started with. */
export interface ServerOptions {
  readonly stations?: Iterable<RawPoi>
  /** The keys that are accepted; {@link acceptedKey} by default. */
  readonly keys?: ReadonlyArray<string>
  /** The text of `/v3/referencedata`; made of the stations where it is not given. */
  readonly referenceData?: string
  /** The time that answers bear (`Date`), `null` for none; the system's by default. */
  readonly now?: () => Date | null
  /** Any free port by default. */
  readonly port?: number
}

/** A request as it came. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query: { readonly [name: string]: string }
  readonly headers: { readonly [name: string]: string }
  /** Whether the client went away before its answer was complete. */
  aborted: boolean
  /** The status that was answered; 0 until then. */
  status: number
}

/** A running server. */
export interface OcmServer {
  /** The API's base address, `http://127.0.0.1:…/v3`. */
  readonly url: string
  readonly key: string
  readonly stations: Stations
  /** All requests so far, in the order they came. */
  readonly requests: ReadonlyArray<RecordedRequest>
  /** Changes parts of a station; see {@link Stations.edit}. */
  readonly edit: (id: number, patch: PoiPatch) => void
  readonly add: (poi: RawPoi) => void
  readonly remove: (id: number) => boolean
  /** What the next requests get, one each; `null` is the regular answer. Comes behind what was scheduled before. */
  readonly schedule: (...faults: ReadonlyArray<Fault | null>) => void
  /** What every request gets that nothing is scheduled for; `null` ends it. */
  readonly always: (fault: Fault | null) => void
  /** Forgets requests and faults. */
  readonly reset: () => void
  /** Closes all connections and the server. */
  readonly stop: () => Promise<void>
}

const keyForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const robots = /robot|crawler|spider|slurp|googlebot|kml-google|apache-httpclient|okhttp\/3\.9\.1|dart:io|^php|^nameofagent/i

interface Refusal {
  readonly status: number
  readonly text: string
  readonly contentType?: string
}

const refusal = (
  headers: RecordedRequest["headers"],
  given: string | undefined,
  keys: ReadonlySet<string>,
): Refusal | undefined => {
  const agent = headers["user-agent"] ?? ""
  if (agent.startsWith("FME/2020"))
    return {
      status: 403,
      text: "Blocked for API abuse. Repeated duplicate calls may be automatically banned.",
      contentType: "text/plain",
    }
  if (robots.test(agent))
    return { status: 503, text: '{"status":"error","description":"API requests by robots are temporarily disabled."}' }
  const key = given?.trim().toLowerCase() ?? ""
  if (key === "" || key === "test" || key === "null")
    return {
      status: 403,
      text: "You must specify an API key using the key query parameter or x-api-key header.",
      contentType: "text/plain",
    }
  if (!keyForm.test(key) || !keys.has(key)) return { status: 403, text: "Invalid API key.", contentType: "text/plain" }
  return undefined
}

const send = (request: IncomingMessage, response: ServerResponse, text: string): void => {
  const zipped = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""))
  const bytes = zipped ? gzipSync(text, { level: 1 }) : Buffer.from(text)
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": bytes.length,
    ...(zipped ? { "Content-Encoding": "gzip" } : {}),
  })
  response.end(bytes)
}

/** Starts a server. */
export const startOcmServer = async (options: ServerOptions = {}): Promise<OcmServer> => {
  const stations = new Stations(options.stations ?? [])
  const keys = new Set((options.keys ?? [acceptedKey]).map((key) => key.toLowerCase()))
  const requests: Array<RecordedRequest> = []
  const faults: Array<Fault | null> = []
  const previous: Previous = { rows: [], text: "[]" }
  let standing: Fault | null = null

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (options.now !== undefined) {
      const now = options.now()
      response.sendDate = false
      if (now !== null) response.setHeader("Date", now.toUTCString())
    }
    const url = new URL(request.url ?? "/", "http://localhost")
    const query = readQuery(url.searchParams)
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const record: RecordedRequest = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: Object.fromEntries(query),
      headers,
      aborted: false,
      status: 0,
    }
    requests.push(record)
    response.on("close", () => {
      record.aborted = !response.writableFinished
      record.status = response.headersSent ? response.statusCode : 0
    })
    const refused = refusal(headers, query.get("key") ?? headers["x-api-key"], keys)
    if (refused !== undefined) {
      response.writeHead(refused.status, refused.contentType === undefined ? {} : { "Content-Type": refused.contentType })
      response.end(refused.text)
      return
    }
    const fault = faults.length > 0 ? faults.shift()! : standing
    if (fault !== null && sendFault(fault, response, previous)) return
    if (url.pathname.includes("/referencedata")) {
      send(request, response, options.referenceData ?? referenceData(stations.ascending()))
      return
    }
    if (!url.pathname.includes("/poi")) {
      response.writeHead(404).end()
      return
    }
    const output = query.get("output")?.toLowerCase() ?? "json"
    if (output !== "json") {
      response.writeHead(501, { "Content-Type": "text/plain" }).end(`This local server writes JSON, not ${output}.`)
      return
    }
    const selected = select(stations, query, fault?.kind === "fallback")
    const rows = fault === null ? selected : applyFault(fault, selected, previous)
    previous.rows = rows
    previous.text = body(rows, query)
    const half = previous.text.slice(0, Math.ceil(previous.text.length / 2))
    if (fault?.kind === "broken") {
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(previous.text) })
      response.write(half, () => response.destroy())
    } else send(request, response, fault?.kind === "cut" ? half : previous.text)
  }

  const server = createServer(answer)
  const sockets = new Set<Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3`,
    key: options.keys?.[0] ?? acceptedKey,
    stations,
    requests,
    edit: (id, patch) => stations.edit(id, patch),
    add: (poi) => stations.add(poi),
    remove: (id) => stations.remove(id),
    schedule: (...next) => void faults.push(...next),
    always: (fault) => {
      standing = fault
    },
    reset: () => {
      requests.length = 0
      faults.length = 0
      standing = null
    },
    stop,
  }
}
