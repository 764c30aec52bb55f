/**
 * What a fault does: to an answer as a whole, or to the rows of a page.
 *
 * @module
 */
import type { ServerResponse } from "node:http"
import type { Fault } from "./fault.ts"

/** The page that was served last. */
export interface Previous {
  rows: ReadonlyArray<unknown>
  text: string
}

const retryAfter = (value: number | Date | string): string => (value instanceof Date ? value.toUTCString() : String(value))

const page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"

/** Sends the answer of a fault that replaces the regular one; says whether it did. */
export const sendFault = (fault: Fault, response: ServerResponse, previous: Previous): boolean => {
  const ok = (contentType: string, text: string): boolean => {
    response.writeHead(200, { "Content-Type": contentType }).end(text)
    return true
  }
  switch (fault.kind) {
    case "status":
      response.writeHead(fault.status, {
        "Content-Type": fault.contentType ?? "text/plain",
        ...(fault.retryAfter === undefined ? {} : { "Retry-After": retryAfter(fault.retryAfter) }),
        ...(fault.location === undefined ? {} : { Location: fault.location }),
      })
      response.end(fault.body ?? "")
      return true
    case "silent":
      return true
    case "stalled":
      response.writeHead(200, { "Content-Type": "application/json" }).write("[")
      return true
    case "hangup":
      response.destroy()
      return true
    case "html":
      return ok("text/html", page)
    case "empty":
      return ok("application/json", "")
    case "nothing":
      return ok("application/json", "[]")
    case "body":
      return ok(fault.contentType ?? "application/json", fault.body)
    case "repeat":
      return ok("application/json", previous.text)
    default:
      return false
  }
}

const retitled = (row: unknown): unknown => {
  const poi = row as { readonly AddressInfo?: { readonly Title?: string } }
  return { ...poi, AddressInfo: { ...poi.AddressInfo, Title: `${poi.AddressInfo?.Title ?? ""} (copy)` } }
}

const inCountry = (row: unknown, code: string): unknown => {
  const poi = row as { readonly AddressInfo?: { readonly Country?: object } }
  return { ...poi, AddressInfo: { ...poi.AddressInfo, Country: { ...poi.AddressInfo?.Country, ISOCode: code } } }
}

/** The rows of a page after a fault. */
export const applyFault = (fault: Fault, rows: ReadonlyArray<unknown>, previous: Previous): ReadonlyArray<unknown> => {
  switch (fault.kind) {
    case "unsorted":
      return [...rows].reverse()
    case "duplicate":
      return rows.flatMap((row, at) => (at === 0 ? [row, fault.differing === true ? retitled(row) : row] : [row]))
    case "overlap": {
      const last = previous.rows.at(-1)
      if (last === undefined) return rows
      return [fault.differing === true ? retitled(last) : last, ...rows]
    }
    case "country":
      return rows.map((row, at) => (fault.only === "first" && at > 0 ? row : inCountry(row, fault.code)))
    case "rows":
      return [...fault.rows, ...rows]
    case "cap":
      return rows.slice(0, fault.rows)
    default:
      return rows
  }
}
