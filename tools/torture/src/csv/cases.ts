/**
 * All CSV cases.
 *
 * @module
 */
import type { CsvSource } from "@waybill/source-spreadsheet"
import type { Case } from "../case.ts"
import { plain } from "./plain.ts"

/** How a CSV case is read. */
export type CsvOptions = Omit<CsvSource.Options, "file" | "bytes">

/** A CSV case. */
export type CsvCase = Case<CsvOptions>

/** See the file's first sentence. */
export const csvCases: ReadonlyArray<CsvCase> = [...plain]
