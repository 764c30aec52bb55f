/**
 * The catalog's CSV file as a source.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { CsvSource } from "@waybill/source-spreadsheet"

/** The rows of the file. */
export const catalogSource = (file: string): Source.Source => CsvSource.make({ file })
