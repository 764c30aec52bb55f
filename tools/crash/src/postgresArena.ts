/**
 * Where workers are killed on PostgreSQL: a database that is copied from a kept one before every run.
 *
 * @module
 */
import pg from "pg"
import type { Arena } from "./kills.ts"
import { formerItem } from "./largeImport.ts"

const ddl = `CREATE TABLE item (
  sku text PRIMARY KEY, position integer NOT NULL, title text NOT NULL, price numeric(10,2) NOT NULL, note text)`

// every item as largeImport.ts says it is, by the server's own means
const lost = `
  SELECT count(*)::integer AS count FROM generate_series(0, $1::integer - 1) AS n
  LEFT JOIN item i ON i.sku = 'I-' || lpad(n::text, 7, '0')
  WHERE i.sku IS NULL OR i.position <> n OR i.title <> 'Item number ' || n OR i.price <> (n % 1000) + 0.5
    OR i.note IS DISTINCT FROM CASE WHEN n % 3 <> 0 THEN 'as good as new' END`

// the last to write a record is the transaction that noted its batch, and no other: the server says of each row who wrote it
const doubled = `
  SELECT count(*)::integer AS count FROM item i
  LEFT JOIN waybill.batch b ON b.entity = 'item' AND b.part = i.position / $1::integer
  WHERE i.position % 20 <> 0 AND b.xmin::text IS DISTINCT FROM i.xmin::text`

const extra = `SELECT count(*)::integer - $1::integer AS count FROM item`

/** Makes the arena on a server. */
export const postgresArena = async (serverUrl: string, records: number, batch: number): Promise<Arena> => {
  const server = new pg.Pool({ connectionString: serverUrl, max: 1 })
  server.on("error", () => {})
  const database = `waybill_crash_${process.pid}`
  const kept = `${database}_kept`
  const at = new URL(serverUrl)
  at.pathname = `/${database}`
  const drop = (name: string) => server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  const inside = async <A>(use: (client: pg.Client) => Promise<A>): Promise<A> => {
    const client = new pg.Client({ connectionString: at.href })
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.end()
    }
  }
  // a copy needs its original for itself, and killed workers leave connections that the server has yet to miss
  const copy = async (from: string, to: string): Promise<void> => {
    await server.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", [from])
    await drop(to)
    await server.query(`CREATE DATABASE ${to} TEMPLATE ${from} STRATEGY FILE_COPY`)
  }
  return {
    name: "postgres",
    task: { kind: "postgres", url: at.href, database, records, batch },
    clear: async () => {
      await drop(database)
      await server.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8'`)
      const former = Array.from({ length: records }, (_, n) => formerItem(n)).filter((it) => it !== null)
      await inside(async (client) => {
        await client.query(ddl)
        await client.query("INSERT INTO item SELECT * FROM json_populate_recordset(NULL::item, $1)", [JSON.stringify(former)])
        await client.query("VACUUM ANALYZE item")
      })
    },
    keep: () => copy(database, kept),
    restore: () => copy(kept, database),
    inspect: () =>
      inside(async (client) => {
        const count = async (statement: string, value: number): Promise<number> =>
          (await client.query(statement, [value])).rows[0].count
        return {
          lost: await count(lost, records),
          doubled: (await count(doubled, batch)) + Math.max(0, await count(extra, records)),
        }
      }),
    close: async () => {
      await drop(database)
      await drop(kept)
      await server.end()
    },
  }
}
