/**
 * A source is where rows come from: pages of raw rows, each with the position just after it.
 *
 * The engine calls `identify` once, then `read` once, and pulls pages one after the other; it never asks for a row. A source need
 * not retry, decode, normalize or count: the engine retries a failed read at the last cursor when the error says it is
 * retryable, and everything a row can have wrong with it is decided later. What a source finds wrong with a row itself
 * (a ragged row, an error cell) it says in the page's `issues`, and still delivers the row.
 *
 * @module
 */
import { Data, type Duration, Effect, Stream } from "effect"
import type { Json } from "./Canonical.ts"
import type { Issue } from "./Issue.ts"
import type { Label } from "./Ref.ts"

/** A position in a source: JSON of the source's own, opaque to all others, good for a later process. */
export type Cursor = Json

/** From where on a source is read incrementally: JSON of the source's own, opaque to all others, good for a later process. */
export type Bookmark = Json

/** What is known of a source before it is read. */
export interface Identity {
  /** For people: a file's name, an API's address without its key. */
  readonly name: string
  /** SHA-256 of the bytes where the source has bytes (a file), else `null`. The same hash is the same input. */
  readonly sha256: string | null
  /** Size in bytes, where it is known before reading. */
  readonly bytes: number | null
  /** Licence, attribution, the query asked, …: kept with the snapshot. */
  readonly details: { readonly [key: string]: Json }
  /** `true` where it gives only what changed: a record that it does not give is not gone, so no mirror may go by it. */
  readonly isDelta?: boolean
  /** How the bytes are read, where that is settled outside of the code. The same bytes read in another way are another input. */
  readonly reading?: Reading
}

/** A way to read bytes that is settled outside of the code, such as the profile of a partner. */
export type Reading = {
  /** For people: `profile nordwind, version 3`. */
  readonly name: string
  /** SHA-256 of all that it settles. */
  readonly sha256: string
}

/** Whether two identities are of the same bytes (where they have a hash), read in the same way. */
export const isSame = (one: Identity, other: Identity): boolean =>
  one.sha256 === other.sha256 && one.reading?.sha256 === other.reading?.sha256

/** What tells an identity from others, for a message: its hash, and how it is read. */
export const sentence = ({ reading, sha256 }: Pick<Identity, "sha256" | "reading">): string =>
  `${sha256 === null ? "without a hash" : `SHA-256 ${sha256}`}${reading === undefined ? "" : `, read by ${reading.name}, SHA-256 ${reading.sha256}`}`

/**
 * How a source is read from a bookmark on. The engine keeps the bookmark that a reading has reached with the job, and starts the next
 * reading from it once that job is committed; a source keeps nothing.
 */
export interface Incremental<R = never> {
  /** What the bookmarks are of, such as an address with its selection. A bookmark is only ever given to a source that says the same. */
  readonly of: string
  /**
   * The source from a bookmark on, of the same kind, whose identity is a delta. What it must read again so that nothing is missed (what
   * came late, clocks that differ) it subtracts itself; rows that are read again are planned as unchanged. A bookmark that is not its own
   * ends `read` as `Refused`.
   */
  readonly since: (bookmark: Bookmark) => Source<R>
  /**
   * The bookmark that a reading has reached, told by the cursor behind its last page (`null` where there was no page), for a reading that
   * began at `from` (`null` where it was of all). What changes after the reading began is on the other side of it; it goes by the other
   * side's clock. `null` where it cannot be told: the bookmark then stays where it is.
   */
  readonly reached: (cursor: Cursor | null, from: Bookmark | null) => Bookmark | null
}

/** An issue that the source itself found, for the row at `row` of its page. */
export interface PageIssue {
  /** Position in the page's rows. */
  readonly row: number
  readonly severity: Issue["severity"]
  readonly code: string
  readonly column: string | null
  readonly message: string
  readonly value?: unknown
}

/** A change that the source itself made to a cell of the row at `row` of its page; it is logged like those of normalizations. */
export interface PageChange {
  /** Position in the page's rows. */
  readonly row: number
  readonly column: string
  /** Stable, e.g. `csv.number`; names the rule in the log. */
  readonly rule: string
  readonly before: Json
  readonly after: Json
}

/**
 * Raw rows, with the cursor just after them. With `columns`, each row is an array of cells in their order (text, number, boolean
 * or `null`; dates as ISO text) and may be shorter or longer than them; without, each row is a value of the source's own, such as a JSON object.
 */
export interface Page {
  readonly columns: ReadonlyArray<string> | null
  readonly rows: ReadonlyArray<unknown>
  /** Where these rows are: `prices.xlsx!Prices`, `ocm`. With a label it makes a ref. */
  readonly place: string
  /** One label for each row. */
  readonly labels: ReadonlyArray<Label>
  readonly cursor: Cursor
  readonly issues: ReadonlyArray<PageIssue>
  /** What the source has made of cells that are written in the way of a country: the page's rows have it, this says what was there. */
  readonly changes?: ReadonlyArray<PageChange>
  /**
   * Called once the engine has done with the rows, before it pulls the next page: a source with large pages can let go of them here. What
   * outlives its use in the young generation of the heap is cleaned up late.
   */
  readonly release?: () => void
  /** Warnings about the whole of the source that became known with this page (a detected delimiter, a renamed header). */
  readonly notices?: ReadonlyArray<{ readonly code: string; readonly message: string }>
}

/** A source; made by a function of its adapter. */
export interface Source<R = never> {
  /** The kind of source: `ocm`, `csv`, `xlsx`. */
  readonly kind: string
  /** What a person calls it, as far as that is known without asking it: the name in jobs whose source says nothing. `kind` by default. */
  readonly name?: string
  /** Called once, before anything is read. For a file it reads the bytes once, to hash them. */
  readonly identify: Effect.Effect<Identity, SourceError, R>
  /** Pages from the start (`null`) or from just after a page's cursor. The stream ends when the source has no more rows. */
  readonly read: (from: Cursor | null) => Stream.Stream<Page, SourceError, R>
  /** How it is read from a bookmark on; `null` or absent where it is always read as a whole. Asked once, before `identify`. */
  readonly incremental?: Effect.Effect<Incremental<R> | null, SourceError, R>
}

/** A source that an effect opens when it is asked for something: its settings are read then, say. It is opened each time anew. */
export const unwrap = <R, R2>(kind: string, open: Effect.Effect<Source<R>, SourceError, R2>): Source<R | R2> => ({
  kind,
  identify: Effect.flatMap(open, (source) => source.identify),
  read: (from) => Stream.unwrap(Effect.map(open, (source) => source.read(from))),
  incremental: Effect.flatMap(open, ({ incremental }) =>
    incremental === undefined ? Effect.succeed(null) : Effect.map(incremental, (it): Incremental<R | R2> | null => it),
  ),
})

/** Why a source could not be read. */
export type Reason =
  /** The other side could not be reached, or broke off. */
  | "Unreachable"
  /** It took longer than it may. */
  | "Timeout"
  /** The other side asks to come back later (429, 503). */
  | "Busy"
  /** The other side refuses: a wrong key, a wrong request, a file that may not be read. */
  | "Refused"
  /** There is no such file, sheet or address. */
  | "NotFound"
  /** What came back is not what the source speaks: not JSON, not CSV, cut off, ids out of order. */
  | "Malformed"
  /** Larger than a limit allows. */
  | "TooLarge"

/** The world is wrong at the source's side. `message` is for people and never holds a secret. */
export class SourceError extends Data.TaggedError("SourceError")<{
  readonly reason: Reason
  readonly message: string
  /** Whether the same call may succeed later; the engine then retries from the last cursor. */
  readonly isRetryable: boolean
  /** How long the other side asks to wait (`Retry-After`). */
  readonly retryAfter?: Duration.Duration
  readonly cause?: unknown
}> {}
