/**
 * What is mutated: the torture cases, and the small real files that are beside the checkout where they are there.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { type CsvOptions, csvCases } from "@waybill-internal/torture/csv"
import { xlsxCases } from "@waybill-internal/torture/xlsx"
import type { XlsxOptions } from "@waybill-internal/torture/xlsx-case"

/** A file, and how it is read. */
export type Seed = { readonly name: string; readonly bytes: () => Buffer } & (
  | { readonly reader: "csv"; readonly options: CsvOptions }
  | { readonly reader: "xlsx"; readonly options: XlsxOptions }
)

/** Larger ones would only make everything slow. */
const largest = 64 * 1024

const once = (make: () => Uint8Array): (() => Buffer) => {
  let made: Buffer | undefined
  return () => {
    made ??= Buffer.from(make()).subarray(0, largest)
    return made
  }
}

// the limits that are tried are the default ones
const withoutLimits = <O extends CsvOptions & XlsxOptions>({ limits: _, maxBytes: __, maxRowLength: ___, ...options }: O) =>
  options

const files = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]))

// cases whose point is their size would be made whole, and cut down to their least interesting part
const isSmall = ({ name }: { readonly name: string }): boolean => !/\d MB\b/.test(name)

/** All seeds. `data` is the folder of real files, which need not be there; their order is that of their names. */
export const seeds = (data: string): ReadonlyArray<Seed> => [
  ...csvCases
    .filter(isSmall)
    .map(({ bytes, name, options }): Seed => ({ name, reader: "csv", options: withoutLimits(options), bytes: once(bytes) })),
  ...xlsxCases
    .filter(isSmall)
    .map(({ bytes, name, options }): Seed => ({ name, reader: "xlsx", options: withoutLimits(options), bytes: once(bytes) })),
  ...(existsSync(data) ? files(data) : []).flatMap((file): ReadonlyArray<Seed> => {
    const reader = file.endsWith(".csv") ? "csv" : file.endsWith(".xlsx") ? "xlsx" : undefined
    if (reader === undefined || statSync(file).size > largest) return []
    return [{ name: file.slice(data.length), reader, options: {}, bytes: once(() => readFileSync(file)) }]
  }),
]
