/**
 * The catalog import against a real PostgreSQL: what the preview says is what the commit does, and nothing else.
 */
import type { Engine, Job } from "@waybill/core"
import { describe, expect, test } from "vitest"
import { type Contents, useShop } from "./shop.ts"

const shop = useShop()

const first = { rows: 600, seed: 1 }
const second = { ...first, delivery: 2 } as const

// created, updated, unchanged, refused
const brief = ({ counts }: Job.Job) =>
  Object.fromEntries(
    Object.entries(counts.entities)
      .filter(([, of]) => of.records > 0)
      .map(([name, of]) => [name, [of.created, of.updated, of.unchanged, of.failed]]),
  )

describe("preview and commit", () => {
  test("a first delivery: what is messy is cleaned, what is wrong is told, the rest goes in exactly as planned", async () => {
    const before = await shop.contents()
    const job = await shop.validate(await shop.workbook(first))
    expect(job).toMatchObject({ status: "pending", failure: null, mode: "strict" })
    expect(await shop.contents()).toStrictEqual(before)
    expect(job.counts).toMatchObject({ processed: 600, imported: 587, rejected: 13, created: 785, updated: 0, unchanged: 0 })
    expect(brief(job)).toStrictEqual({ product: [198, 0, 0, 2], variant: [587, 0, 0, 7] })
    expect(job.counts.normalizations).toMatchObject({ disambiguate: 15, "turkish-date": 201 })
    const errors = (await shop.issues(job.id)).filter(({ severity }) => severity === "error")
    expect(errors.map(({ code, column, ref, value }) => [ref?.split(":")[1], column, code, value])).toStrictEqual([
      ["14", "brand", "cell.empty", null],
      ["24", "price", "cell.decimal", "sorunuz"],
      ["32", "available_from", "cell.date", "2026-02-31"],
      ["38", "price", expect.stringContaining("error"), "#N/A"],
      ["38", "price", "cell.empty", null],
      ["48", "barcode", "rule.barcode", "8690000000046"],
      ["60", "slug", "key.conflict", "inci-sarkit"],
      ["53", "brand", "reference.missing", "yeni-ufuk"],
      ["56", "series", "reference.missing", "gece-mavisi"],
      ["42", "price", "postgres.23514", "0.00"],
      ["53", "product", "reference.refused", "safak-boy-aynasi"],
      ["54", "product", "reference.refused", "safak-boy-aynasi"],
      ["55", "product", "reference.refused", "safak-boy-aynasi"],
      ["56", "product", "reference.refused", "inci-masa-lambasi"],
      ["57", "product", "reference.refused", "inci-masa-lambasi"],
      ["58", "product", "reference.refused", "inci-masa-lambasi"],
    ])
    const done = await matches(job.id)
    expect(done.status).toBe("partial")
    expect(done.counts.entities).toStrictEqual(job.counts.entities)
    const [tidy] = await shop.query(`
      SELECT model_code, product.slug, title_tr, title_en, width, depth, price::text, to_char(available_from, 'YYYY-MM-DD') AS available_from, specs
      FROM shop.variant JOIN shop.product ON product.id = product_id WHERE model_code = 'KTP-6119-2'`)
    expect(tidy).toStrictEqual({
      model_code: "KTP-6119-2",
      slug: "urgup-kitaplik",
      title_tr: "Ürgüp Kitaplık",
      title_en: "Urgup Bookcase",
      width: "24.2",
      depth: null,
      price: "22074.43",
      available_from: "2026-01-09",
      specs: {
        color: "Beyaz",
        material: "Pamuk",
        weight_kg: "11.5",
        max_load_kg: "40",
        assembly: "Gerekli",
        drawers: "0",
        origin: "Türkiye",
        warranty: "5",
      },
    })
  })

  test("a second delivery: new prices are updates, new articles are created, the rest is unchanged", async () => {
    await shop.commit((await shop.validate(await shop.workbook(first))).id)
    const job = await shop.validate(await shop.workbook(second))
    expect(brief(job)).toStrictEqual({ product: [2, 0, 198, 2], variant: [6, 60, 527, 7] })
    const done = await matches(job.id)
    expect(done.counts.entities).toStrictEqual(job.counts.entities)
  })

  test("the same delivery once more is unchanged, all of it", async () => {
    const file = await shop.workbook(first)
    await shop.commit((await shop.validate(file)).id)
    const before = await shop.contents()
    const job = await shop.validate(file, { force: true })
    expect(job.counts).toMatchObject({ created: 0, updated: 0, unchanged: 785 })
    expect(brief(job)).toStrictEqual({ product: [0, 0, 198, 2], variant: [0, 0, 587, 7] })
    await shop.commit(job.id)
    expect(await shop.contents()).toStrictEqual(before)
  })
})

const ordered = (candidates: ReadonlyArray<Engine.Candidate>) => [...candidates].sort((a, b) => (a.entity < b.entity ? -1 : 1))

describe("references that lead nowhere", () => {
  test("strict mode refuses them and lists each once", async () => {
    const job = await shop.validate(await shop.workbook(first))
    const before = await shop.contents()
    await shop.commit(job.id)
    const after = await shop.contents()
    for (const table of ["category", "series", "brand"]) expect(after[table]).toStrictEqual(before[table])
    expect(ordered(await shop.candidates(job.id))).toMatchObject([
      { entity: "brand", key: "yeni-ufuk", rows: 3, created: false },
      { entity: "series", key: "gece-mavisi", rows: 3, created: false },
    ])
  })

  test("smart mode creates them, and what they need in turn", async () => {
    const job = await shop.validate(await shop.workbook(first), { mode: "smart" })
    expect(ordered(await shop.candidates(job.id))).toMatchObject([
      { entity: "brand", key: "yeni-ufuk", created: true },
      { entity: "category", key: "diger", created: true },
      { entity: "series", key: "gece-mavisi", created: true },
    ])
    expect(brief(job)).toStrictEqual({
      category: [1, 0, 0, 0],
      series: [1, 0, 0, 0],
      brand: [1, 0, 0, 0],
      product: [200, 0, 0, 0],
      variant: [593, 0, 0, 1],
    })
    await matches(job.id)
    expect(
      await shop.query(`
        SELECT series.title AS series, category.title AS category, count(*)::int AS products
        FROM shop.product JOIN shop.series ON series.id = series_id JOIN shop.category ON category.id = series.category_id
        WHERE series.slug = 'gece-mavisi' GROUP BY 1, 2`),
    ).toStrictEqual([{ series: "Gece mavisi", category: "Diger", products: 1 }])
  })
})

describe("a database that refuses the last row at commit", () => {
  const refusals: ReadonlyArray<readonly [string, (key: string) => string]> = [
    ["by a check", (key) => `ALTER TABLE shop.variant ADD CONSTRAINT late CHECK (model_code <> '${key}') NOT VALID`],
    [
      "by a foreign key",
      (key) => `
        CREATE TABLE shop.permit (model_code varchar(40) PRIMARY KEY);
        INSERT INTO shop.permit SELECT code FROM unnest(ARRAY[$codes]) AS code WHERE code <> '${key}';
        ALTER TABLE shop.variant ADD CONSTRAINT late FOREIGN KEY (model_code) REFERENCES shop.permit NOT VALID`,
    ],
  ]
  test.each(refusals)("%s is left exactly as it was", async (_, constraint) => {
    const job = await shop.validate(await shop.workbook(first))
    const variants = (await shop.changes(job.id)).filter(({ action, entity }) => entity === "variant" && action === "create")
    const last = variants.at(-1)!
    await shop.query(constraint(last.key).replace("$codes", variants.map(({ key }) => `'${key}'`).join(", ")))
    const before = await shop.contents()
    const done = await shop.commit(job.id)
    expect(done.status).toBe("failed")
    expect(done.failure?.code).toBe("sink.DataRefused")
    expect(done.failure?.message).toContain(`${last.ref}: `)
    expect((await shop.issues(job.id)).at(-1)).toMatchObject({ ref: last.ref, entity: "variant", column: "late" })
    expect(await shop.contents()).toStrictEqual(before)
  })
})

// the records of a table by natural key
const byKey = (contents: Contents, table: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> =>
  new Map(
    (contents[table] ?? []).map((row) => {
      const record = JSON.parse(row) as Record<string, unknown>
      return [String(record["slug"] ?? record["model_code"]), record]
    }),
  )

// commits a job and compares every record of the database with what the plan said of it
const matches = async (id: string): Promise<Job.Job> => {
  const before = await shop.contents()
  const changes = await shop.changes(id)
  const done = await shop.commit(id)
  expect(done.failure).toBeNull()
  const after = await shop.contents()
  for (const table of Object.keys(before)) {
    const old = byKey(before, table)
    const now = byKey(after, table)
    const planned = changes.filter(({ entity }) => entity === table)
    const keys = (action: string) => new Set(planned.filter((it) => it.action === action).map(({ key }) => key))
    expect(new Set([...now.keys()].filter((key) => !old.has(key)))).toStrictEqual(keys("create"))
    for (const key of keys("refuse")) expect(now.has(key)).toBe(old.has(key))
    const updates = new Map(planned.filter(({ action }) => action === "update").map((it) => [it.key, it.changes]))
    for (const [key, record] of old) {
      const expected: Record<string, unknown> = { ...record }
      for (const { after: value, before: seen, field } of updates.get(key) ?? []) {
        expect(Number(record[field])).toBe(Number(seen))
        expected[field] = Number(value)
      }
      expect(now.get(key)).toStrictEqual(expected)
    }
  }
  return done
}
