import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import {
  Candidates,
  Cell,
  Engine,
  Entity,
  Field,
  Import,
  Inspection,
  type JobStore,
  Normalize,
  type SnapshotStore,
  type Source,
} from "@waybill/core"
import { MemoryDecisionStore, MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { HtmlReport } from "@waybill/core/report"
import { Hostile, TestSource } from "@waybill/core/testing"
import axe from "axe-core"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { chromium, useBrowser } from "./browser.ts"

const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: { sku: Field.text(), price: Field.decimal({ scale: 2 }), title: Field.text(), brand: Field.nullable(Field.text()) },
  key: "sku",
  references: { brand: Brand },
})
const Row = Schema.Struct({
  sku: Cell.text(),
  price: Cell.decimal({ scale: 2 }),
  title: Cell.text(),
  brand: Cell.optional(Cell.text()),
})
const columns = ["sku", "price", "title", "brand"]

const prices = (sink = MemorySink.make(), options: Partial<Import.Options<typeof Row.Type>> = {}) =>
  Import.make<typeof Row.Type>({
    name: "prices",
    row: Row,
    normalize: [Normalize.trim()],
    entities: [Brand, Product],
    map: (row) => [Product.of(row)],
    sink,
    allowPartial: true,
    limits: { issues: 200_000 },
    ...options,
  })

type Cells = ReadonlyArray<string>
const source = (rows: ReadonlyArray<Cells>) =>
  TestSource.make({ columns, rows, place: "p.xlsx!Prices", hashed: true, pageRows: 1_000 })

// the same, as a source that goes by a profile and says how it reads
const profiled = (plain: Source.Source): Source.Source => ({
  ...plain,
  identify: Effect.map(plain.identify, (it) => ({
    ...it,
    reading: { name: "profile <acme>, version 2", sha256: "f".repeat(64) },
  })),
  read: (from) =>
    Stream.map(plain.read(from), (page) => ({
      ...page,
      notices:
        from === null ? [{ code: "csv.encoding", message: "The file is windows-1254: <b>12</b> letters of Turkish." }] : [],
    })),
})

const run = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      effect,
      Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, MemoryDecisionStore.layer, Logger.layer([])),
    ),
  )

const page = (job: string, options?: HtmlReport.Options) =>
  Effect.map(Stream.runCollect(HtmlReport.html(job, options)), (parts) => parts.join(""))

const good = (at: number): Cells => [`sku-${at}`, `${at}.50`, `Title ${at}`, ""]

// three runs: the second changes prices and brings bad rows, the third is the one that is told of
const story = (last: ReadonlyArray<Cells>, as: (plain: Source.Source) => Source.Source = (plain) => plain) =>
  Effect.gen(function* () {
    const definition = prices()
    yield* Engine.run(definition, source(Array.from({ length: 40 }, (_, at) => good(at))))
    yield* Engine.run(definition, source([...Array.from({ length: 38 }, (_, at) => good(at)), ["x", "cheap", "X", ""]]))
    const job = yield* Engine.validate(definition, as(source(last)))
    return { job, text: yield* page(job.id) }
  })

const rows: ReadonlyArray<Cells> = [
  ...Array.from({ length: 30 }, (_, at): Cells => [`sku-${at}`, `${at}.75`, `Title ${at}`, ""]),
  ...Array.from({ length: 5 }, (_, at): Cells => [`new-${at}`, "1.00", "New", ""]),
  ["a", "cheap", "A", ""],
  ["b", "1,5", "B", ""],
  ["c", "2.00", "C", "nobody"],
]

// the JSON of a table, as the page's script reads it
const dataOf = (
  text: string,
  id: string,
): { readonly rows: ReadonlyArray<ReadonlyArray<unknown>>; readonly words: ReadonlyArray<string> } =>
  JSON.parse(new RegExp(`id="data-${id}">(.*?)</script>`, "s").exec(text)![1]!)

const texts = (text: string, id: string): ReadonlyArray<ReadonlyArray<unknown>> => {
  const { rows: found, words } = dataOf(text, id)
  return found.map((row) => row.map((value) => (typeof value === "number" ? words[value] : value)))
}

describe("the page", () => {
  test("says what a job found: figures, issues and changes", async () => {
    const { job, text } = await run(story(rows))
    expect(job.status).toBe("pending")
    expect(text).toContain("Nothing is written yet.")
    expect(texts(text, "issues").map((row) => [row[0], row[1], row[2], row[3], row[4]])).toEqual([
      ["error", "cell.decimal", "p.xlsx!Prices:36", "price", "cheap"],
      ["error", "cell.decimal", "p.xlsx!Prices:37", "price", "1,5"],
      ["error", "reference.missing", "p.xlsx!Prices:38", "brand", "nobody"],
    ])
    const changes = texts(text, "changes")
    expect(changes.filter(([action]) => action === "create")).toHaveLength(5)
    expect(changes.find((row) => String(row[2]).includes("sku-7"))).toEqual([
      "update",
      "product",
      "sku-7",
      "price",
      "7.50",
      "7.75",
      "p.xlsx!Prices:8",
    ])
    expect(text).toMatch(/aria-label="Changes by field: product\.price 30"/)
    expect(text).toMatch(/aria-label="Rows read of 3 runs, the last one 38"/)
    expect(text).toContain(job.snapshot!.hash)
  })

  test("is the same bytes each time", () =>
    run(
      Effect.gen(function* () {
        const { job, text } = yield* story(rows)
        // a later run is no part of it
        yield* Engine.validate(prices(), source([good(1)]))
        expect(yield* page(job.id)).toBe(text)
      }),
    ))

  test("says how the source was read: by which profile, and what it says of itself, apart from what is wrong with rows", () =>
    run(
      Effect.gen(function* () {
        const text = yield* page((yield* Engine.validate(prices(), profiled(source(rows)))).id)
        const section = /<section aria-labelledby="h-reading">.*?<\/section>/s.exec(text)![0]
        expect(section).toContain("Read by <bdi>profile &lt;acme&gt;, version 2</bdi>")
        expect(section).toContain(
          "<dt><code>csv.encoding</code></dt><dd><bdi>The file is windows-1254: &lt;b&gt;12&lt;/b&gt; letters of Turkish.</bdi>",
        )
        expect(section.match(/<dt>/g)).toHaveLength(1)
        expect(yield* page((yield* Engine.validate(prices(), source(rows))).id)).not.toContain("h-reading")
      }),
    ))

  test("says where candidates stand, with near keys of the job itself, whatever is decided and written since", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        sink.tables.set("brand", new Map([["philips", ["philips"]]]))
        const definition = prices(sink, {
          map: (row) => (row.sku === "brand" ? [Brand.of({ slug: row.brand ?? "" })] : [Product.of(row)]),
        })
        const given = (last: string): ReadonlyArray<Cells> => [
          ["brand", "1.00", "B", "Osram"],
          ["a", "1.00", "A", "Ossram"],
          ["b", "1.00", "B", "phillips"],
          ["c", "1.00", "C", last],
        ]
        const first = yield* Engine.validate(definition, source(given("")))
        const decide = { entity: "brand", by: "ann" }
        yield* Candidates.decide(definition, first.id, { ...decide, key: "phillips", verdict: "map", as: "philips" })
        const job = yield* Engine.validate(definition, source(given("nobody")))
        const text = yield* page(job.id)
        expect(texts(text, "candidates").map((row) => [row[1], row[4], row[5], row[6]])).toEqual([
          ["Ossram", "open", "", "Osram"],
          ["nobody", "open", "", ""],
          ["phillips", "mapped", "philips", ""],
        ])
        sink.tables.get("brand")!.set("Ossrams", ["Ossrams"])
        yield* Candidates.decide(definition, job.id, { ...decide, key: "Ossram", verdict: "reject" })
        expect(yield* page(job.id)).toBe(text)
      }),
    ))

  test("shows so many rows, and says how many more there are", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(), source(Array.from({ length: 250 }, (_, at) => [`s${at}`, "cheap", "T", ""])))
        const text = yield* page(job.id, { maxRows: 120 })
        expect(dataOf(text, "issues").rows).toHaveLength(120)
        expect(text).toContain("130 more are not shown here")
        expect(text.match(/<td class="error">/g)).toHaveLength(100)
      }),
    ))

  test("of a job that sealed nothing has its issues", () =>
    run(
      Effect.gen(function* () {
        const broken = TestSource.make({ columns: ["sku"], rows: [["a"]], place: "p.csv", hashed: true })
        const job = yield* Engine.validate(prices(), broken)
        const text = yield* page(job.id)
        expect([job.status, text.includes("column.missing"), text.includes('id="data-changes"')]).toEqual(["failed", true, false])
      }),
    ))

  test("has no value of the data as markup, whatever it is", () =>
    run(
      Effect.gen(function* () {
        const hostile = [
          ...Hostile.keys,
          ...Hostile.values.filter(({ kind }) => kind === "text").map(({ value }) => String(value)),
          "</script><script>alert(1)</script>",
          "<!--<script>",
          "<img src=x onerror=alert(1)>",
          '" onmouseover="alert(1)',
          "\u202egnp.exe",
          "\u2028",
          "]]>",
        ]
        const job = yield* Engine.validate(prices(), source(hostile.map((value, at) => [`k${at}`, value, value, value])))
        const text = yield* page(job.id)
        const data = /(?<=<script type="application\/json"[^>]*>).*?(?=<\/script>)/gs
        const markup = text.replace(data, "")
        expect([/<img|<!--|<script>alert|" onmouseover/.test(markup), markup.length < text.length]).toEqual([false, true])
        expect(text.match(data)!.filter((json) => json.includes("<"))).toEqual([])
        expect(/[\u0000-\u0008\u200e\u200f\u2028\u2029\u202a-\u202e]/.test(text)).toBe(false)
        const issues = yield* Stream.runCollect(Inspection.issues(job.id))
        expect(dataOf(text, "issues").rows).toHaveLength(issues.length)
      }),
    ))
})

describe.skipIf(chromium === undefined)("in a browser", () => {
  const browser = useBrowser()
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "waybill-report-"))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const open = async (text: string) => {
    const path = join(folder, "report.html")
    await writeFile(path, text)
    const tab = await browser().newPage()
    // what is clicked must not be on its way
    await tab.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }])
    const trouble: Array<string> = []
    tab.on("console", (message) => void trouble.push(message.text()))
    tab.on("pageerror", (error) => void trouble.push(String(error)))
    tab.on("request", (request) => void (request.url().startsWith("file:") || trouble.push(`asks for ${request.url()}`)))
    await tab.goto(pathToFileURL(path).href, { waitUntil: "load" })
    await tab.waitForFunction(`document.querySelector("[data-said]").textContent.includes(" of ")`)
    return { tab, trouble }
  }

  test("filters, sorts and pages its tables, and asks for nothing", async () => {
    const many = Array.from(
      { length: 250 },
      (_, at): Cells => [`s${at}`, at % 5 === 0 ? "1.00" : `cheap ${at}`, "T", at % 5 === 0 ? "nobody" : ""],
    )
    const { text } = await run(story(many))
    const { tab, trouble } = await open(text)
    const said = () => tab.$eval("[data-table=issues] [data-said]", (it) => it.textContent)
    const firstCells = () => tab.$$eval("[data-table=issues] tbody tr:first-child td", (all) => all.map((it) => it.textContent))
    expect(await said()).toBe("1 to 100 of 250")
    await tab.click("[data-table=issues] [data-go=last]")
    expect(await said()).toBe("201 to 250 of 250")
    await tab.focus("[data-table=issues] select[data-at='1']")
    await tab.select("[data-table=issues] select[data-at='1']", "2")
    expect(await said()).toBe("1 to 50 of 50 found in 250")
    expect((await firstCells())[1]).toBe("reference.missing")
    await tab.select("[data-table=issues] select[data-at='1']", "")
    await tab.click("[data-table=issues] thead th:nth-child(3) button")
    await tab.click("[data-table=issues] thead th:nth-child(3) button")
    expect((await firstCells())[2]).toBe("p.xlsx!Prices:250")
    expect(await tab.$eval("[data-table=issues] thead th:nth-child(3)", (it) => it.getAttribute("aria-sort"))).toBe("descending")
    await tab.type("[data-table=issues] input", "cheap 17")
    await tab.waitForFunction(`document.querySelector("[data-table=issues] [data-said]").textContent.includes("found in")`)
    expect(await said()).toBe("1 to 9 of 9 found in 250")
    expect(trouble).toEqual([])
    await tab.close()
  })

  test.each(["light", "dark"])("has no barrier that axe knows of (%s)", async (scheme) => {
    const { text } = await run(story(rows, profiled))
    const { tab } = await open(text)
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }])
    for (const summary of await tab.$$("summary")) await summary.click()
    // the page forbids scripts of others: this one comes by the debugger
    await tab.evaluate(axe.source)
    const violations = await tab.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))`,
    )
    expect(violations).toEqual([])
    await tab.close()
  })

  test("shows hostile values as text, and runs none of them", async () => {
    const values = [
      "</script><script>document.title='owned'</script>",
      "<img src=x onerror=document.title='owned'>",
      "\u202egnp.exe",
    ]
    const { text } = await run(story(values.map((value, at) => [`k${at}`, value, value, ""])))
    const { tab, trouble } = await open(text)
    expect(await tab.title()).toBe("prices: pending")
    const shown = await tab.$$eval("[data-table=issues] tbody td:nth-child(5)", (all) => all.map((it) => it.textContent))
    expect(shown).toEqual([values[0], values[1], "⟨U+202E⟩gnp.exe"])
    expect(trouble).toEqual([])
    await tab.close()
  })
})
