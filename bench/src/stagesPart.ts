/**
 * The part without a database: the stages of one pass over the catalog, each by itself.
 *
 * @module
 */
import { catalogFile } from "./catalogFile.ts"
import { invalidRows } from "./catalogRows.ts"
import { describe, expectEqual, type Part } from "./part.ts"
import { collector } from "./result.ts"

/** The part. */
export const stagesPart: Part = {
  name: "stages",
  description: "single stages over the catalog, without a database",
  usual: false,
  run: async (bench) => {
    const file = await catalogFile(bench.rows)
    const { add, results } = collector("stages", null)
    const measured = await bench.launch("stages", { url: "", file, folder: bench.folder }, "stages")
    for (const [name, seconds] of Object.entries(measured.stages ?? {}))
      bench.log(describe(add(name, { ...measured, seconds }, null)))
    expectEqual("stages: rows", measured.rows, bench.rows)
    expectEqual("stages: rejected rows", measured.rejected, invalidRows(bench.rows))
    return results
  },
}
