/**
 * Results, as they are kept in `results/import.json`.
 *
 * @module
 */
import type { Measured } from "./contender.ts"

/** What was measured of one contender. */
export interface Result {
  readonly name: string
  readonly part: string
  readonly rows: number
  readonly seconds: number
  readonly rowsPerSecond: number
  /** The entry that is the limit of its part, which `ratioToCopy` compares with: `copy`, `mongo-insert`. */
  readonly limit: string | null
  /** How many times as long as the limit of its part it took; `null` for what has no limit to compare with. */
  readonly ratioToCopy: number | null
  readonly peakRssBytes: number
  /** Bytes of write-ahead log that PostgreSQL wrote meanwhile; `null` elsewhere. */
  readonly walBytes: number | null
}

/** What a run of the benchmark measured. */
export interface Report {
  readonly rows: number
  readonly measuredAt: string
  readonly machine: Readonly<Record<string, string | number>>
  readonly results: ReadonlyArray<Result>
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

/** Collects the results of one part; the first one that is named `limit` is what the others are compared with. */
export const collector = (part: string, limit: string | null) => {
  const results: Array<Result> = []
  return {
    results,
    add: (name: string, measured: Measured, walBytes: number | null): Result => {
      const limiting = name === limit ? measured.seconds : results.find((result) => result.name === limit)?.seconds
      const result: Result = {
        name,
        part,
        rows: measured.rows,
        seconds: rounded(measured.seconds, 3),
        rowsPerSecond: Math.round(measured.rows / measured.seconds),
        limit,
        ratioToCopy: limiting === undefined ? null : rounded(measured.seconds / limiting, 2),
        peakRssBytes: measured.peakRssBytes,
        walBytes,
      }
      results.push(result)
      return result
    },
  }
}
