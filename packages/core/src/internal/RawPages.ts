/**
 * Raw pages: what a source without a hash has delivered, kept as it came until the plan is sealed. A validation that broke off is given these
 * pages again, and asks the source only for what follows them; what an API says a second time may be something else.
 *
 * A page is a part `raw/NNNNNN.json` of two lines: the SHA-256 of the second, and the page. A part that is not whole ends what is kept.
 */
import { Effect } from "effect"
import * as Fingerprint from "../Fingerprint.ts"
import type { Import } from "../Import.ts"
import { SnapshotStore, type SnapshotStoreError } from "../SnapshotStore.ts"
import type { Cursor, Page } from "../Source.ts"
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
export const make = (job: string, schedule: Import["retry"]): Effect.Effect<RawPages, never, SnapshotStore> =>
  Effect.map(SnapshotStore, (store): RawPages => {
    const retry = retrying(schedule, (error) => (error as SnapshotStoreError).isRetryable)
    let next = 0
    let keeping = true
    return {
      replay: (take) =>
        Effect.gen(function* () {
          const names = new Set((yield* retry(store.list(job))).map(({ name }) => name))
          let cursor: Cursor | null = null
          for (; names.has(nameOf(next)); next++) {
            const page = read(yield* retry(store.get(job, nameOf(next))))
            if (page === undefined) break
            yield* take(page)
            cursor = page.cursor
          }
          return cursor
        }),
      keep: (page) =>
        Effect.suspend(() => {
          const { columns, cursor, issues, labels, notices, place, rows } = page
          // what JSON does not hold exactly is not kept, nor what follows it: there the source is asked again
          keeping &&= isJson(rows) && isJson(issues)
          if (!keeping) return Effect.void
          const text = JSON.stringify({ columns, rows, place, labels, cursor, issues, notices })
          const bytes = Buffer.from(`${Fingerprint.sha256(Buffer.from(text, "utf8"))}\n${text}\n`, "utf8")
          const name = nameOf(next++)
          return Effect.catchIf(
            retry(store.put(job, name, bytes)),
            (error) => error.reason === "AlreadyExists",
            // a part that was not whole, or a page that a worker kept whose validation was taken over
            () => retry(Effect.andThen(store.remove(job, name), store.put(job, name, bytes))),
          )
        }),
    }
  })

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

/** Removes what a validation that broke off has sealed; the raw pages stay where `keepRaw`. */
export const clear = (
  job: string,
  schedule: Import["retry"],
  keepRaw: boolean,
): Effect.Effect<void, SnapshotStoreError, SnapshotStore> =>
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const retry = retrying(schedule, (error) => (error as SnapshotStoreError).isRetryable)
    for (const { name } of yield* retry(store.list(job)))
      if (!(keepRaw && name.startsWith(folder))) yield* retry(store.remove(job, name))
  })

/** Removes the raw pages of a job that needs them no more. A store that fails leaves them: they do no harm. */
export const remove = (job: string): Effect.Effect<void, never, SnapshotStore> =>
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    for (const { name } of yield* store.list(job)) if (name.startsWith(folder)) yield* store.remove(job, name)
  }).pipe(
    Effect.catch((error) => Effect.logWarning("the raw pages of a job could not be removed", { job, error: error.message })),
  )
