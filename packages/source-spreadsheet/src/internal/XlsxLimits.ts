/**
 * What a workbook may use up: how large it and its parts may be when unpacked, and how much may be in them. Each limit is looked at before
 * and while something is unpacked, so that a file made to exhaust its reader is refused while it has cost little.
 */

/** The limits of an XLSX source. The size of the file itself is the source's `maxBytes`. */
export interface XlsxLimits {
  /** Files in the archive. */
  readonly entries: number
  /** Bytes of a sheet when unpacked. */
  readonly sheetBytes: number
  /** How many times larger than packed a part may be, looked at from 16 MiB on. Sheets are 5 to 50 times larger; 1,032 is the most there can be. */
  readonly ratio: number
  readonly sheets: number
  /** The largest number of a row. */
  readonly rows: number
  /** Columns of a sheet. */
  readonly columns: number
  /** Texts in the table of shared texts. */
  readonly sharedTexts: number
  /** Bytes of that table when unpacked; it is the one part that is held in memory. */
  readonly sharedTextBytes: number
  /** Bytes of any other part (the list of sheets, the styles) when unpacked. */
  readonly otherBytes: number
  /** Characters of one cell. */
  readonly cellLength: number
  /** Characters of all cells of a row. */
  readonly rowLength: number
  /** Areas of merged cells, and cells that get a repeated value by them, where these are repeated. */
  readonly mergedAreas: number
  readonly repeatedCells: number
}

/**
 * The limits where none are given. Rows and columns are what the format has; Excel itself writes cells of at most 32,767 characters,
 * other programs longer ones.
 */
export const defaults: XlsxLimits = {
  entries: 10_000,
  sheetBytes: 512 * 1024 * 1024,
  ratio: 300,
  sheets: 1_000,
  rows: 1_048_576,
  columns: 16_384,
  sharedTexts: 4_000_000,
  sharedTextBytes: 128 * 1024 * 1024,
  otherBytes: 64 * 1024 * 1024,
  cellLength: 1_000_000,
  rowLength: 16_000_000,
  mergedAreas: 100_000,
  repeatedCells: 10_000_000,
}

/** The limits that are given, the others by default. One that is no positive whole number is a defect; more rows and columns than the format has are none. */
export const complete = (given: Partial<XlsxLimits> = {}): XlsxLimits => {
  const limits = { ...defaults, ...given }
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isSafeInteger(value) && value > 0))
      throw new TypeError(`limits.${name} is not a whole number from 1 on: ${value}`)
  }
  return { ...limits, rows: Math.min(limits.rows, defaults.rows), columns: Math.min(limits.columns, defaults.columns) }
}

/** Why a part cannot be read further. */
export interface Failure {
  /** Whether a limit was reached; else the part is not what it should be. */
  readonly isLimit: boolean
  /** A sentence that goes on behind the part's name. */
  readonly message: string
}

/** More than a limit allows. */
export const beyond = (what: string, limit: number, name: keyof XlsxLimits): Failure => ({
  isLimit: true,
  message: `${what}; at most ${limit} are allowed (limits.${name})`,
})

/** Not what a part may be. */
export const wrong = (message: string): Failure => ({ isLimit: false, message })
