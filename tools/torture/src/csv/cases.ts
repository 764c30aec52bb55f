/**
 * All CSV cases.
 *
 * @module
 */
import type { CsvSource } from "@waybill/source-spreadsheet"
import type { Case } from "../case.ts"
import { dialectCases } from "./dialects.ts"
import { encodingCases } from "./encodings.ts"
import { formatCases } from "./formats.ts"
import { plain } from "./plain.ts"
import { quoteCases } from "./quotes.ts"
import { structureCases } from "./structure.ts"

/** How a CSV case is read. */
export type CsvOptions = Omit<CsvSource.Options, "file" | "bytes">

/** A CSV case. */
export type CsvCase = Case<CsvOptions>

/** See the file's first sentence. */
export const csvCases: ReadonlyArray<CsvCase> = [
  ...plain,
  ...encodingCases,
  ...quoteCases,
  ...dialectCases,
  ...structureCases,
  ...formatCases,
]
