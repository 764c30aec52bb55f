import { readdir, readFile } from "node:fs/promises"
import { Duration, Effect, Layer, Option, Redacted, Semaphore } from "effect"
import { HttpServer } from "effect/http"
import pg from "pg"
import { describe, expect, it } from "vitest"
import { Database, ingestFolder, Service } from "../src/index.ts"
import { drop, useTaxi } from "./support.ts"

const taxi = useTaxi()
const token = "a-token-of-sixteen-letters"
const row = "1,2019-01-15 03:10:00,2019-01-15 03:20:00,2,1.5,1,4,1,8.0,0.0,0.0,8.0"

// runs the service while a test talks to it
const serving = <A>(
  use: (call: (path: string, init?: RequestInit) => Promise<Response>) => Promise<A>,
  database: Layer.Layer<Database> | undefined = undefined,
): Promise<A> =>
  taxi.run(
    Effect.scoped(
      Effect.gen(function* () {
        const built = yield* Layer.build(
          Service.layer(
            {
              drops: taxi.path("drops"),
              reports: taxi.path("reports"),
              archive: taxi.path("archive"),
              keep: Duration.days(30),
              port: 0,
              token: Option.none(),
              maxBody: 2_000,
            },
            Redacted.make(token),
          ).pipe((it) => (database === undefined ? it : Layer.provide(it, database))),
        )
        const address = yield* Effect.provide(HttpServer.addressFormattedWith(Effect.succeed), built)
        return yield* Effect.promise(() => use((path, init) => fetch(address.replace("0.0.0.0", "127.0.0.1") + path, init)))
      }),
    ),
  )

const post = (body: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": "text/csv", ...headers },
})

describe("the service", () => {
  it("ingests a drop that is sent, once, and counts it", async () => {
    if (!taxi.database.available) return
    await serving(async (call) => {
      const first = await call("/ingest?name=a.csv", post(drop(row)))
      expect([first.status, await first.json()]).toEqual([
        200,
        expect.objectContaining({ status: "success", rowsLoaded: 1, rowsAggregated: 1 }),
      ])
      const again = await call("/ingest?name=b.csv", post(drop(row)))
      expect([again.status, await again.json()]).toEqual([200, expect.objectContaining({ status: "skipped" })])
      const daily = await call("/generate/daily?day=2019-01-15", post(""))
      expect([daily.status, await daily.json()]).toEqual([
        200,
        expect.objectContaining({ status: "success", subject: "daily_20190115.xlsx" }),
      ])
      const metrics = await (await call("/metrics")).text()
      expect(metrics).toMatch(/taxi_runs\{kind="ingest",status="success"\} \d/)
      expect(metrics).toMatch(/taxi_rows\{outcome="loaded"\} \d/)
      expect((await readdir(taxi.path("drops/done"))).sort()).toEqual(["a.csv", "b.csv"])
    })
  })

  it("ingests a file of the drop folder by its name", async () => {
    if (!taxi.database.available) return
    await serving(async (call) => {
      await call("/ingest?name=bad.csv", post("nonsense\n1\n"))
      expect((await readdir(taxi.path("drops/failed"))).sort()).toEqual(["bad.csv", "bad.csv.reason.txt"])
      await taxi.write("drops/c.csv", drop(row))
      const json = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      const answer = await call("/ingest", post('{"file":"c.csv"}', json))
      expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ rowsLoaded: 1 })])
    })
  })

  it("keeps both of two drops of one name, and takes more at once than the pool has connections", async () => {
    if (!taxi.database.available) return
    await serving(async (call) => {
      const sent = Array.from({ length: 12 }, (_, at) => drop(row.replace("03:10:00", `03:10:${10 + at}`)))
      const answers = await Promise.all(sent.map((body) => call("/ingest?name=a.csv", post(body))))
      expect(answers.map(({ status }) => status)).toEqual(sent.map(() => 200))
      for (const answer of answers) expect(await answer.json()).toMatchObject({ status: "success", rowsLoaded: 1 })
      const done = await readdir(taxi.path("drops/done"))
      const kept = await Promise.all(done.map((name) => readFile(taxi.path(`drops/done/${name}`), "utf8")))
      expect(kept.sort()).toEqual(sent)
      expect(await readdir(taxi.path("drops"))).toEqual(["done"])
    })
  })

  it("tells what came of a drop that the schedule took first, and of one that is not there", async () => {
    if (!taxi.database.available) return
    await serving(async (call) => {
      const bodies = Array.from({ length: 3 }, (_, at) => drop(row.replace("03:10:00", `03:10:${10 + at}`)))
      const [runs, ...answers] = await Promise.all([
        taxi.run(Effect.replicateEffect(ingestFolder(taxi.path("drops")), 2)),
        ...bodies.map((body, at) => call(`/ingest?name=${at}.csv`, post(body))),
      ])
      for (const answer of answers)
        expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ status: "success" })])
      for (const { status } of runs.flat()) expect(status).toBe("success")
      expect((await readdir(taxi.path("drops"))).sort()).toEqual(["done"])
      const json = { authorization: `Bearer ${token}`, "content-type": "application/json" }
      const answer = await call("/ingest", post('{"file":"0.csv"}', json))
      expect([answer.status, await answer.json()]).toEqual([404, { error: "there is no drop 0.csv that waits" }])
      expect(await readdir(taxi.path("drops"))).toEqual(["done"])
    })
  })

  it("does the next thing of a schedule when one fails", async () => {
    if (!taxi.database.available) return
    const done: Array<string> = []
    const step = (name: string) => Effect.sync(() => done.push(name))
    await taxi.run(
      Service.each([
        ["first", Effect.andThen(step("first"), Effect.fail({ message: "it fails" }))],
        ["second", Effect.andThen(step("second"), Effect.die("a defect"))],
        ["third", step("third")],
      ]),
    )
    expect(done).toEqual(["first", "second", "third"])
  })

  it.each([
    ["no token", "/ingest?name=a.csv", post(drop(row), {}), 401],
    ["another token", "/ingest?name=a.csv", post(drop(row), { authorization: `Bearer ${token}x` }), 401],
    ["no token for the summary", "/generate/daily", post("", {}), 401],
    ["a name that leads out of the folder", "/ingest?name=..%2Fa.csv", post(drop(row)), 400],
    ["a hidden name", "/ingest?name=.a.csv", post(drop(row)), 400],
    ["no name", "/ingest", post(drop(row)), 400],
    ["no body", "/ingest?name=a.csv", post(""), 400],
    ["a body over the limit", "/ingest?name=a.csv", post(drop(...Array.from({ length: 40 }, () => row))), 413],
    ["a day that is none", "/generate/daily?day=2019-02-30", post(""), 422],
    ["a drop that is no table of trips", "/ingest?name=a.csv", post("a,b\n1,2\n"), 422],
  ])("turns down %s", async (_, path, init, status) => {
    if (!taxi.database.available) return
    await serving(async (call) => {
      const answer = await call(path, init)
      const text = await answer.text()
      expect([answer.status, text.includes(token)]).toEqual([status, false])
      const left = await readdir(taxi.path("drops")).catch(() => [])
      expect(left.filter((name) => name !== "failed")).toEqual([])
    })
  })

  it("is healthy as long as the database answers", async () => {
    if (!taxi.database.available) return
    await serving(async (call) => {
      const answer = await call("/health")
      expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }])
    })
  })

  it("says that the database does not answer, and not where it is", async () => {
    if (!taxi.database.available) return
    // nobody listens at port 1
    const pool = new pg.Pool({ connectionString: "postgres://taxi:secret-word@127.0.0.1:1/taxi" })
    await serving(
      async (call) => {
        const answer = await call("/health")
        expect([answer.status, await answer.json()]).toEqual([
          503,
          { status: "unavailable", error: "the database does not answer" },
        ])
        // a drop that comes meanwhile is not lost, and may be sent again
        for (const _ of [1, 2]) {
          const ingest = await call("/ingest?name=a.csv", post(drop(row)))
          expect([ingest.status, await ingest.json()]).toEqual([
            503,
            { error: expect.stringMatching(/^the database does not answer; [^:]*$/) },
          ])
        }
        expect((await readdir(taxi.path("drops"))).length).toBe(2)
      },
      Layer.succeed(Database, { pool, description: "none", turn: Semaphore.makeUnsafe(1) }),
    )
    await pool.end()
  })
})
