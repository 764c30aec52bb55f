/**
 * Faults that a server makes on demand, as they were seen from the real one or from what stands before it.
 *
 * @module
 */

/** What one request gets instead of its answer, or what is done to its answer. */
export type Fault =
  /** A status with a body; `retryAfter` in seconds or at a moment (an HTTP date); any text is sent as it is. */
  | {
      readonly kind: "status"
      readonly status: number
      readonly body?: string
      readonly contentType?: string
      readonly retryAfter?: number | Date | string
      readonly location?: string
    }
  /** No answer until the client gives up. */
  | { readonly kind: "silent" }
  /** The headers, then nothing until the client gives up. */
  | { readonly kind: "stalled" }
  /** The connection is closed before the answer. */
  | { readonly kind: "hangup" }
  /** The connection is closed in the middle of the body. */
  | { readonly kind: "broken" }
  /** 200 with the first half of the JSON. */
  | { readonly kind: "cut" }
  /** 200 with an HTML page. */
  | { readonly kind: "html" }
  /** 200 with an empty body: an exception in the handler. */
  | { readonly kind: "empty" }
  /** 200 with `[]`: the mirror is not ready. */
  | { readonly kind: "nothing" }
  /** 200 with this text. */
  | { readonly kind: "body"; readonly body: string; readonly contentType?: string }
  /** The page that was served last, again. */
  | { readonly kind: "repeat" }
  /** The page with its rows in reversed order. */
  | { readonly kind: "unsorted" }
  /** The SQL fallback: `id_asc` sorts by DateCreated, and the country is ignored. */
  | { readonly kind: "fallback" }
  /** The page's first row once more behind itself; `differing` gives the second one another title. */
  | { readonly kind: "duplicate"; readonly differing?: boolean }
  /** The last row of the page that was served last, before this page's rows. */
  | { readonly kind: "overlap"; readonly differing?: boolean }
  /** Rows whose country is another: all, or only the first. */
  | { readonly kind: "country"; readonly code: string; readonly only?: "first" }
  /** Values of any kind before the page's rows. */
  | { readonly kind: "rows"; readonly rows: ReadonlyArray<unknown> }
  /** At most this many rows, whatever was asked. */
  | { readonly kind: "cap"; readonly rows: number }
