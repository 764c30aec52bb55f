/**
 * The scene on PostgreSQL: target and stores are tables of one database.
 *
 * @module
 */
import { Socket } from "node:net"
import { PostgresJobStore, PostgresSink, PostgresSnapshotStore } from "@waybill/sink-postgres"
import pg from "pg"
import type { ProductRecord } from "./Scenario.ts"
import type { Equipment, Scene } from "./Scene.ts"

const ddl = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.brand (id serial PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL);
  CREATE TABLE shop.category (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, title text NOT NULL);
  CREATE TABLE shop.product (
    sku text PRIMARY KEY, title text NOT NULL, price numeric(10,2) NOT NULL,
    brand_id integer NOT NULL REFERENCES shop.brand, category_id integer REFERENCES shop.category,
    note text);
`

// the tables that the sink and the stores have made, but for that of their versions
const bookkeeping = `
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'waybill' AND tablename <> 'store' LOOP
      EXECUTE format('DELETE FROM waybill.%I', name);
    END LOOP;
  END $$`

// in the order in which they were made, so that what is referred to is there before what refers to it
const tables = `SELECT n.nspname AS namespace, c.relname AS name, to_regclass(format('kept.%I', n.nspname || '.' || c.relname)) AS kept
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname IN ('shop', 'waybill') ORDER BY c.oid`

const keep = `
  DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept;
  DO $$ DECLARE it record; BEGIN
    FOR it IN ${tables} LOOP
      EXECUTE format('CREATE TABLE kept.%I AS TABLE %I.%I', it.namespace || '.' || it.name, it.namespace, it.name);
    END LOOP;
  END $$`

const restore = `
  DO $$ DECLARE it record; BEGIN
    FOR it IN ${tables} DESC LOOP
      EXECUTE format('DELETE FROM %I.%I', it.namespace, it.name);
    END LOOP;
    FOR it IN ${tables} LOOP
      IF it.kept IS NOT NULL THEN
        EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE TABLE %s', it.namespace, it.name, it.kept);
      END IF;
    END LOOP;
  END $$`

const endOthers =
  "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

const content = `
  SELECT 'brand' AS entity, jsonb_build_array(code, title) AS record FROM shop.brand
  UNION ALL SELECT 'category', jsonb_build_array(slug, title) FROM shop.category
  UNION ALL SELECT 'product', jsonb_build_array(sku, p.title, price, b.code, c.slug, note) FROM shop.product p
    JOIN shop.brand b ON b.id = brand_id LEFT JOIN shop.category c ON c.id = category_id
  ORDER BY 1, 2`

const worker = (url: string): Equipment => {
  const sockets = new Set<Socket>()
  const pool = new pg.Pool({
    connectionString: url,
    max: 6,
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      return socket
    },
  })
  pool.on("error", () => {})
  return {
    sink: PostgresSink.make({
      pool,
      tables: {
        brand: PostgresSink.table("shop.brand"),
        category: PostgresSink.table("shop.category"),
        product: PostgresSink.table("shop.product", {
          columns: { brand: PostgresSink.reference("brand_id"), category: PostgresSink.reference("category_id") },
        }),
      },
    }),
    jobs: PostgresJobStore.make({ pool }),
    parts: PostgresSnapshotStore.make({ pool }),
    sever: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: () => pool.end(),
  }
}

/** Makes the scene in a database of its own, which is empty. */
export const postgresScene = async (url: string): Promise<Scene> => {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  pool.on("error", () => {})
  await pool.query(ddl)
  const write = async (products: ReadonlyArray<ProductRecord>): Promise<void> => {
    await pool.query(
      `INSERT INTO shop.product (sku, title, price, brand_id, category_id, note)
        SELECT sku, it.title, price, b.id, c.id, 'by hand' FROM json_to_recordset($1) AS it (sku text, title text, price numeric, brand text, category text)
        JOIN shop.brand b ON b.code = brand LEFT JOIN shop.category c ON c.slug = category
        ON CONFLICT (sku) DO UPDATE SET title = excluded.title, price = excluded.price, category_id = excluded.category_id,
          note = excluded.note`,
      [JSON.stringify(products)],
    )
  }
  return {
    name: "postgres",
    // the sink ends a silent transaction of a former worker after a minute
    isHeldUpByOpenTransactions: true,
    reset: async (before) => {
      await pool.query(endOthers)
      await pool.query("DELETE FROM shop.product; DELETE FROM shop.category; DELETE FROM shop.brand")
      await pool.query(bookkeeping)
      await pool.query("INSERT INTO shop.brand (code, title) SELECT * FROM json_to_recordset($1) AS it (code text, title text)", [
        JSON.stringify(before.brands.map(([code, title]) => ({ code, title }))),
      ])
      await pool.query(
        "INSERT INTO shop.category (slug, title) SELECT * FROM json_to_recordset($1) AS it (slug text, title text)",
        [JSON.stringify(before.categories.map(([slug, title]) => ({ slug, title })))],
      )
      await write(before.products)
    },
    keep: async () => {
      await pool.query(keep)
      return async () => {
        await pool.query(endOthers)
        await pool.query(restore)
      }
    },
    worker: async () => worker(url),
    write,
    remove: async (sku) => void (await pool.query("DELETE FROM shop.product WHERE sku = $1", [sku])),
    content: async () => (await pool.query(content)).rows,
    close: () => pool.end(),
  }
}
