/**
 * The keys of the target that the nearest to a candidate are found among: from the index, as records have them.
 */
import { Entity, Field } from "@waybill/core"
import { Effect } from "effect"
import type pg from "pg"
import { expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import type { PoolLike } from "../src/internal/Driver.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const keysOf = (pool: PoolLike, entity: Entity.Any, table: string, limit: number) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const sink = PostgresSink.make({ pool, tables: { [entity.name]: PostgresSink.table(table) } })
        const session = yield* sink.plan({ job: "plan", entities: [entity], preferred: null })
        return yield* session.keys!(entity, limit)
      }),
    ),
  )

// a pool whose connections tell what they are asked
const listening = (sent: Array<string>): PoolLike => ({
  connect: async () => {
    const client = await database.pool.connect()
    const query = client.query.bind(client) as (...given: ReadonlyArray<unknown>) => unknown
    return Object.assign(Object.create(client) as pg.PoolClient, {
      query: (...given: ReadonlyArray<unknown>) => {
        sent.push(String(given[0]))
        return query(...given)
      },
    })
  },
})

it("are read in the order of the unique index on the key, and no more of it than they are", async () => {
  const Pair = Entity.make("pair", { schema: { a: Field.text(), b: Field.integer() }, key: ["a", "b"] })
  // the index has the fields in another order than the key
  const schema = await database.schema(`CREATE TABLE $S.pair (a text, b bigint, filler text, UNIQUE (b, a));
    INSERT INTO $S.pair SELECT 'a' || i, i, repeat('x', 200) FROM generate_series(1, 20000) i; ANALYZE $S.pair`)
  const sent: Array<string> = []
  expect(await keysOf(listening(sent), Pair, `${schema}.pair`, 3)).toEqual(['["a1",1]', '["a2",2]', '["a3",3]'])
  const plan = await database.rows(`EXPLAIN ${sent.find((it) => it.includes("LIMIT 3"))}`)
  const shown = plan.map((row) => row["QUERY PLAN"]).join("\n")
  expect(shown).toContain("using pair_b_a_key")
  expect(shown).not.toContain("Sort")
})

it("are written as canonical values, and a row without a key that a record could have has none", async () => {
  const Moment = Entity.make("moment", { schema: { at: Field.timestamp() }, key: "at" })
  const Price = Entity.make("price", { schema: { price: Field.decimal({ scale: 2 }) }, key: "price" })
  const schema = await database.schema(`
    CREATE TABLE $S.moment (at timestamptz UNIQUE);
    INSERT INTO $S.moment VALUES ('2024-02-29 11:30:00.250+01'), (NULL), ('infinity'), ('2024-01-01 BC');
    CREATE TABLE $S.price (price numeric UNIQUE);
    INSERT INTO $S.price VALUES (1.5), (NULL), ('NaN'), (2)`)
  expect(await keysOf(database.pool, Moment, `${schema}.moment`, 10)).toEqual(["2024-02-29T10:30:00.25Z"])
  expect(await keysOf(database.pool, Price, `${schema}.price`, 10)).toEqual(["1.50", "2.00"])
})
