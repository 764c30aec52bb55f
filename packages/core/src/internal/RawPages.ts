/**
 * Raw pages: what a source without a hash has delivered, kept as it came until the plan is sealed. A validation that broke off is given these
 * pages again, and asks the source only for what follows them; what an API says a second time may be something else.
 *
 * A page is a part `raw/NNNNNN.json` of two lines: the SHA-256 of the second, and the page. A part that is not whole ends what is kept. Each
 * attempt at a validation keeps pages of its own, the ones that it was given again included: pages that follow each other are of one worker, which
 * no other one can put a page between.
 */
import { Effect } from "effect"
import * as Fingerprint from "../Fingerprint.ts"
import type { Import } from "../Import.ts"
import { partAt, placeOf } from "../Snapshot.ts"
import { SnapshotStore, type SnapshotStoreError } from "../SnapshotStore.ts"
import type { Cursor, Page } from "../Source.ts"
import type * as Vault from "./Vault.ts"
import { retrying } from "./worldError.ts"

/** The raw pages of one validation. */
export interface RawPages {
  /** Hands every kept page to `take`, in order, and returns the cursor behind the last of them: `null` where there is none. */
  readonly replay: <E, R>(
    take: (page: Page) => Effect.Effect<void, E, R>,
  ) => Effect.Effect<Cursor | null, E | SnapshotStoreError, R>
  /** Keeps the next page, before it is taken. */
  readonly keep: (page: Page) => Effect.Effect<void, SnapshotStoreError>
}

/** For a source with a hash: it is read again from its start, and it is known whether it is the same. */
export const none: RawPages = { replay: () => Effect.succeed(null), keep: () => Effect.void }

const folder = "raw/"
const nameOf = (page: number): string => `${folder}${String(page).padStart(6, "0")}.json`

/** The raw pages of a job, in the store of the context. */
export const make = ({ attempt, id: job }: Vault.Of, schedule: Import["retry"]): Effect.Effect<RawPages, never, SnapshotStore> =>
  Effect.map(SnapshotStore, (store): RawPages => {
    const retry = retrying(schedule, (error) => (error as SnapshotStoreError).isRetryable)
    let next = 0
    let keeping = true
    const put = (bytes: Uint8Array) => retry(store.put(job, placeOf(attempt, nameOf(next++)), bytes))
    return {
      replay: (take) =>
        Effect.gen(function* () {
          const { count, of } = longest(yield* retry(store.list(job)), attempt)
          let cursor: Cursor | null = null
          while (next < count) {
            const bytes = yield* retry(store.get(job, placeOf(of, nameOf(next))))
            const page = read(bytes)
            if (page === undefined) break
            yield* put(bytes)
            yield* take(page)
            cursor = page.cursor
          }
          return cursor
        }),
      keep: (page) =>
        Effect.suspend(() => {
          const { changes, columns, cursor, issues, labels, notices, place, rows } = page
          // what JSON does not hold exactly is not kept, nor what follows it: there the source is asked again
          keeping &&= isJson(rows) && isJson(issues)
          if (!keeping) return Effect.void
          const text = JSON.stringify({ columns, rows, place, labels, cursor, issues, changes, notices })
          return put(Buffer.from(`${Fingerprint.sha256(Buffer.from(text, "utf8"))}\n${text}\n`, "utf8"))
        }),
    }
  })

// which of the attempts before this one has kept the most pages, the latest of those that have as many
const longest = (parts: ReadonlyArray<{ readonly name: string }>, before: number) => {
  const pages = new Map<number, Set<string>>()
  for (const { attempt, name } of parts.map((it) => partAt(it.name)))
    if (attempt < before && name.startsWith(folder)) pages.set(attempt, (pages.get(attempt) ?? new Set()).add(name))
  let found = { of: 0, count: 0 }
  for (const [of, names] of [...pages].sort(([a], [b]) => b - a)) {
    let count = 0
    while (names.has(nameOf(count))) count++
    if (count > found.count) found = { of, count }
  }
  return found
}

const read = (bytes: Uint8Array): Page | undefined => {
  const [sha256, text, end] = Buffer.from(bytes).toString("utf8").split("\n")
  return end === "" && text !== undefined && Fingerprint.sha256(Buffer.from(text, "utf8")) === sha256
    ? (JSON.parse(text) as Page)
    : undefined
}

// whether the value comes back from JSON as it was
const isJson = (value: unknown): boolean => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
    case "object": {
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isJson)
      const prototype: unknown = Object.getPrototypeOf(value)
      return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson)
    }
    default:
      return false
  }
}

/**
 * Removes what nobody needs any more. `earlier`, for who goes on with a validation: what the attempts before it have sealed, but not their pages.
 * `others`, when a validation has ended: all that is not sealed by the attempt that ended it. A store that fails leaves it: it does no harm there, and
 * retention takes it away.
 */
export const sweep = ({ attempt, id: job }: Vault.Of, what: "earlier" | "others"): Effect.Effect<void, never, SnapshotStore> =>
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    for (const part of yield* store.list(job)) {
      const of = partAt(part.name)
      const isPage = of.name.startsWith(folder)
      if (what === "earlier" ? of.attempt < attempt && !isPage : of.attempt !== attempt || isPage)
        yield* store.remove(job, part.name)
    }
  }).pipe(
    Effect.catch((error) =>
      Effect.logWarning("parts that a job needs no more could not be removed", { job, error: error.message }),
    ),
  )
