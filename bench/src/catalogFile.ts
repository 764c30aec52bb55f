/**
 * The catalog as a CSV file.
 *
 * @module
 */
import { cachedFile } from "./cache.ts"
import { catalogNames } from "./catalogColumns.ts"
import { catalogRows, catalogVersion } from "./catalogRows.ts"

/** The seed of the catalog that is measured. */
export const catalogSeed = 20_250_701

/** The CSV file of this many rows, made if it is not in the cache; its path. */
export const catalogFile = (rows: number): Promise<string> =>
  cachedFile(
    `catalog-${rows}-seed${catalogSeed}-v${catalogVersion}.csv`,
    `${catalogNames.join(",")}\n`,
    rows,
    catalogRows(catalogSeed),
  )
