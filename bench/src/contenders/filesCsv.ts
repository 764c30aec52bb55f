/**
 * Readers of CSV that people use in Node, each over a stream of the file, with rows as arrays, which is the fastest that each has.
 *
 * @module
 */
import { createReadStream } from "node:fs"
import { parse as csvParseStream } from "csv-parse"
import { parseStream } from "fast-csv"
import papa from "papaparse"
import type { Contender } from "../contender.ts"
import { FilesTally } from "../filesTally.ts"

// larger reads than Node's own 64 KiB make none of them slower
const open = (file: string) => createReadStream(file, { highWaterMark: 256 * 1024 })

/** csv-parse; `readable` with `read` is what its documentation says is fastest. */
export const csvParse: Contender = ({ file }) =>
  new Promise((resolve, reject) => {
    const tally = new FilesTally()
    const parser = open(file).pipe(csvParseStream({ bom: true }))
    parser.on("readable", () => {
      for (let row: unknown = parser.read(); row !== null; row = parser.read()) tally.row(row as ReadonlyArray<string>)
    })
    parser.on("error", reject)
    parser.on("end", () => resolve(tally.outcome()))
  })

/** papaparse, a chunk of rows at a time. */
export const papaparse: Contender = ({ file }) =>
  new Promise((resolve, reject) => {
    const tally = new FilesTally()
    papa.parse<ReadonlyArray<string>>(open(file).setEncoding("utf8"), {
      delimiter: ",",
      newline: "\n",
      skipEmptyLines: true,
      chunk: ({ data }) => {
        for (const row of data) tally.row(row)
      },
      complete: () => resolve(tally.outcome()),
      error: reject,
    })
  })

/** fast-csv. */
export const fastCsv: Contender = ({ file }) =>
  new Promise((resolve, reject) => {
    const tally = new FilesTally()
    parseStream<ReadonlyArray<string>, ReadonlyArray<string>>(open(file), { headers: false })
      .on("data", (row: ReadonlyArray<string>) => tally.row(row))
      .on("error", reject)
      .on("end", () => resolve(tally.outcome()))
  })
