import { inspect } from "node:util"
import { MongoClient } from "mongodb"
import { afterAll, expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { strangersOf } from "./strangers.ts"
import { batchOf, failure, planWith, Station, stations, useScenes } from "./support.ts"

const { database } = useScenes()
const clients: Array<MongoClient> = []
afterAll(() => Promise.all(clients.map((client) => client.close())))

it("no credential is in a target or in an error, however deep one looks", async () => {
  const { gone, refused, secret } = strangersOf(database.url)
  for (const [href, reason] of [
    [refused, "Unauthorized"],
    [gone, "Unreachable"],
  ] as const) {
    const client = new MongoClient(href)
    clients.push(client)
    const sink = MongoSink.make({ db: client.db("x") })
    expect(sink.target).toMatch(/^127\.0\.0\.1:\d+\/x$/)
    const error = await failure(planWith(sink, [batchOf(Station, 0, stations(0, 1))]))
    expect(error.reason).toBe(reason)
    expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(secret)
  }
})
