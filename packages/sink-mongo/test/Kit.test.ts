/**
 * The sink keeps the laws of all sinks, on a real server.
 */
import type { Entity, Field } from "@waybill/core"
import { SinkSuite, titleOf } from "@waybill/core/testing"
import { useMongo } from "@waybill-internal/databases/testing"
import { Effect } from "effect"
import { Decimal128, Double, Long, MongoClient } from "mongodb"
import { afterAll, beforeAll, describe, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"

const database = useMongo()
let client: MongoClient
// gives numbers as the server has them: Long and Double, and not what JavaScript makes of them
let exact: MongoClient
beforeAll(() => {
  if (!database.available) return
  client = new MongoClient(database.url)
  exact = new MongoClient(database.url, { promoteValues: false })
})
afterAll(() => Promise.all([client?.close(), exact?.close()]))

const toBson = (kind: Field.Kind, value: Field.Value): unknown => {
  if (value === null || value === undefined) return value
  switch (kind) {
    case "bigint":
      return Long.fromString(value as string)
    case "number":
      return new Double(value as number)
    case "decimal":
      return Decimal128.fromString(value as string)
    case "date":
      return new Date(`${value as string}T00:00:00Z`)
    case "timestamp":
      return new Date(value as string)
    default:
      return value
  }
}

const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  const type = (value as { readonly _bsontype?: string })._bsontype
  if (type === "Long") return Number((value as Long).toBigInt())
  if (type !== undefined) return Number(value.valueOf())
  // defined, and not assigned: a key may be __proto__
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}

// without the exponent that the driver writes for small numbers: 1E-34
const plainDecimal = (text: string): string => {
  const [, sign, whole, decimals = "", exponent] = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/.exec(text)!
  if (exponent === undefined) return text
  const digits = `${"0".repeat(40)}${whole}${decimals}`
  const point = digits.length - decimals.length + Number(exponent)
  return `${sign}${digits.slice(0, point).replace(/^0+(?=\d)/, "")}.${digits.slice(point)}`
}

const fromBson = (kind: Field.Kind, value: unknown): Field.Value => {
  if (value === null || value === undefined) return value
  switch (kind) {
    case "bigint":
    case "decimal":
      return plainDecimal(String(value))
    case "date":
      return (value as Date).toISOString().slice(0, 10)
    case "timestamp":
      return (value as Date).toISOString().replace(/\.?0*Z$/, "Z")
    default:
      return plain(value) as Field.Value
  }
}

const keyOf = (entity: Entity.Any, record: SinkSuite.Fields) =>
  Object.fromEntries(
    entity.fields.filter(({ name }) => entity.key.includes(name)).map(({ kind, name }) => [name, toBson(kind, record[name])]),
  )

let targets = 0

// a database of its own, with collections that are named as the entities are
const open = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => `${database.name}_${++targets}`),
    (name) => Effect.promise(() => client.db(name).dropDatabase()),
  ),
  (name): SinkSuite.Target => targetOf(name),
)

const targetOf = (databaseName: string): SinkSuite.Target => {
  const db = exact.db(databaseName)
  const collectionOf = (entity: Entity.Any) => db.collection(entity.name)
  const through = <A>(action: () => Promise<A>) => Effect.tryPromise({ try: action, catch: (error) => error })
  return {
    sink: MongoSink.make({ db: client.db(databaseName) }),
    contents: (entity) =>
      through(async () => {
        const documents = await collectionOf(entity).find().toArray()
        return documents.map((document) =>
          Object.fromEntries(entity.fields.map(({ kind, name }) => [name, fromBson(kind, document[name])])),
        )
      }),
    put: (entity, record) =>
      through(async () => {
        const document = Object.fromEntries(
          entity.fields.flatMap(({ kind, name }) => (record[name] === undefined ? [] : [[name, toBson(kind, record[name])]])),
        )
        await collectionOf(entity).replaceOne(keyOf(entity, record), document, { upsert: true })
      }),
    remove: (entity, record) => through(() => collectionOf(entity).deleteOne(keyOf(entity, record))).pipe(Effect.asVoid),
    refuse: (sku) =>
      through(async () => {
        // a collection that is not there yet takes no validator
        await db.createCollection("product").catch(() => {})
        await db.command({ collMod: "product", validator: { sku: { $ne: sku } } })
      }),
  }
}

const secret = "s3cr3t-passw0rd"
const gone = Effect.acquireRelease(
  Effect.sync(() => new MongoClient(`mongodb://ann:${secret}@127.0.0.1:1/?serverSelectionTimeoutMS=300`)),
  (nowhere) => Effect.promise(() => nowhere.close()),
)

const harness: SinkSuite.Harness = {
  open,
  can: { atomic: true, batched: true, undo: true, probe: true, keepEdits: true, mirror: true, keys: true, refuse: true },
  unholdable: [
    "text: half of a surrogate pair",
    "text: the other half",
    "decimal: 60 digits",
    "timestamp: to the microsecond",
    "timestamp: a single microsecond",
    "json: a key with a dollar",
    "json: a key with dots",
    "json: a key __proto__",
    "json: a key with a NUL",
    "json: half of a surrogate pair",
  ],
  broken: { secret, open: Effect.map(gone, (nowhere) => MongoSink.make({ db: nowhere.db("x") })) },
}

describe("the MongoDB sink", () => {
  for (const law of SinkSuite.laws(harness)) it(titleOf(law), () => Effect.runPromise(law.check))
})
