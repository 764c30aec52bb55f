/**
 * A bomb is a file made to exhaust whoever reads it: memory, time, or both.
 *
 * @module
 */
import type { XlsxOptions } from "../xlsx/xlsxCase.ts"

/** See the file's first sentence. */
export interface Bomb {
  readonly name: string
  readonly bytes: () => Uint8Array
  readonly options: XlsxOptions
  /** What it has to be refused as, and what the message has to say; or how many rows it has, within the same bounds. */
  readonly expected: { readonly reason: "Malformed" | "TooLarge"; readonly says: string } | { readonly rows: number }
}

/** What the process that read a bomb has measured. */
export interface Measured {
  readonly refused: { readonly reason: string; readonly message: string } | undefined
  readonly rows: number
  readonly milliseconds: number
  /** The most memory that the process had, with Node itself. */
  readonly peakMiB: number
}
