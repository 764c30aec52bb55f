/**
 * A commit without what makes it durable: the statements and writes with which a sink keeps checkpoints and before-images are taken out on
 * their way to the server. Nobody should commit so; it is what the cost of durability is measured against.
 *
 * @module
 */
import type { Db } from "mongodb"
import type pg from "pg"

const nothing = "SELECT 0 WHERE false"

/** One statement without its bookkeeping. */
export const bare = (statement: string): string => {
  const text = statement.trim()
  if (text.startsWith('INSERT INTO "waybill".batch') || text.startsWith('UPDATE "waybill".batch')) return nothing
  if (!text.startsWith("WITH replaced AS (")) return statement
  const returning = text.lastIndexOf(" RETURNING (", text.indexOf('INSERT INTO "waybill".batch'))
  const count = text.lastIndexOf("SELECT count(*)::int AS written FROM replaced")
  if (returning < 0 || count < 0) throw new Error("the statement that keeps before-images is not as it was")
  return `${text.slice(0, returning)} RETURNING 1) ${text.slice(count)}`
}

/** A pool whose clients send statements without their bookkeeping. */
export const barePool = (pool: pg.Pool): pg.Pool =>
  new Proxy(pool, {
    get: (target, name) => {
      if (name !== "connect") return Reflect.get(target, name, target) as unknown
      return async () => {
        const client = await target.connect()
        const query = client.query.bind(client) as (...args: ReadonlyArray<unknown>) => unknown
        Object.assign(client, {
          query: (first: unknown, ...rest: ReadonlyArray<unknown>) =>
            query(typeof first === "string" ? first.split(";\n").map(bare).join(";\n") : first, ...rest),
        })
        return client
      }
    },
  })

const done = { acknowledged: true, matchedCount: 1, modifiedCount: 1, upsertedCount: 0, insertedCount: 0, deletedCount: 0 }

/** A database whose collections of checkpoints and before-images take no writes. */
export const bareDb = (db: Db): Db =>
  new Proxy(db, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown
      if (name !== "collection") return typeof value === "function" ? value.bind(target) : value
      return (...args: Parameters<Db["collection"]>) => {
        const collection = target.collection(...args)
        if (!/^waybill_(batches|images)/.test(args[0])) return collection
        const dropped = async () => done
        return Object.assign(Object.create(collection) as typeof collection, {
          updateOne: dropped,
          bulkWrite: dropped,
          insertMany: dropped,
          insertOne: dropped,
        })
      }
    },
  })
