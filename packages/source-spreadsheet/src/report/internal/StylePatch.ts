/**
 * Adds styles to a workbook's own: each is one that is there with another fill, so that formats, fonts and borders stay.
 */

// the fill of marked cells
const colour = "FFFDE2E1"

const section = (xml: string, name: string): { readonly start: number; readonly end: number } | undefined => {
  const open = new RegExp(`<(?:[\\w.-]+:)?${name}(?=[\\s>])[^>]*>`).exec(xml)
  if (open === null || open[0].endsWith("/>")) return undefined
  const start = open.index + open[0].length
  const close = new RegExp(`</(?:[\\w.-]+:)?${name}\\s*>`).exec(xml.slice(start))
  return close === null ? undefined : { start, end: start + close.index }
}

const counted = (xml: string, name: string, count: number): string =>
  xml.replace(new RegExp(`(<(?:[\\w.-]+:)?${name}(?=[\\s>])[^>]*?\\scount=")\\d+`), (_, before: string) => `${before}${count}`)

/** See the file's first sentence. */
export class StylePatch {
  private readonly formats: ReadonlyArray<string>
  private readonly added: Array<string> = []
  private readonly marks = new Map<number, number>()
  private readonly prefix: string
  private readonly fill: number

  /** `xml` is the part `styles.xml`; styles that it lacks are taken for the first. */
  constructor(private readonly xml: string) {
    this.prefix = /<([\w.-]+:)?styleSheet[\s>]/.exec(xml)?.[1] ?? ""
    const formats = section(xml, "cellXfs")
    const text = formats === undefined ? "" : xml.slice(formats.start, formats.end)
    this.formats = text.match(/<(?:[\w.-]+:)?xf\b(?:[^>]*\/>|[^>]*>[\s\S]*?<\/(?:[\w.-]+:)?xf\s*>)/g) ?? []
    const fills = section(xml, "fills")
    this.fill = fills === undefined ? -1 : (xml.slice(fills.start, fills.end).match(/<(?:[\w.-]+:)?fill(?=[\s>/])/g) ?? []).length
  }

  /** Whether styles can be added: a workbook without fills or formats keeps its looks. */
  get canMark(): boolean {
    return this.fill >= 0 && this.formats.length > 0
  }

  /** The style of a marked cell that had this one. */
  readonly marked = (style: number): number => {
    if (!this.canMark) return style
    const known = this.marks.get(style)
    if (known !== undefined) return known
    const format = (this.formats[style] ?? this.formats[0]!)
      .replace(/\s(?:fillId|applyFill)="[^"]*"/g, "")
      .replace(/xf(?=[\s/>])/, `xf fillId="${this.fill}" applyFill="1"`)
    const number = this.formats.length + this.added.length
    this.added.push(format)
    this.marks.set(style, number)
    return number
  }

  /** The style of the issue column's cells: text that goes on in further lines. */
  issue(): number {
    if (!this.canMark) return 0
    const { prefix } = this
    this.added.push(
      `<${prefix}xf numFmtId="49" fontId="0" fillId="0" borderId="0" quotePrefix="1" applyNumberFormat="1" applyAlignment="1"><${prefix}alignment vertical="top" wrapText="1"/></${prefix}xf>`,
    )
    return this.formats.length + this.added.length - 1
  }

  /** The part with what was added. */
  part(): string {
    if (!this.canMark || this.added.length === 0) return this.xml
    const { prefix } = this
    const formats = section(this.xml, "cellXfs")!
    const withFormats = this.xml.slice(0, formats.end) + this.added.join("") + this.xml.slice(formats.end)
    const fills = section(withFormats, "fills")!
    const fill = `<${prefix}fill><${prefix}patternFill patternType="solid"><${prefix}fgColor rgb="${colour}"/><${prefix}bgColor indexed="64"/></${prefix}patternFill></${prefix}fill>`
    const whole = withFormats.slice(0, fills.end) + fill + withFormats.slice(fills.end)
    return counted(counted(whole, "cellXfs", this.formats.length + this.added.length), "fills", this.fill + 1)
  }
}
