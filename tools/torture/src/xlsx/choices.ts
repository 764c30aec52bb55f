/**
 * What is read by choice: sheets, headers, merged cells, and what is hidden.
 *
 * @module
 */
import type { Expected } from "../case.ts"
import { type Book, bookOf, data, number, row, text } from "./workbookWriter.ts"
import { book, refused, type XlsxCase, type XlsxOptions } from "./xlsxCase.ts"

const header = row(1, text("A1", "sku"), text("B1", "size"), text("C1", "price"))
const line = (at: number, ...cells: ReadonlyArray<string | number | null>): string =>
  row(
    at,
    ...cells.flatMap((value, column) =>
      value === null ? [] : [(typeof value === "number" ? number : text)(`${"ABC"[column]}${at}`, value as never)],
    ),
  )

const sheets: NonNullable<Book["sheets"]> = [
  { name: "Notes", state: "hidden", xml: data(row(1, text("A1", "note")), row(2, text("A2", "n"))) },
  { name: "Prices", xml: data(row(1, text("A1", "sku")), row(2, text("A2", "p"))) },
  { name: "Secret", state: "veryHidden", xml: data(row(1, text("A1", "x")), row(2, text("A2", "s"))) },
  { name: "A &amp; B", xml: data(row(1, text("A1", "sku")), row(2, text("A2", "q"))) },
]

const sheet = (name: string, choice: XlsxOptions, expected: Expected): XlsxCase => book(name, { sheets }, expected, choice)

const tabs: ReadonlyArray<XlsxCase> = [
  sheet("the first sheet that is not hidden", {}, { rows: [["p"]], notices: ["xlsx.hidden-sheet"] }),
  sheet("a sheet by name", { sheet: "A & B" }, { rows: [["q"]], notices: [] }),
  sheet("a sheet by position", { sheet: 1 }, { rows: [["p"]], notices: [] }),
  sheet("a hidden sheet by name", { sheet: "Notes" }, { rows: [["n"]], notices: ["xlsx.hidden-sheet"] }),
  sheet("a very hidden sheet", { sheet: "Secret" }, { rows: [["s"]], notices: ["xlsx.hidden-sheet"] }),
  refused("a hidden sheet that is not to be read", () => bookOf({ sheets }), "NotFound", ["Notes", "not hidden"], {
    sheet: "Notes",
    hidden: { sheets: "skip" },
  }),
  refused("a sheet that is not there", () => bookOf({ sheets }), "NotFound", ['"Costs"', '"Prices"'], { sheet: "Costs" }),
]

const headers: ReadonlyArray<XlsxCase> = [
  book(
    "a header below a title",
    {
      sheet: data(
        row(1, text("A1", "Price list")),
        row(3, text("A3", "sku"), text("B3", "price")),
        row(4, text("A4", "a"), number("B4", 1)),
      ),
    },
    { columns: ["sku", "price"], rows: [["a", 1]], labels: [4] },
    { headerRow: 3 },
  ),
  book(
    "a header of numbers",
    { sheet: data(row(1, number("A1", 2024)), row(2, number("A2", 1))) },
    { columns: ["2024"], rows: [[1]] },
    {},
  ),
  refused(
    "two columns of one name",
    () => bookOf({ sheet: data(row(1, text("A1", "a"), text("B1", "a"))) }),
    "Malformed",
    ["both called"],
    {},
  ),
  book(
    "a value to the right of the header",
    { sheet: data(row(1, text("A1", "a")), row(2, number("A2", 1), number("B2", 2))) },
    { labels: [2], issues: [{ label: 2, code: "xlsx.beyond-header", column: "B" }] },
    {},
  ),
]

// a size and a price that two rows share, and a header over two columns
const merged: Book = {
  sheet: `${data(header, line(2, "a", "S", 1), line(3, "b", null, null), line(4, "c", "L", 3), line(5, null, null, null))}<mergeCells count="2"><mergeCell ref="B2:C3"/><mergeCell ref="A4:A5"/></mergeCells>`,
}

const merges: ReadonlyArray<XlsxCase> = [
  book(
    "merged cells: the first has the value",
    merged,
    {
      rows: [["a", "S", 1], ["b"], ["c", "L", 3]],
      notices: ["xlsx.merged-cells"],
    },
    {},
  ),
  book(
    "merged cells: the value is repeated",
    merged,
    {
      rows: [
        ["a", "S", "S"],
        ["b", "S", "S"],
        ["c", "L", 3],
      ],
      labels: [2, 3, 4],
      notices: ["xlsx.merged-cells"],
    },
    { merged: "repeat" },
  ),
  book(
    "a header that is merged downwards",
    {
      sheet: `${data(row(1, text("A1", "sku"), text("B1", "size")), row(2, text("B2", "cm")), row(3, text("A3", "a"), number("B3", 1)))}<mergeCells><mergeCell ref="A1:A2"/></mergeCells>`,
    },
    { columns: ["sku", "cm"], rows: [["a", 1]] },
    { merged: "repeat", headerRow: 2 },
  ),
  book(
    "a header that is merged to the right names one column",
    {
      sheet: `${data(row(1, text("A1", "sku"), text("C1", "price")), row(2, text("A2", "a"), text("B2", "x"), number("C2", 1)))}<mergeCells><mergeCell ref="A1:B1"/></mergeCells>`,
    },
    { columns: ["sku", "column 2", "price"], rows: [["a", "x", 1]] },
    { merged: "repeat" },
  ),
  book(
    "an error in merged cells is one of every row",
    {
      sheet: `${data(header, row(2, text("A2", "a"), '<c r="B2" t="e"><v>#N/A</v></c>'), line(3, "b", null, 2))}<mergeCells><mergeCell ref="B2:B3"/></mergeCells>`,
    },
    {
      rows: [["a"], ["b", null, 2]],
      issues: [
        { label: 2, code: "xlsx.error-cell", column: "size" },
        { label: 3, code: "xlsx.error-cell", column: "size" },
      ],
    },
    { merged: "repeat" },
  ),
  refused(
    "merged cells to repeat in rows out of order",
    () => bookOf({ sheet: `${data(header, line(3, "a"), line(2, "b"))}<mergeCells><mergeCell ref="B2:B3"/></mergeCells>` }),
    "Malformed",
    ["row 2 after row 3"],
    { merged: "repeat" },
  ),
]

const hiddenRows: Book = {
  sheet: data(header, line(2, "a", "S", 1), line(3, "b", "M", 2).replace("<row ", '<row hidden="1" '), line(4, "c", "L", 3)),
}
const hiddenColumns: Book = {
  sheet: `<cols><col min="2" max="2" width="9" hidden="1"/><col min="5" max="16384" hidden="1"/></cols>${data(header, line(2, "a", "S", 1))}`,
}

const hidden: ReadonlyArray<XlsxCase> = [
  book(
    "hidden rows are read",
    hiddenRows,
    {
      labels: [2, 3, 4],
      rows: [
        ["a", "S", 1],
        ["b", "M", 2],
        ["c", "L", 3],
      ],
      notices: ["xlsx.hidden-rows"],
    },
    {},
  ),
  book(
    "hidden rows are left out",
    hiddenRows,
    {
      labels: [2, 4],
      rows: [
        ["a", "S", 1],
        ["c", "L", 3],
      ],
      notices: ["xlsx.hidden-rows"],
    },
    { hidden: { rows: "skip" } },
  ),
  book(
    "hidden columns are read",
    hiddenColumns,
    { columns: ["sku", "size", "price"], rows: [["a", "S", 1]], notices: ["xlsx.hidden-columns"] },
    {},
  ),
  book(
    "hidden columns are left out",
    hiddenColumns,
    { columns: ["sku", "price"], rows: [["a", 1]], notices: ["xlsx.hidden-columns"] },
    { hidden: { columns: "skip" } },
  ),
  book(
    "an error in a hidden column that is left out is none, and one behind it is named",
    {
      sheet: `<cols><col min="2" max="2" hidden="true"/></cols>${data(header, row(2, text("A2", "a"), '<c r="B2" t="e"><v>#N/A</v></c>', '<c r="C2" t="e"><v>#REF!</v></c>'))}`,
    },
    { rows: [["a"]], issues: [{ label: 2, code: "xlsx.error-cell", column: "price" }] },
    { hidden: { columns: "skip" } },
  ),
  book(
    "a hidden title row before the header is left out",
    {
      sheet: data(
        row(1, text("A1", "internal")).replace("<row ", '<row hidden="1" '),
        row(2, text("A2", "sku")),
        row(3, text("A3", "a")),
      ),
    },
    { columns: ["sku"], rows: [["a"]], labels: [3], notices: [] },
    { hidden: { rows: "skip" } },
  ),
]

/** See the file's first sentence. */
export const choices: ReadonlyArray<XlsxCase> = [...tabs, ...headers, ...merges, ...hidden]
