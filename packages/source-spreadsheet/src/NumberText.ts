/**
 * Numbers as people write them: decimal comma or point, groups of thousands, percent and currency signs. They become the one text that cells
 * of an import read: digits with a point.
 *
 * @module
 */

/** What parts the decimals of a column's numbers. */
export type Style = "comma" | "point"

/** How the numbers of a column are written. */
export interface Format {
  /** The decimal sign; `detect` decides by all numbers of the sample. The other sign, blanks and apostrophes may part thousands. */
  readonly number: Style | "detect"
  /** Every number has a percent sign: `12,5 %` becomes `0.125` (`fraction`) or `12.5` (`points`). Without it a percent sign is an issue. */
  readonly percent?: "fraction" | "points"
  /** Signs or codes of the currency that numbers may have before or behind them: `["€", "EUR"]`. Any other is an issue. */
  readonly currency?: ReadonlyArray<string>
}

/** What a text says of its column: the decimal sign, nothing (`12`), either of the two (`1,234`), or that it is no number. */
export type Evidence = Style | "nothing" | "either" | "none"

const outer = /^[\s\u00a0\u202f]+|[\s\u00a0\u202f]+$/g
const groupSigns = " \u00a0\u202f\u2009'’"

const body = (decimal: string, thousands: string): RegExp =>
  new RegExp(
    `^(?:(?<whole>\\d+|[1-9]\\d{0,2}(?:(?<sign>[${thousands}${groupSigns}])\\d{3})(?:\\k<sign>\\d{3})*)?(?:\\${decimal}(?<decimals>\\d+))?)(?<exponent>[eE][+-]?\\d{1,3})?$`,
  )

const forms = { comma: body(",", "."), point: body(".", ",") }

// the number without its signs: what is before and behind it
const stripped = (text: string, format: Format): { readonly sign: string; readonly digits: string } | undefined => {
  let rest = text.replace(outer, "")
  let negative = false
  const bracketed = /^\((.*)\)$/.exec(rest)
  if (bracketed !== null) {
    negative = true
    rest = bracketed[1]!.replace(outer, "")
  }
  const minus = (): boolean => {
    const match = /^[-−]|[-−]$|^\+/.exec(rest)
    if (match === null) return false
    if (match[0] !== "+") {
      if (negative) return false
      negative = true
    }
    rest = (match.index === 0 ? rest.slice(1) : rest.slice(0, -1)).replace(outer, "")
    return true
  }
  let signed = minus()
  for (const sign of format.currency ?? []) {
    if (rest.startsWith(sign)) rest = rest.slice(sign.length)
    else if (rest.endsWith(sign)) rest = rest.slice(0, -sign.length)
    else continue
    rest = rest.replace(outer, "")
    break
  }
  if (format.percent !== undefined) {
    if (rest.startsWith("%")) rest = rest.slice(1)
    else if (rest.endsWith("%")) rest = rest.slice(0, -1)
    else return undefined
    rest = rest.replace(outer, "")
  }
  if (!signed) signed = minus()
  return { sign: negative ? "-" : "", digits: rest }
}

// moves the point two places to the left
const hundredth = (whole: string, decimals: string): string => {
  const padded = whole.padStart(3, "0")
  return `${padded.slice(0, -2)}.${padded.slice(-2)}${decimals}`
}

const plainDigits = /^-?\d+$/

/** The number's one text; `undefined` where it is no number of this style. */
export const canonical = (text: string, style: Style, format: Format): string | undefined => {
  if (format.percent === undefined && plainDigits.test(text)) return text
  const parts = stripped(text, format)
  if (parts === undefined || parts.digits === "") return undefined
  const match = forms[style].exec(parts.digits)?.groups
  if (match === undefined || (match["whole"] === undefined && match["decimals"] === undefined)) return undefined
  const whole = (match["whole"] ?? "0").replace(/\D/g, "")
  const decimals = match["decimals"] ?? ""
  if (format.percent === "fraction" && match["exponent"] === undefined) return parts.sign + hundredth(whole, decimals)
  if (format.percent === "fraction") return undefined
  return `${parts.sign}${whole}${decimals === "" ? "" : `.${decimals}`}${match["exponent"] ?? ""}`
}

/** What a text says of its column's decimal sign. */
export const evidence = (text: string, format: Format): Evidence => {
  const comma = canonical(text, "comma", format)
  const point = canonical(text, "point", format)
  if (comma === undefined) return point === undefined ? "none" : "point"
  if (point === undefined) return "comma"
  return comma === point ? "nothing" : "either"
}

/** What would be right, for a message. */
export const expected = (style: Style, { percent }: Format): string => {
  const example = style === "comma" ? "1.234,56" : "1,234.56"
  return `a number with a decimal ${style} such as ${example}${percent === undefined ? "" : " %"}`
}
