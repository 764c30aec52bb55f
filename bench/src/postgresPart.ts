/**
 * The part on PostgreSQL: the catalog's CSV file into one table, by COPY, by a script, and by Waybill.
 *
 * @module
 */
import { join } from "node:path"
import { createPostgresDatabase } from "@waybill-internal/databases"
import pg from "pg"
import { createCatalogTable } from "./catalogColumns.ts"
import { catalogFile } from "./catalogFile.ts"
import { invalidRows } from "./catalogRows.ts"
import type { Measured, Task } from "./contender.ts"
import { type Bench, describe, expectEqual, type Part, phases } from "./part.ts"
import { collector } from "./result.ts"

interface Run {
  readonly contender: string
  /** Statements before the clock starts. */
  readonly before?: ReadonlyArray<string>
  readonly table: string
  readonly expected: number
  readonly task?: Partial<Task>
}

const scalar = async (client: pg.Client, statement: string): Promise<unknown> =>
  Object.values((await client.query<Record<string, unknown>>(statement)).rows[0]!)[0]

const compare = async (bench: Bench, client: pg.Client, url: string) => {
  const file = await catalogFile(bench.rows)
  const valid = bench.rows - invalidRows(bench.rows)
  const { add, results } = collector("postgres", "copy")

  const run = async (name: string, { before, contender, expected, table, task }: Run): Promise<Measured> => {
    for (const statement of before ?? []) await client.query(statement)
    await client.query("CHECKPOINT")
    const start = await scalar(client, "SELECT pg_current_wal_lsn()")
    const measured = await bench.launch(contender, { url, file, folder: bench.folder, ...task }, name)
    const wal = await scalar(client, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '${String(start)}')`)
    bench.log(describe(add(name, measured, Number(wal))))
    expectEqual(`${name}: rows of ${table}`, await scalar(client, `SELECT count(*) FROM ${table}`), expected)
    return measured
  }
  const settle = (table: string): ReadonlyArray<string> => [`VACUUM (ANALYZE) ${table}`]

  await run("copy", {
    contender: "copy",
    before: createCatalogTable("catalog_copy", "copyType"),
    table: "catalog_copy",
    expected: bench.rows,
  })
  await client.query("DROP TABLE catalog_copy")

  const script = { contender: "script", table: "catalog_script", expected: valid }
  const scripted = await run("script", { ...script, before: createCatalogTable("catalog_script", "type") })
  expectEqual("script: rejected rows", scripted.rejected, bench.rows - valid)
  await run("script-again", { ...script, before: settle("catalog_script") })
  await client.query("DROP TABLE catalog_script")

  const task = (job?: string): Partial<Task> => ({
    folder: join(bench.folder, "postgres"),
    ...(job === undefined ? {} : { job }),
  })
  await phases("waybill-fresh", "catalog", "created", valid, (name, contender, start, job) =>
    run(name, {
      contender,
      before: start === "anew" ? createCatalogTable("product", "type") : [],
      table: "product",
      expected: contender === "catalog-validate" ? 0 : valid,
      task: task(job),
    }),
  )
  await phases("waybill-unchanged", "catalog", "unchanged", valid, (name, contender, start, job) =>
    run(name, {
      contender,
      before: start === "anew" ? settle("product") : [],
      table: "product",
      expected: valid,
      task: task(job),
    }),
  )
  return results
}

/** The part. */
export const postgresPart: Part = {
  name: "postgres",
  description: "the catalog into PostgreSQL: copy, script, waybill",
  usual: true,
  run: async (bench) => {
    const server = await bench.postgres()
    bench.note("postgres", server.version)
    try {
      const database = await createPostgresDatabase(server)
      const client = new pg.Client({ connectionString: database.url })
      try {
        await client.connect()
        return await compare(bench, client, database.url)
      } finally {
        await client.end()
        await database.drop()
      }
    } finally {
      await server.stop()
    }
  },
}
