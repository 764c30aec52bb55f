import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { XlsxSource } from "../src/index.ts"
import { failureOf, objectsOf, pagesOf, read } from "./support/reading.ts"
import { type WorkbookOptions, workbook } from "./support/workbooks.ts"

const xlsx = (content: WorkbookOptions, options: Partial<XlsxSource.Options> = {}) =>
  XlsxSource.make({ bytes: workbook(content), name: "prices.xlsx", ...options })

const cells = (sheet: string, content: Partial<WorkbookOptions> = {}, options: Partial<XlsxSource.Options> = {}) =>
  read(xlsx({ sheet: `<sheetData>${sheet}</sheetData>`, ...content }, { headers: [..."ABCD"], ...options }))

const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`

describe("cells", () => {
  test("numbers, booleans, texts, formulas, nothing", async () => {
    const table = await cells(
      `<row r="2"><c r="A2"><v>12.50</v></c><c r="B2" t="n"><v>1E-3</v></c><c r="C2" t="b"><v>1</v></c><c r="D2" t="b"><v>0</v></c></row>
       <row r="3"><c r="A3" t="str"><f>A1&amp;"x"</f><v>a &lt; b</v></c><c r="B3" t="str"><f>""</f><v></v></c><c r="C3"/><c r="D3" t="s"><v>1</v></c></row>
       <row r="4"><c r="A4"><v>8690000000001</v></c><c r="B4"><v>12345678901234567</v></c><c r="C4"><v>1234567890123456</v></c></row>`,
      { sharedStrings: "<si><t>no</t></si><si><t>yes</t></si>" },
    )
    expect(table.rows).toEqual([
      [12.5, 0.001, true, false],
      ["a < b", "", null, "yes"],
      [8690000000001, "12345678901234567", 1234567890123456],
    ])
    expect(table.issues).toEqual([])
  })

  test("shared texts: runs, phonetic readings, blanks, escapes, entities, line ends, CDATA", async () => {
    const shared = [
      '<si><r><rPr><b/></rPr><t>Güç </t></r><r><t xml:space="preserve"> adaptörü</t></r></si>',
      '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>',
      '<si><t xml:space="preserve">  two  </t></si>',
      "<si><t>a_x000D_\nb_x005F_x0041_&#10;&#x1F600;&quot;&apos;&amp;amp;\r\nc</t></si>",
      "<si/>",
      "<si><t><![CDATA[<b> & ]]>c</t></si>",
    ]
    const table = await cells(shared.map((_, at) => `<row><c t="s"><v>${at}</v></c><c><v>1</v></c></row>`).join(""), {
      sharedStrings: shared.join(""),
    })
    expect(table.rows.map((row) => row[0])).toEqual([
      "Güç  adaptörü",
      "東京",
      "  two  ",
      `a\r\nb_x0041_\n😀"'&amp;\nc`,
      "",
      "<b> & c",
    ])
  })

  test("dates and times by the cell's style, in both systems", async () => {
    const styles = `<numFmts><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/><numFmt numFmtId="165" formatCode="0.0 &quot;d&quot;"/></numFmts>
      <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
      <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="165"/><xf numFmtId="46"/></cellXfs>`
    const sheet = `<row><c s="1"><v>43860</v></c><c s="2"><v>43860.4375</v></c><c s="3"><v>0.4375</v></c><c s="4"><v>43860</v></c></row>
      <row><c s="5"><v>1.5</v></c><c s="0"><v>43860</v></c><c s="9"><v>43860</v></c><c s="1" t="str"><f>A1</f><v>43860</v></c></row>`
    expect((await cells(sheet, { styles })).rows).toEqual([
      ["2020-01-30", "2020-01-30T10:30:00", "10:30:00", 43860],
      ["36:00:00", 43860, 43860, "43860"],
    ])
    expect((await cells(sheet, { styles, is1904: true })).rows[0]).toEqual([
      "2024-01-31",
      "2024-01-31T10:30:00",
      "10:30:00",
      43860,
    ])
  })

  test("ISO dates lose a midnight", async () => {
    const iso = (value: string) => `<c t="d"><v>${value}</v></c>`
    const table = await cells(
      `<row>${iso("2024-01-31T00:00:00")}${iso("2024-01-31T10:30:00.000")}${iso("2024-01-31")}${iso("10:30:00.25")}</row>`,
    )
    expect(table.rows).toEqual([["2024-01-31", "2024-01-31T10:30:00", "2024-01-31", "10:30:00.25"]])
  })

  test("what is wrong with a cell is an issue, and the rest of the row is read", async () => {
    const table = await cells(
      `<row r="5"><c t="e"><v>#REF!</v></c><c><f>A1</f></c><c><f>A1</f><v/></c><c><v>1</v></c></row>
       <row r="6"><c t="s"><v>7</v></c><c t="s"><v/></c><c><v>1,5</v></c><c t="z"><v>1</v></c></row>
       <row r="7"><c><v> </v></c><c><v>Infinity</v></c><c t="s"><v> </v></c><c><v> 7 </v></c></row>`,
    )
    expect(table.rows).toEqual([[null, null, null, 1], [], [null, null, null, 7]])
    const noResult = "the formula has no saved result; open the workbook in Excel and save it again"
    expect(table.issues).toEqual([
      "5 xlsx.error-cell A: the cell shows the error #REF!",
      `5 xlsx.no-cached-value B: ${noResult}`,
      `5 xlsx.no-cached-value C: ${noResult}`,
      "6 xlsx.bad-cell A: there is no shared text of number 7",
      "6 xlsx.bad-cell B: there is no shared text of number ",
      "6 xlsx.bad-cell C: expected a number, found 1,5",
      "6 xlsx.bad-cell D: there is no kind of cell z",
      "7 xlsx.bad-cell B: expected a number, found Infinity",
      "7 xlsx.bad-cell C: there is no shared text of number  ",
    ])
  })
})

describe("rows", () => {
  test("cells and rows without references follow each other; gaps stay gaps; empty rows are left out", async () => {
    const table = await cells(
      `<row>${text("a")}${text("b")}</row><row/><row r="4"><c r="C4"><v>3</v></c><c><v>4</v></c></row><row>${text("e")}<c r="D5"/></row>
       <row><c/><c s="1"/></row><row r="900"><c r="B900"><v>9</v></c></row>`,
    )
    expect(table.labels).toEqual([1, 4, 5, 900])
    expect(table.rows).toEqual([["a", "b"], [null, null, 3, 4], ["e"], [null, 9]])
  })

  test("a value to the right of the header is a warning; a column without a name is told when it has data", async () => {
    const sheet = `<row>${text("sku")}<c/>${text("price")}</row>
      <row>${text("A")}<c/><c><v>1</v></c><c/>${text("note")}</row><row>${text("B")}${text("x")}<c><v>2</v></c></row>`
    const table = await read(xlsx({ sheet: `<sheetData>${sheet}</sheetData>` }))
    expect(table.columns).toEqual(["sku", "column 2", "price"])
    expect(table.issues).toEqual([
      "2 xlsx.beyond-header E: found a value to the right of the header's last column; it is not read",
    ])
    expect(table.notices).toEqual(['header.empty: A column has data (first in row 3) and no header; it is called "column 2".'])
  })

  test("headers: aliases, numbers, and two of one name", async () => {
    const sheet = (header: string) => ({ sheet: `<sheetData><row>${header}</row><row>${text("x")}</row></sheetData>` })
    const table = await read(xlsx(sheet(`${text("KATEGORİ")}<c><v>2024</v></c>`), { aliases: { category: ["Kategori"] } }))
    expect(table.columns).toEqual(["category", "2024"])
    const { error } = await failureOf(xlsx(sheet(text("a") + text("b") + text("a"))))
    expect(error).toMatchObject({
      reason: "Malformed",
      message: 'prices.xlsx!Prices: row 1: columns 1 and 3 are both called "a"; rename or remove one of them',
    })
  })

  test.each([{ prefix: "x:" }, { strict: true }, { strict: true, prefix: "ss:" }, { stored: true }, { zip64: true }])(
    "the same workbook written with %j",
    async (how) => {
      const content: WorkbookOptions = {
        sheet: `<sheetViews><sheetView workbookViewId="0"/></sheetViews><!-- <row> --><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c></row>
        <row r="2" spans="1:3" note="a > b"><c r="A2" t="s"><v>1</v></c><c t="inlineStr" r="B2"><is><t>i</t></is></c></row></sheetData>`,
        sharedStrings: "<si><t>sku</t></si><si><r><t>A</t></r><r><t>1</t></r></si>",
        sheetName: "Preise &amp; &#350;",
        ...how,
      }
      const pages = await pagesOf(xlsx(content, { sheet: "Preise & Ş", headers: ["A", "B"] }))
      expect(pages[0]).toMatchObject({ place: "prices.xlsx!Preise & Ş", rows: [["sku"], ["A1", "i"]], labels: [1, 2] })
    },
  )

  test("UTF-8 of all lengths across the borders of blocks", async () => {
    const unit = "aÇ€😀"
    const long = unit.repeat(3_000)
    const rows = Array.from({ length: 120 }, (_, at) => `<row>${text("x".repeat(at) + long)}</row>`).join("")
    const table = await cells(rows)
    expect(table.rows.every((row, at) => row[0] === "x".repeat(at) + long)).toBe(true)
    expect(table.rows.length).toBe(120)
  })
})

describe("cursors", () => {
  test("reading from every cursor gives exactly the rest", async () => {
    const row = fc.array(fc.constantFrom("<c/>", "<c><v>1</v></c>", text("ş"), '<c t="e"><v>#N/A</v></c>'), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        async (rows, named, merged, pageRows) => {
          const header = `<row>${text("a")}<c/>${text("c")}</row>`
          const sheet = `<sheetData>${named ? "" : header}${rows.map((cells) => `<row>${cells.join("")}</row>`).join("")}</sheetData>${
            merged ? '<mergeCells><mergeCell ref="A1:B90"/></mergeCells>' : ""
          }`
          const source = xlsx({ sheet }, { pageRows, ...(named ? { headers: ["a", "b"] } : {}) })
          const pages = await pagesOf(source)
          expect(pages.length).toBeGreaterThan(0)
          for (let at = 0; at < pages.length; at++) {
            expect(await pagesOf(source, JSON.parse(JSON.stringify(pages[at]!.cursor)))).toEqual(pages.slice(at + 1))
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test("are refused where they are of something else", async () => {
    const sheet = `<sheetData><row>${text("a")}</row><row>${text("b")}</row></sheetData>`
    const [page] = await pagesOf(xlsx({ sheet }))
    const other = await failureOf(xlsx({ sheet, sheetName: "Stock" }), page!.cursor)
    expect(other.error.message).toBe('prices.xlsx: the cursor is one of the sheet "Prices"')
    for (const cursor of [3, [], {}, { sheet: "Prices" }]) {
      expect((await failureOf(xlsx({ sheet }), cursor)).error.message).toBe(
        "prices.xlsx: the cursor is not one of an XLSX source",
      )
    }
  })
})

test("identify gives hash and size, and options that contradict each other are defects", async () => {
  const source = xlsx({ sheet: "<sheetData/>" })
  const identity = await Effect.runPromise(source.identify)
  expect(identity.sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(source.kind).toBe("xlsx")
  expect(() => XlsxSource.make({ file: "a.xlsx", headers: ["a"], headerRow: 1 })).toThrow(TypeError)
  expect(objectsOf(await read(xlsx({ sheet: "<sheetData/>" }, { headers: ["a"] })))).toEqual([])
})
