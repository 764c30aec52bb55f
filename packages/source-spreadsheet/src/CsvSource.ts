/**
 * A source of rows from CSV files as people really send them: in UTF-8, UTF-16 or an encoding of one country, parted by commas or by anything
 * else, with or without lines before the header. What is not said is detected from the start of the file, and told in a notice with its evidence.
 *
 * A row is an array of texts in the order of the columns; its label is the row number in the file, header and empty lines counted.
 * What is wrong with one row is an issue of it (`csv.ragged`, `csv.quote`, …), and the row is delivered; what makes the rows after
 * it doubtful too (a quote that is never closed, bytes that are no characters, two columns of one name) ends the source as `Malformed`.
 * Empty lines are no rows; rows of nothing but delimiters are left out, counted, and told at the end.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import * as CsvReader from "./internal/CsvReader.ts"

export type { Escape, LineEnd } from "./internal/CsvDialect.ts"
export type { Format, Options } from "./internal/CsvReader.ts"
export type { Encoding } from "./internal/Encoding.ts"

/** A CSV source. Options that contradict each other are a defect, thrown here. */
export const make = (options: CsvReader.Options): Source.Source => CsvReader.make(options)
