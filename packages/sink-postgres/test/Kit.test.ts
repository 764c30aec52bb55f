/**
 * The sink keeps the laws of all sinks, on a real server: over tables with foreign keys to surrogate ids, as catalogs have them.
 */
import type { Entity, Field } from "@waybill/core"
import { SinkSuite, titleOf } from "@waybill/core/testing"
import { Effect } from "effect"
import pg from "pg"
import { describe, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const ddl = `
CREATE TABLE $S.maker (id bigserial PRIMARY KEY, slug text NOT NULL UNIQUE, title text);
CREATE TABLE $S.product (id bigserial PRIMARY KEY, sku text NOT NULL UNIQUE, title text, stock bigint, price numeric(12,2),
  maker_id bigint REFERENCES $S.maker, note text, seen timestamptz);
CREATE TABLE $S.offer (product_id bigint NOT NULL REFERENCES $S.product, shop bigint NOT NULL, price numeric(12,2),
  UNIQUE (product_id, shop));
CREATE TABLE $S.value (key text PRIMARY KEY, text text, "integer" bigint, "bigint" bigint, number float8, "decimal" numeric,
  "boolean" bool, date date, "timestamp" timestamptz, json jsonb);
CREATE TABLE $S.refused (sku text);
CREATE FUNCTION $S.refuse() RETURNS trigger LANGUAGE plpgsql AS $F$ BEGIN
  IF EXISTS (SELECT FROM $S.refused r WHERE r.sku = NEW.sku) THEN
    RAISE EXCEPTION 'the shop does not take %', NEW.sku USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $F$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON $S.product FOR EACH ROW EXECUTE FUNCTION $S.refuse()`

// what a reference column holds for a key, and the key for what it holds
const referred: Readonly<Record<string, { readonly table: string; readonly key: string; readonly column: string }>> = {
  "product.maker": { table: "maker", key: "slug", column: "maker_id" },
  "offer.product": { table: "product", key: "sku", column: "product_id" },
}

const quoted = (name: string): string => `"${name}"`

const read = (kind: Field.Kind, column: string): string => {
  switch (kind) {
    case "date":
      return `to_char(${column}, 'YYYY-MM-DD')`
    case "timestamp":
      return `regexp_replace(to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '\\.?0*Z$', 'Z')`
    case "json":
      return column
    default:
      return `${column}::text`
  }
}

const fromText = (kind: Field.Kind, value: unknown): Field.Value =>
  typeof value !== "string"
    ? (value as Field.Value)
    : kind === "integer" || kind === "number"
      ? Number(value)
      : kind === "boolean"
        ? value === "true"
        : value

const open = async (): Promise<SinkSuite.Target> => {
  const schema = await database.schema(ddl)
  const tableOf = (name: string): string => `${schema}.${quoted(name)}`
  const target = (entity: Entity.Any, name: string) => {
    const reference = referred[`${entity.name}.${name}`]
    return reference === undefined
      ? { column: quoted(name), to: (value: string) => value, from: quoted(name) }
      : {
          column: reference.column,
          to: (value: string) => `(SELECT id FROM ${tableOf(reference.table)} WHERE ${reference.key} = ${value})`,
          from: `(SELECT ${reference.key} FROM ${tableOf(reference.table)} r WHERE r.id = t.${reference.column})`,
        }
  }
  const query = (statement: string, values: ReadonlyArray<unknown> = []) =>
    Effect.tryPromise({ try: () => database.pool.query(statement, [...values]), catch: (error) => error })
  // the condition on the key, whose values are the parameters from `first` on
  const keyIs = (entity: Entity.Any, first: number): string =>
    entity.key
      .map((name, at) => {
        const { column, to } = target(entity, name)
        return `${column} = ${to(`$${first + at}`)}`
      })
      .join(" AND ")
  const keyOf = (entity: Entity.Any, record: SinkSuite.Fields) => entity.key.map((name) => record[name])
  const column = (name: string) => ({ columns: { [name]: PostgresSink.reference(`${name}_id`) } })
  return {
    sink: PostgresSink.make({
      pool: database.pool,
      schema: `${schema}_own`,
      tables: {
        maker: PostgresSink.table(`${schema}.maker`),
        product: PostgresSink.table(`${schema}.product`, column("maker")),
        offer: PostgresSink.table(`${schema}.offer`, column("product")),
        value: PostgresSink.table(`${schema}.value`),
      },
    }),
    contents: (entity) =>
      Effect.map(
        query(
          `SELECT ${entity.fields.map(({ kind, name }) => `${read(kind, target(entity, name).from)} AS ${quoted(name)}`).join(", ")}
           FROM ${tableOf(entity.name)} t`,
        ),
        ({ rows }) =>
          rows.map((row: Readonly<Record<string, unknown>>) =>
            Object.fromEntries(entity.fields.map(({ kind, name }) => [name, fromText(kind, row[name])])),
          ),
      ),
    put: (entity, record) =>
      Effect.gen(function* () {
        const given = entity.fields.filter(({ name }) => record[name] !== undefined)
        const values = given.map(({ name }) => record[name])
        const columns = given.map(({ name }) => target(entity, name).column)
        const placed = given.map(({ name }, at) => target(entity, name).to(`$${at + 1}`))
        const { rowCount } = yield* query(
          `UPDATE ${tableOf(entity.name)} SET (${columns}) = ROW(${placed}) WHERE ${keyIs(entity, given.length + 1)}`,
          [...values, ...keyOf(entity, record)],
        )
        if (rowCount === 0) yield* query(`INSERT INTO ${tableOf(entity.name)} (${columns}) VALUES (${placed})`, values)
      }),
    remove: (entity, record) =>
      Effect.asVoid(query(`DELETE FROM ${tableOf(entity.name)} WHERE ${keyIs(entity, 1)}`, keyOf(entity, record))),
    refuse: (sku) => Effect.asVoid(query(`INSERT INTO ${schema}.refused VALUES ($1)`, [sku])),
  }
}

const secret = "s3cr3t-passw0rd"
const nowhere = `postgres://ann:${secret}@127.0.0.1:1/x`
const gone = Effect.acquireRelease(
  Effect.sync(() => new pg.Pool({ connectionString: nowhere })),
  (pool) => Effect.promise(() => pool.end()),
)

const harness: SinkSuite.Harness = {
  open: Effect.promise(open),
  can: { atomic: true, batched: true, undo: true, probe: true, keepEdits: true, mirror: true, keys: true, refuse: true },
  unholdable: ["text: a NUL", "json: a NUL", "json: a key with a NUL"],
  broken: { secret, open: Effect.map(gone, (pool) => PostgresSink.make({ pool })) },
}

describe("the PostgreSQL sink", () => {
  for (const law of SinkSuite.laws(harness)) it(titleOf(law), () => Effect.runPromise(law.check))
})
