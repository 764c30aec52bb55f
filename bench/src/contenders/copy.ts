/**
 * The limit: the file as it is into a bare table by COPY FROM STDIN, which is what `psql \copy` does. Nothing is validated.
 *
 * @module
 */
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import pg from "pg"
import { from } from "pg-copy-streams"
import { catalogNames } from "../catalogColumns.ts"
import type { Contender } from "../contender.ts"

/** Copies the file into `catalog_copy`. */
export const copy: Contender = async ({ file, url }) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const target = client.query(from(`COPY catalog_copy (${catalogNames.join(", ")}) FROM STDIN (FORMAT csv, HEADER true)`))
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), target)
    return { rows: target.rowCount, rejected: 0 }
  } finally {
    await client.end()
  }
}
