/**
 * The keys of the target that the nearest to a candidate are found among: from the index, as records have them.
 */
import { Entity, Field } from "@waybill/core"
import { Effect } from "effect"
import { Decimal128, type Document } from "mongodb"
import { expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { useScenes } from "./support.ts"

const { client, database, sentDuring } = useScenes()
const db = () => client().db(database.name)

const keysOf = (entity: Entity.Any, limit: number, fields: { readonly [field: string]: string } = {}) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const sink = MongoSink.make({ db: db(), collections: { [entity.name]: { fields } } })
        const session = yield* sink.plan({ job: "plan", entities: [entity], preferred: null })
        return yield* session.keys!(entity, limit)
      }),
    ),
  )

// how the server did the only find that was sent
const explained = async (collection: string, action: () => Promise<unknown>): Promise<Document> => {
  const sent = await sentDuring(action)
  const find = sent.find(({ command, commandName }) => commandName === "find" && command["find"] === collection)!.command
  const { filter, limit, projection, sort } = find
  const options = { ...(sort === undefined ? {} : { sort }), projection, limit }
  return (await db().collection(collection).find(filter, options).explain("executionStats"))["executionStats"]
}

it("are read from the unique index on the key alone, and no more of it than they are", async () => {
  const Pair = Entity.make("pair", { schema: { a: Field.text(), b: Field.integer() }, key: ["a", "b"] })
  const collection = db().collection("pair")
  await collection.insertMany(Array.from({ length: 500 }, (_, at) => ({ at: { a: `a${at % 10}` }, b: at })))
  const fields = { a: "at.a" }
  // without an index, as they lie there
  expect(await keysOf(Pair, 3, fields)).toHaveLength(3)
  await collection.createIndex({ "at.a": 1, b: 1 }, { unique: true })
  const stats = await explained("pair", async () =>
    expect(await keysOf(Pair, 3, fields)).toEqual(['["a0",0]', '["a0",10]', '["a0",20]']),
  )
  expect(stats).toMatchObject({ totalDocsExamined: 0, totalKeysExamined: 3 })
})

it("are read from the index on the _id where that is the key", async () => {
  const Own = Entity.make("own", { schema: { code: Field.text() }, key: "code" })
  await db()
    .collection("own")
    .insertMany(["b", "c", "a"].map((_id) => ({ _id: _id as never })))
  const stats = await explained("own", async () => expect(await keysOf(Own, 2, { code: "_id" })).toEqual(["a", "b"]))
  expect(stats).toMatchObject({ totalDocsExamined: 0 })
})

it("are written as canonical values, and a document without a key that a record could have has none", async () => {
  const Day = Entity.make("day", { schema: { day: Field.date() }, key: "day" })
  const Price = Entity.make("price", { schema: { price: Field.decimal({ scale: 2 }) }, key: "price" })
  const Name = Entity.make("name", { schema: { name: Field.text() }, key: "name" })
  await db()
    .collection("day")
    .insertMany([
      { day: new Date("2024-02-29T00:00:00Z") },
      { day: new Date("2024-02-29T10:30:00Z") },
      { day: null },
      { other: 1 },
    ])
  await db()
    .collection("price")
    .insertMany(["1.50", "NaN"].map((price) => ({ price: Decimal128.fromString(price) })))
  await db()
    .collection("name")
    .insertMany([{ name: "5" }, { name: 7 }, { name: ["a"] }, { name: { first: "b" } }, { name: "" }])
  expect(await keysOf(Day, 10)).toEqual(["2024-02-29"])
  expect(await keysOf(Price, 10)).toEqual(["1.50"])
  expect([...(await keysOf(Name, 10))].sort()).toEqual(["", "5"])
})
