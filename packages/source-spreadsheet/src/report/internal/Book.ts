/**
 * A book is a workbook while it is written: sheets one after the other, in any order, and at the end what ties them together.
 */
import { Effect } from "effect"
import type { ReportError } from "../ReportError.ts"
import * as SheetText from "./SheetText.ts"
import * as styles from "./styles.ts"
import { xmlAttribute, xmlText } from "./text.ts"
import { type Out, ZipWriter } from "./ZipWriter.ts"

/** The most rows of a sheet. */
export const mostRows = 1_048_576
/** The most links of a sheet; Excel takes a few more and refuses the sheet then. */
export const mostLinks = 65_000

/** What a book says of itself. */
export interface Properties {
  readonly title: string
  /** An ISO moment. */
  readonly created: string
}

interface Sheet {
  readonly name: string
  readonly part: number
  readonly order: number
  readonly filter: string | undefined
}

/** A table: one sheet, or as many as its rows need. */
export interface Table {
  readonly name: string
  readonly columns: ReadonlyArray<SheetText.Column>
  /** The place of its sheets among the others. */
  readonly order: number
  readonly colour: string
  /** How many sheets of this name there are already. */
  readonly before?: number
}

/** A row of a table. */
export interface Row {
  readonly cells: ReadonlyArray<SheetText.Value | SheetText.Cell>
  /** A link from one of its cells: the position of that, and the sheet and cell it leads to. */
  readonly link?: { readonly at: number; readonly to: string } | undefined
}

const xml = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n`
const office = "http://schemas.openxmlformats.org/officeDocument/2006"
const packages = "http://schemas.openxmlformats.org/package/2006"

/** `'Sheet'!A1`, as links and names have it. */
export const reference = (sheet: string, cell: string): string => `'${sheet.replaceAll("'", "''")}'!${cell}`

/** See the file's first sentence. */
export class Book<E, R> {
  private readonly sheets: Array<Sheet> = []
  readonly zip: ZipWriter<E, R>

  constructor(
    out: Out<E, R>,
    private readonly properties: Properties,
    private readonly rowsPerSheet: number,
  ) {
    this.zip = new ZipWriter(out)
  }

  /** Begins a table. */
  table(table: Table): OpenTable<E, R> {
    return new OpenTable(this, table, this.rowsPerSheet)
  }

  /** Writes a sheet of rows that are laid out one by one. */
  sheet(
    name: string,
    order: number,
    layout: SheetText.Layout,
    rows: ReadonlyArray<Row>,
  ): Effect.Effect<void, E | ReportError, R> {
    const links = rows.flatMap(({ link }, at) =>
      link === undefined ? [] : [{ from: `${SheetText.columnLetters(link.at)}${at + 1}`, to: link.to }],
    )
    const text = rows.map(({ cells }, at) => SheetText.rowXml(at + 1, cells, layout.columns)).join("")
    return this.zip.add(
      this.begin(name, order, undefined),
      SheetText.beginning(layout) + text + SheetText.ending(layout, rows.length, links),
    )
  }

  /** Notes a sheet; gives the path of its part. */
  begin(name: string, order: number, filter: string | undefined): string {
    const part = this.sheets.length + 1
    this.sheets.push({ name, part, order, filter })
    return `xl/worksheets/sheet${part}.xml`
  }

  /** Says what the filter of the last sheet covers, which is known at its end. */
  filtered(filter: string): void {
    this.sheets.push({ ...this.sheets.pop()!, filter })
  }

  /** Writes what ties the sheets together. `names` are cells that have a name, as `Name` → `'Sheet'!$A$1`. */
  end(names: Readonly<Record<string, string>>): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => this.tie(names))
  }

  private tie(names: Readonly<Record<string, string>>): Effect.Effect<void, E | ReportError, R> {
    const { zip } = this
    const sheets = [...this.sheets].sort((one, other) => one.order - other.order || one.part - other.part)
    const parts: ReadonlyArray<readonly [path: string, text: string]> = [
      ["xl/styles.xml", styles.part],
      ["xl/workbook.xml", workbook(sheets, names)],
      [
        "xl/_rels/workbook.xml.rels",
        relationships([
          ...this.sheets.map(
            ({ part }) => [`rId${part}`, `${office}/relationships/worksheet`, `worksheets/sheet${part}.xml`] as const,
          ),
          ["rIdStyles", `${office}/relationships/styles`, "styles.xml"],
        ]),
      ],
      ["docProps/core.xml", core(this.properties)],
      [
        "docProps/app.xml",
        `${xml}<Properties xmlns="${office}/extended-properties"><Application>Waybill</Application></Properties>`,
      ],
      [
        "_rels/.rels",
        relationships([
          ["rId1", `${office}/relationships/officeDocument`, "xl/workbook.xml"],
          ["rId2", `${packages}/relationships/metadata/core-properties`, "docProps/core.xml"],
          ["rId3", `${office}/relationships/extended-properties`, "docProps/app.xml"],
        ]),
      ],
      ["[Content_Types].xml", contentTypes(this.sheets)],
    ]
    return Effect.andThen(
      Effect.forEach(parts, ([path, text]) => zip.add(path, text), { discard: true }),
      zip.end(),
    )
  }
}

const relationships = (list: ReadonlyArray<readonly [id: string, type: string, target: string]>): string =>
  `${xml}<Relationships xmlns="${packages}/relationships">${list
    .map(([id, type, target]) => `<Relationship Id="${id}" Type="${type}" Target="${target}"/>`)
    .join("")}</Relationships>`

const workbook = (sheets: ReadonlyArray<Sheet>, names: Readonly<Record<string, string>>): string => {
  const own = sheets.flatMap(({ filter, name }, at) => {
    if (filter === undefined) return []
    const [first, last] = filter.split(":").map((cell) => cell.replace(/^([A-Z]+)(\d+)$/, "$$$1$$$2")) as [string, string]
    const range = xmlText(reference(name, `${first}:${last}`))
    const titles = xmlText(reference(name, "$1:$1"))
    return [
      `<definedName name="_xlnm._FilterDatabase" localSheetId="${at}" hidden="1">${range}</definedName>`,
      `<definedName name="_xlnm.Print_Titles" localSheetId="${at}">${titles}</definedName>`,
    ]
  })
  const given = Object.entries(names).map(([name, cell]) => `<definedName name="${name}">${xmlText(cell)}</definedName>`)
  return `${xml}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${office}/relationships"><bookViews><workbookView xWindow="0" yWindow="0" windowWidth="28800" windowHeight="16000" tabRatio="800"/></bookViews><sheets>${sheets
    .map(({ name, part }) => `<sheet name="${xmlAttribute(name)}" sheetId="${part}" r:id="rId${part}"/>`)
    .join("")}</sheets><definedNames>${[...own, ...given].join("")}</definedNames></workbook>`
}

const core = ({ created, title }: Properties): string =>
  `${xml}<cp:coreProperties xmlns:cp="${packages}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>${xmlText(title)}</dc:title><dc:creator>Waybill</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">${xmlText(created)}</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">${xmlText(created)}</dcterms:modified></cp:coreProperties>`

const contentTypes = (sheets: ReadonlyArray<Sheet>): string => {
  const spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
  const overrides = [
    ["/xl/workbook.xml", `${spreadsheet}.sheet.main+xml`],
    ["/xl/styles.xml", `${spreadsheet}.styles+xml`],
    ...sheets.map(({ part }) => [`/xl/worksheets/sheet${part}.xml`, `${spreadsheet}.worksheet+xml`] as const),
    ["/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"],
    ["/docProps/app.xml", "application/vnd.openxmlformats-officedocument.extended-properties+xml"],
  ]
  return `${xml}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${overrides
    .map(([part, type]) => `<Override PartName="${part}" ContentType="${type}"/>`)
    .join("")}</Types>`
}

/** A table that is being written. */
export class OpenTable<E, R> {
  /** The sheets so far, and the number of the last row of the one at hand (0 before the first). */
  readonly sheets: Array<string> = []
  row = 0
  /** Rows over all sheets, without headers. */
  rows = 0
  /** Links that there was no room for. */
  unlinked = 0
  private links: Array<SheetText.Link> = []
  private readonly layout: SheetText.Layout

  constructor(
    private readonly book: Book<E, R>,
    private readonly table: Table,
    private readonly rowsPerSheet: number,
  ) {
    this.layout = { columns: table.columns, colour: table.colour, hasHeader: true, isSelected: false, orientation: "landscape" }
  }

  /** Adds rows; begins a further sheet where one is full. */
  add(rows: ReadonlyArray<Row>): Effect.Effect<void, E | ReportError, R> {
    const self = this
    return Effect.gen(function* () {
      let text = ""
      for (const { cells, link } of rows) {
        if (self.row === 0 || self.row >= self.rowsPerSheet) {
          if (text !== "") yield* self.book.zip.write(text)
          text = ""
          if (self.row > 0) yield* self.endSheet()
          yield* self.beginSheet()
        }
        self.row++
        self.rows++
        text += SheetText.rowXml(self.row, cells, self.table.columns)
        if (link === undefined) continue
        if (self.links.length < mostLinks)
          self.links.push({ from: `${SheetText.columnLetters(link.at)}${self.row}`, to: link.to })
        else self.unlinked++
      }
      if (text !== "") yield* self.book.zip.write(text)
    })
  }

  /** Ends the table; one without rows has its header. */
  end(): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => (this.row === 0 ? Effect.andThen(this.beginSheet(), this.endSheet()) : this.endSheet()))
  }

  private beginSheet(): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => {
      const { before = 0, columns, name, order } = this.table
      const number = before + this.sheets.length + 1
      const sheet = number === 1 ? name : `${name} ${number}`
      this.sheets.push(sheet)
      this.row = 1
      this.links = []
      const header = columns.map(({ heading }): SheetText.Cell => ({ value: heading, style: "header" }))
      const text = SheetText.beginning(this.layout) + SheetText.rowXml(1, header, columns)
      return Effect.andThen(this.book.zip.open(this.book.begin(sheet, order, undefined)), this.book.zip.write(text))
    })
  }

  private endSheet(): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => {
      this.book.filtered(SheetText.filterRange(this.layout, this.row))
      return Effect.andThen(this.book.zip.write(SheetText.ending(this.layout, this.row, this.links)), this.book.zip.close())
    })
  }
}
