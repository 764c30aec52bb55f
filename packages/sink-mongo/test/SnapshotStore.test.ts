/**
 * The snapshot store on a real server.
 */
import { inspect } from "node:util"
import { SnapshotStore } from "@waybill/core"
import { SharedStoreSuite, SnapshotStoreSuite } from "@waybill/core/testing"
import { Effect } from "effect"
import { type Collection, type Db, GridFSBucket, MongoClient, MongoNetworkError } from "mongodb"
import { afterAll, describe, expect, it } from "vitest"
import * as MongoSnapshotStore from "../src/MongoSnapshotStore.ts"
import { useScenes } from "./support.ts"

const { client, database } = useScenes()
const clients: Array<MongoClient> = []
afterAll(() => Promise.all(clients.map((it) => it.close())))

const run = <A>(effect: Effect.Effect<A, SnapshotStore.SnapshotStoreError>): Promise<A> => Effect.runPromise(effect)
const reasonOf = <A>(effect: Effect.Effect<A, SnapshotStore.SnapshotStoreError>): Promise<string> =>
  run(Effect.map(Effect.result(effect), (it) => (it._tag === "Failure" ? it.failure.reason : "none")))
const text = (value: string) => new TextEncoder().encode(value)

let places = 0

/** An empty bucket: stores may open it by its own handle, or by one that is tampered with. */
const place = () => {
  const db = client().db(database.name)
  const bucket = `parts_${++places}`
  return {
    db,
    bucket,
    open: (through: Db = db) => MongoSnapshotStore.make({ db: through, bucket }),
    /** How many files and chunks there are, whole or not. */
    left: async () => [
      await db.collection(`${bucket}.files`).countDocuments(),
      await db.collection(`${bucket}.chunks`).countDocuments(),
    ],
  }
}

type Method = "insertMany" | "updateOne" | "deleteMany"
type Call = (...args: Array<any>) => Promise<any>

/** The database by way of which a method of a collection does something else; it is given the method. */
const tampered = (db: Db, name: string, method: Method, instead: (really: Call) => Call): Db =>
  Object.assign(Object.create(db) as Db, {
    collection: (...args: Parameters<Db["collection"]>) => {
      const collection = db.collection(...args)
      const really = collection[method].bind(collection) as Call
      return args[0] === name ? Object.assign(Object.create(collection) as Collection, { [method]: instead(really) }) : collection
    },
  })

const dies = async () => {
  throw new MongoNetworkError("connection closed")
}

describe("a store in a bucket that is not there yet", () => {
  for (const { check, name } of SnapshotStoreSuite.laws)
    it(name, () => Effect.runPromise(Effect.provide(check, MongoSnapshotStore.layer(place()))))
  for (const { check, name } of SharedStoreSuite.snapshotStoreLaws) it(name, () => Effect.runPromise(check(place().open)))
})

describe("a process that dies in a put", () => {
  const bytes = SharedStoreSuite.noise(5 << 20, 1)
  const deaths: ReadonlyArray<readonly [string, "files" | "chunks", Method, (really: Call) => Call]> = [
    ["before its first chunk", "chunks", "insertMany", () => dies],
    [
      "between its chunks",
      "chunks",
      "insertMany",
      (really) => async (documents: Array<unknown>) => {
        await really(documents.slice(0, 2))
        return dies()
      },
    ],
    ["before it was marked whole", "files", "updateOne", () => dies],
  ]
  for (const [when, collection, method, instead] of deaths)
    it(`leaves no part ${when}, and nothing after the next put or removal`, async () => {
      for (const next of ["put", "put other bytes", "remove", "remove all"]) {
        const { bucket, db, left, open } = place()
        const dying = open(tampered(db, `${bucket}.${collection}`, method, instead))
        expect(await reasonOf(dying.put("a", "part", bytes))).toBe("Unreachable")
        const store = open()
        expect(await run(store.list("a"))).toEqual([])
        expect(await reasonOf(store.get("a", "part"))).toBe("NotFound")
        if (next === "remove") await run(store.remove("a", "part"))
        else if (next === "remove all") await run(store.remove("a"))
        else {
          const wanted = next === "put" ? bytes : text("other")
          await run(store.put("a", "part", wanted))
          expect(Buffer.compare(await run(store.get("a", "part")), wanted)).toBe(0)
        }
        expect(await left()).toEqual(next === "put" ? [1, 5] : next === "put other bytes" ? [1, 1] : [0, 0])
      }
    })

  it("has put the part if only the answer did not come", async () => {
    const { bucket, db, left, open } = place()
    const deaf = tampered(db, `${bucket}.files`, "updateOne", (really) => async (...args) => {
      await really(...args)
      return dies()
    })
    expect(await reasonOf(open(deaf).put("a", "part", bytes))).toBe("Unreachable")
    await run(open().put("a", "part", bytes))
    expect(Buffer.compare(await run(open().get("a", "part")), bytes)).toBe(0)
    expect(await left()).toEqual([1, 5])
  })
})

describe("a put that something happens to", () => {
  const bytes = SharedStoreSuite.noise(3 << 20, 2)

  it("begins anew when the part is removed before it is whole", async () => {
    for (const [collection, method] of [
      ["chunks", "insertMany"],
      ["files", "updateOne"],
    ] as const) {
      const { bucket, db, left, open } = place()
      let removals = 0
      const store = open(
        tampered(db, `${bucket}.${collection}`, method, (really) => async (...args) => {
          if (removals++ === 0) await run(open().remove("a"))
          return really(...args)
        }),
      )
      await run(store.put("a", "part", bytes))
      expect(removals).toBe(2)
      expect(Buffer.compare(await run(store.get("a", "part")), bytes)).toBe(0)
      expect(await left()).toEqual([1, 3])
    }
  })

  it("is not whole when it ends in the midst of a removal", async () => {
    const { bucket, db, left, open } = place()
    let marked = () => {}
    let ended = () => {}
    const isMarked = new Promise<void>((resolve) => {
      marked = resolve
    })
    const hasEnded = new Promise<void>((resolve) => {
      ended = resolve
    })
    const remover = open(
      tampered(db, `${bucket}.chunks`, "deleteMany", (really) => async (...args) => {
        marked()
        await hasEnded
        return really(...args)
      }),
    )
    let ends = 0
    const writer = open(
      tampered(db, `${bucket}.files`, "updateOne", (really) => async (...args) => {
        if (ends++ > 0) return really(...args)
        const removed = run(remover.remove("a"))
        await isMarked
        const result = await really(...args)
        ended()
        await removed
        return result
      }),
    )
    await run(writer.put("a", "part", bytes))
    expect(Buffer.compare(await run(open().get("a", "part")), bytes)).toBe(0)
    expect(await left()).toEqual([1, 3])
  })

  it("finds that another was first", async () => {
    for (const other of [bytes, text("other")]) {
      const { bucket, db, left, open } = place()
      const late = tampered(db, `${bucket}.files`, "updateOne", (really) => async (...args) => {
        await run(open().put("a", "part", other))
        return really(...args)
      })
      expect(await reasonOf(open(late).put("a", "part", bytes))).toBe(other === bytes ? "none" : "AlreadyExists")
      expect(Buffer.compare(await run(open().get("a", "part")), other)).toBe(0)
      expect(await left()).toEqual([1, other === bytes ? 3 : 1])
    }
  })
})

it("a part whose chunks are gone is damaged, and never given", async () => {
  const { bucket, db, open } = place()
  const bytes = SharedStoreSuite.noise(3 << 20, 3)
  await run(open().put("a", "part", bytes))
  await db.collection(`${bucket}.chunks`).deleteOne({ n: 1 })
  const error = await Effect.runPromise(Effect.flip(open().get("a", "part")))
  expect(error).toMatchObject({
    reason: "Unknown",
    isRetryable: false,
    message: expect.stringMatching(/damaged: 2097152 bytes are there, not 3145728/),
  })
})

it("parts are files that tools of GridFS read", async () => {
  const { bucket, db, open } = place()
  const bytes = SharedStoreSuite.noise((2 << 20) + 5, 4)
  await run(open().put("a", "plan/0.ndjson", bytes))
  const found = await new GridFSBucket(db, { bucketName: bucket }).openDownloadStreamByName("a/plan/0.ndjson").toArray()
  expect(Buffer.compare(Buffer.concat(found), bytes)).toBe(0)
})

it("says what is wrong with the world, and no secret", async () => {
  const url = new URL(database.url)
  url.username = "nobody"
  url.password = "s3cr3t-passw0rd"
  url.host = "127.0.0.1:1"
  url.searchParams.set("serverSelectionTimeoutMS", "500")
  const calls: ReadonlyArray<
    (store: SnapshotStore.SnapshotStore["Service"]) => Effect.Effect<unknown, SnapshotStore.SnapshotStoreError>
  > = [
    (store) => store.put("a", "b", text("c")),
    (store) => store.get("a", "b"),
    (store) => store.list("a"),
    (store) => store.remove("a"),
  ]
  for (const call of calls) {
    // a client that could not connect at first stays closed
    const other = new MongoClient(url.href)
    clients.push(other)
    const error = await Effect.runPromise(Effect.flip(call(MongoSnapshotStore.make({ db: other.db("x") }))))
    expect(error).toBeInstanceOf(SnapshotStore.SnapshotStoreError)
    expect(error).toMatchObject({ reason: "Unreachable", isRetryable: true })
    expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain("s3cr3t")
  }
})
