/**
 * What the command and its processes say to each other. Which iteration a process is at is in a file that it writes before each, since a process that hangs
 * sends nothing any more.
 *
 * @module
 */
import type { End } from "./attempt.ts"
import type { Mutant } from "./mutant.ts"

/** What a process is told to do. */
export type Order =
  | { readonly do: "iterate"; readonly seed: number; readonly from: number; readonly to: number }
  | { readonly do: "try"; readonly reader: Mutant["reader"]; readonly options: Mutant["options"]; readonly base64: string }

/** How many ended how. */
export interface Ends {
  readonly read: number
  readonly refused: number
  readonly rows: number
}

/** What it tells. */
export type Told =
  | { readonly told: "wrong"; readonly iteration: number; readonly what: string }
  | { readonly told: "done"; readonly next: number; readonly ends: Ends; readonly peakRssBytes: number }
  | { readonly told: "tried"; readonly end: End; readonly peakRssBytes: number }

/** The most memory that a process may have, its heap and all else. */
export const mostBytes = 512 * 1024 * 1024

/** The most of it that may be heap. */
export const heapMiB = 256

/** The processor time after which a reading hangs. */
export const mostSeconds = 5
