import { Cell, Engine, Entity, Field, Import, Inspection } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { SourceSuite, titleOf } from "@waybill/core/testing"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CsvSource, Profile, ProfiledSource } from "../src/index.ts"
import { dataFile, describeData, failureOf, identityFailure, objectsOf, pagesOf, read, tableOf } from "./support/reading.ts"
import { workbook } from "./support/workbooks.ts"
import { encode } from "./support/writing.ts"

const csv = (definition: Omit<Profile.CsvDefinition, "kind" | "version"> & { readonly version?: number }) =>
  Profile.make({ version: 1, ...definition, kind: "csv" })

const nordwind = csv({
  name: "nordwind",
  version: 3,
  requires: ["sku", "price"],
  aliases: { sku: ["Artikelnummer"], price: ["Preis"], since: ["Seit"] },
  delimiter: ";",
  encoding: "windows-1252",
  formats: { price: { number: "comma", currency: ["€"] }, since: { date: "day-month" } },
  normalizations: [{ rule: "trim" }, { rule: "empty", words: ["-", "00.00.0000"] }],
  defaults: { currency: "EUR", brand: "unknown" },
})
const acme = csv({ name: "acme", requires: ["sku", "cost"], formats: { cost: { number: "point" } } })

const german = encode(
  'Artikelnummer;PREIS;Seit;Brand\r\n A-1 ;"1.234,50 €";31.12.2024;Möbel\r\nA-2;-;00.00.0000;\r\nA-3;7,5;01.02.2024;x;extra\r\nA-4;1,5\r\n',
  "windows-1252",
)
const source = (bytes: Buffer, profiles: ReadonlyArray<Profile.Profile> = [nordwind, acme], name = "prices.csv") =>
  ProfiledSource.make({ bytes, name, profiles })

const changesOf = (pages: Awaited<ReturnType<typeof pagesOf>>): ReadonlyArray<string> =>
  pages.flatMap(({ changes = [], labels }) =>
    changes.map(({ after, before, column, row, rule }) => `${labels[row]} ${rule} ${column}: ${before} → ${after}`),
  )

describe("a file", () => {
  test("is read as the profile says that its header names, and what is changed is logged", async () => {
    const pages = await pagesOf(source(german))
    const table = tableOf(pages)
    expect(table.columns).toEqual(["sku", "price", "since", "brand", "currency"])
    expect(table.rows).toEqual([
      ["A-1", "1234.50", "2024-12-31", "Möbel", "EUR"],
      ["A-2", "", "", "unknown", "EUR"],
      // a cell too many stays, behind the columns
      ["A-3", "7.5", "2024-02-01", "x", "EUR", "extra"],
      // a row that is too short is left as it is
      ["A-4", "1.5"],
    ])
    expect(table.issues.map((issue) => issue.split(" ").slice(0, 2).join(" "))).toEqual(["4 csv.ragged", "5 csv.ragged"])
    expect(changesOf(pages)).toEqual([
      "2 profile.trim sku:  A-1  → A-1",
      "2 csv.number price: 1.234,50 € → 1234.50",
      "2 csv.date since: 31.12.2024 → 2024-12-31",
      "3 profile.empty price: - → ",
      "3 profile.empty since: 00.00.0000 → ",
      "3 profile.default brand:  → unknown",
      "4 csv.number price: 7,5 → 7.5",
      "4 csv.date since: 01.02.2024 → 2024-02-01",
      "5 csv.number price: 1,5 → 1.5",
    ])
    expect(table.notices.filter((notice) => notice.startsWith("profile."))).toEqual([
      'profile.default: There is no column "currency"; the profile says that it is "EUR" in every row.',
    ])
  })

  test("says by which profile it is read", async () => {
    const identity = await Effect.runPromise(source(german).identify)
    const plain = await Effect.runPromise(CsvSource.make({ bytes: german }).identify)
    expect(identity).toEqual({
      ...plain,
      name: "prices.csv",
      details: { profile: { name: "nordwind", version: 3, sha256: nordwind.sha256 } },
      reading: { name: "profile nordwind, version 3", sha256: nordwind.sha256 },
    })
  })

  test("that no profile fits is refused, with what each of them misses and what is near", async () => {
    const error = await identityFailure(source(encode("Artikelnumer;Preis;Seit\nA-1;1,5;\n", "windows-1252")))
    expect(error).toMatchObject({ _tag: "SourceError", reason: "Malformed", isRetryable: false })
    expect(error.message).toBe(
      'prices.csv: no profile fits. nordwind, version 3: there is no "sku" (or "Artikelnummer"): did you mean it by "Artikelnumer"? acme, version 1: there is no "sku"; there is no "cost". The header is "Artikelnumer", "Preis", "Seit".',
    )
    expect((await failureOf(source(Buffer.from("a,b\n1,2\n")))).error.reason).toBe("Malformed")
  })

  test("that several profiles fit is refused, with their names", async () => {
    const twin = csv({ name: "twin", requires: ["sku"] })
    const bytes = Buffer.from("sku,cost\nA,1\n")
    const error = await identityFailure(source(bytes, [acme, nordwind, twin]))
    expect(error.message).toContain("several profiles fit: acme, version 1 and twin, version 1. ")
    const apart = csv({ name: "twin", requires: ["sku"], excludes: ["cost"] })
    expect((await Effect.runPromise(source(bytes, [acme, apart]).identify)).reading?.name).toBe("profile acme, version 1")
    const other = await Effect.runPromise(source(Buffer.from("sku,name\nA,1\n"), [acme, apart]).identify)
    expect(other.reading?.name).toBe("profile twin, version 1")
  })

  test("that is not there, or no table, is said as of any file", async () => {
    const missing = ProfiledSource.make({ file: "/nowhere/prices.csv", profiles: [acme] })
    expect(await identityFailure(missing)).toMatchObject({ reason: "NotFound" })
    expect((await failureOf(missing)).error).toMatchObject({ reason: "NotFound" })
    expect((await identityFailure(source(Buffer.from("")))).message).toContain("acme, version 1: prices.csv:1: the file is empty")
    const small = csv({ name: "small", requires: ["sku"], limits: { bytes: 5 } })
    expect((await failureOf(source(Buffer.from("sku\nA-1\nA-2\n"), [small]))).error.reason).toBe("TooLarge")
  })

  test("of the other kind is not taken for one of this", async () => {
    const error = await identityFailure(ProfiledSource.make({ bytes: Buffer.from("sku,cost\n"), kind: "xlsx", profiles: [acme] }))
    expect(error.message).toContain("it is of kind csv, and this is read as xlsx")
  })

  test("a cursor goes on by the profile it is of, and by no other", async () => {
    const make = (profiles: ReadonlyArray<Profile.Profile>) =>
      ProfiledSource.make({ bytes: german, name: "prices.csv", profiles, pageRows: 1 })
    const pages = await pagesOf(make([nordwind, acme]))
    expect(pages).toHaveLength(4)
    const rest = await pagesOf(make([acme, nordwind]), pages[1]!.cursor)
    expect(tableOf(rest).rows).toEqual(tableOf(pages).rows.slice(2))
    expect(tableOf(rest).columns).toEqual(tableOf(pages).columns)
    for (const cursor of [pages[1]!.cursor, 3, {}, []])
      expect((await failureOf(make([acme]), cursor)).error.message).toContain(
        "the cursor is not one of a source with these profiles",
      )
  })

  test("profiles that cannot be told apart are a defect", () => {
    expect(() => source(german, [])).toThrow("at least one profile")
    expect(() => source(german, [acme, csv({ name: "acme", requires: ["sku"] })])).toThrow(
      "two of the profiles are acme, version 1",
    )
  })
})

test("of a workbook texts are normalized and read by formats, and defaults filled in", async () => {
  const text = (ref: string, value: string) => `<c r="${ref}" t="inlineStr"><is><t xml:space="preserve">${value}</t></is></c>`
  const bytes = workbook({
    sheet: `<sheetData><row r="2">${text("A2", "Kod")}${text("B2", "price")}</row><row r="3">${text("A3", " K-1 ")}${text("B3", "1.234,5")}</row><row r="4">${text("A4", "K-2")}<c r="B4"><v>2.5</v></c></row><row r="5">${text("A5", "-")}${text("B5", "x1")}</row><row r="6">${text("A6", "K-4")}</row></sheetData>`,
  })
  const profile = Profile.make({
    name: "anadolu",
    version: 1,
    kind: "xlsx",
    sheet: "Prices",
    headerRow: 2,
    requires: ["sku", "price"],
    aliases: { sku: ["kod"] },
    formats: { price: { number: "comma" } },
    normalizations: [{ rule: "trim" }, { rule: "empty", words: ["-"] }],
    defaults: { price: "0", currency: "TRY", sku: "none" },
  })
  const pages = await pagesOf(ProfiledSource.make({ bytes, name: "prices.XLSX", profiles: [profile, acme] }))
  const table = tableOf(pages)
  expect(objectsOf(table)).toEqual([
    { sku: "K-1", price: "1234.5", currency: "TRY" },
    { sku: "K-2", price: 2.5, currency: "TRY" },
    { sku: "none", price: "x1", currency: "TRY" },
    { sku: "K-4", price: "0", currency: "TRY" },
  ])
  expect(table.issues).toEqual(["5 xlsx.number price: expected a number with a decimal comma such as 1.234,56"])
  expect(changesOf(pages)).toEqual([
    "3 profile.trim sku:  K-1  → K-1",
    "3 xlsx.number price: 1.234,5 → 1234.5",
    "5 profile.empty sku: - → ",
    "5 profile.default sku:  → none",
    "6 profile.default price: null → 0",
  ])
})

describe("what any profile's conventions write is read back canonical", () => {
  const conventions = fc.record({
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    encoding: fc.constantFrom("utf-8", "utf-16le", "windows-1254", "iso-8859-9"),
    number: fc.constantFrom("comma", "point"),
    date: fc.constantFrom("day-month", "month-day"),
    quote: fc.constantFrom('"', "'"),
    lead: fc.integer({ min: 0, max: 2 }),
    header: fc.constantFrom("sku", "SKU", " Ürün Kodu ", "ürün kodu", "MODEL"),
    word: fc.constantFrom("-", "yok", "NaN"),
  } as const)
  const record = fc.record({
    sku: fc.stringMatching(/^[A-Z]{1,3}-\d{1,4}$/),
    cents: fc.integer({ min: -10_000_000, max: 10_000_000 }),
    day: fc.integer({ min: 0, max: 20_000 }),
    isEmpty: fc.boolean(),
    brand: fc.constantFrom("Şık", "Öz, Işık", "a;b", "Kırk|İki", ""),
  })
  test("cells, changes and defaults", () =>
    fc.assert(
      fc.asyncProperty(conventions, fc.array(record, { maxLength: 8 }), async (how, records) => {
        const profile = csv({
          name: "any",
          requires: ["sku", "price", "since"],
          aliases: { sku: ["Ürün Kodu", "model"] },
          delimiter: how.delimiter,
          encoding: how.encoding,
          quote: how.quote,
          lineEnd: "lf",
          comment: null,
          headerRow: how.lead + 1,
          formats: { price: { number: how.number }, since: { date: how.date } },
          normalizations: [
            { rule: "trim", columns: ["sku"] },
            { rule: "empty", words: ["-", "YOK", "nan"], columns: ["price"] },
          ],
          defaults: { brand: "none", currency: "TRY" },
        })
        const quoted = (cell: string): string => `${how.quote}${cell.replaceAll(how.quote, how.quote + how.quote)}${how.quote}`
        const priceOf = (cents: number): string => {
          const [whole, decimals] = (Math.abs(cents) / 100).toFixed(2).split(".") as [string, string]
          const grouped = whole.replace(/\B(?=(\d{3})+$)/g, how.number === "comma" ? "." : ",")
          return `${cents < 0 ? "-" : ""}${grouped}${how.number === "comma" ? "," : "."}${decimals}`
        }
        const isoOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10)
        const dateOf = (day: number): string => {
          const [year, month, date] = isoOf(day).split("-") as [string, string, string]
          return how.date === "day-month" ? `${date}.${month}.${year}` : `${month}/${date}/${year}`
        }
        const lines = [
          [how.header, "price", "since", "brand"],
          ...records.map((it) => [` ${it.sku} `, it.isEmpty ? how.word : priceOf(it.cents), dateOf(it.day), it.brand]),
        ].map((cells) => cells.map(quoted).join(how.delimiter))
        const text = [...Array.from({ length: how.lead }, () => "Fiyat listesi"), ...lines, ""].join("\n")
        const table = await read(source(encode(text, how.encoding), [profile, acme]))
        expect(table.issues).toEqual([])
        expect(objectsOf(table)).toEqual(
          records.map((it) => ({
            sku: it.sku,
            price: it.isEmpty ? "" : `${it.cents < 0 ? "-" : ""}${(Math.abs(it.cents) / 100).toFixed(2)}`,
            since: isoOf(it.day),
            brand: it.brand === "" ? "none" : it.brand,
            currency: "TRY",
          })),
        )
      }),
      { numRuns: 60 },
    ))
})

describe("an import", () => {
  const Price = Entity.make("price", {
    schema: { sku: Field.text(), price: Field.text(), currency: Field.text() },
    key: "sku",
  })
  const sink = MemorySink.make()
  const definition = Import.make({
    name: "prices",
    row: Schema.Struct({ sku: Cell.text(), price: Cell.text(), currency: Cell.text() }),
    entities: [Price],
    map: Import.columns(Price),
    sink,
  })
  const layers = Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([]))
  const bytes = Buffer.from("sku;price\nA;1,5\nB;2\n")
  const version = (of: number) =>
    csv({
      name: "p",
      version: of,
      requires: ["sku"],
      delimiter: ";",
      formats: { price: { number: "comma" } },
      defaults: { currency: of === 1 ? "EUR" : "TRY" },
    })

  test("by another version of a profile is another import; its rows are read again by the same only", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const first = yield* Engine.run(definition, source(bytes, [version(1)]))
        expect(first).toMatchObject({ status: "success", source: { reading: { name: "profile p, version 1" } } })
        expect(yield* Effect.flip(Engine.validate(definition, source(bytes, [version(1)])))).toMatchObject({
          reason: "AlreadyImported",
          job: first.id,
        })
        const second = yield* Engine.run(definition, source(bytes, [version(2)]))
        expect(second).toMatchObject({ status: "success", counts: { updated: 2 } })
        const rows = (by: number) => Stream.runCollect(Inspection.rows(second.id, source(bytes, [version(by)])))
        expect((yield* rows(2))[0]!.rows).toHaveLength(2)
        expect(yield* Effect.flip(rows(1))).toMatchObject({ reason: "WrongSource" })
      }).pipe(Effect.provide(layers)),
    ))
})

describe("the profiled source", () => {
  const rows = Array.from({ length: 25 }, (_, at) => [`P-${at + 1}`, `${at}.50`, "EUR"])
  const bytes = (of: typeof rows) =>
    Buffer.from(["sku;price", ...of.map(([sku, price]) => `${sku};${price!.replace(".", ",")}`), ""].join("\n"))
  const profile = csv({
    name: "p",
    requires: ["sku", "price"],
    delimiter: ";",
    formats: { price: { number: "comma" } },
    defaults: { currency: "EUR" },
  })
  const open = (content: Buffer): SourceSuite.Open =>
    Effect.sync(() => ProfiledSource.make({ bytes: content, name: "prices.csv", profiles: [profile], pageRows: 10 }))
  const harness: SourceSuite.Harness = {
    open: open(bytes(rows)),
    rows,
    refs: rows.map((_, at) => `prices.csv:${at + 2}`),
    pageRows: 10,
    changed: open(bytes(rows.slice(1))),
    empty: open(bytes([])),
    held: "bytes in memory are not held open",
    broken: [{ name: "another header", open: open(Buffer.from("a,b\n")), reason: "Malformed", isRetryable: false }],
    secrets: "a file has no password",
  }
  for (const law of SourceSuite.laws(harness)) test(titleOf(law), () => Effect.runPromise(law.check))
})

describeData("real catalogs by profile", () => {
  const medusa = csv({
    name: "medusa",
    requires: ["handle", "variant_id"],
    aliases: { handle: ["Product Handle"], variant_id: ["Variant Id"] },
    defaults: { currency: "EUR" },
  })
  const bagisto = csv({ name: "bagisto", requires: ["sku", "parent_sku", "attribute_family_code"] })
  const spree = csv({ name: "spree", requires: ["slug", "sku", "currency"] })
  const bagistoSheet = Profile.make({ name: "bagisto", version: 2, kind: "xlsx", requires: ["sku", "parent_sku"] })
  const profiles = [medusa, bagisto, spree, bagistoSheet]

  test.each([
    ["medusa/exported-products-comma.csv", "medusa, version 1"],
    ["medusa/exported-products-semicolon.csv", "medusa, version 1"],
    ["bagisto/products.csv", "bagisto, version 1"],
    ["bagisto/products.xlsx", "bagisto, version 2"],
    ["spree/products.csv", "spree, version 1"],
  ])("%s is known as %s", async (path, name) => {
    const made = ProfiledSource.make({ file: dataFile(`catalogs/${path}`), profiles })
    expect((await Effect.runPromise(made.identify)).reading?.name).toBe(`profile ${name}`)
    expect((await read(made)).rows.length).toBeGreaterThan(0)
  })

  test("spree's translations are nobody's, and it is said what they lack", async () => {
    const error = await identityFailure(
      ProfiledSource.make({ file: dataFile("catalogs/spree/product_translations.csv"), profiles }),
    )
    expect(error.message).toContain('spree, version 1: there is no "sku"; there is no "currency"')
  })
})
