/**
 * Number formats of workbooks: which of them show a number as a date or a time, and the ISO text of such a number.
 */

/** What a format makes of a number: nothing special, a date (with or without time), a time of day, an elapsed time. */
export type Shown = "number" | "date" | "time" | "elapsed"

/** How a cell style shows numbers. */
export interface CellFormat {
  readonly shown: Shown
  readonly code: string
}

// the codes of built-in formats that show numbers, as they are in English (ECMA-376, 18.8.30)
const builtinCodes: ReadonlyMap<number, string> = new Map([
  [1, "0"],
  [2, "0.00"],
  [3, "#,##0"],
  [4, "#,##0.00"],
  [5, '"$"#,##0_);\\("$"#,##0\\)'],
  [6, '"$"#,##0_);[Red]\\("$"#,##0\\)'],
  [7, '"$"#,##0.00_);\\("$"#,##0.00\\)'],
  [8, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)'],
  [9, "0%"],
  [10, "0.00%"],
  [11, "0.00E+00"],
  [12, "# ?/?"],
  [13, "# ??/??"],
  [37, "#,##0_);(#,##0)"],
  [38, "#,##0_);[Red](#,##0)"],
  [39, "#,##0.00_);(#,##0.00)"],
  [40, "#,##0.00_);[Red](#,##0.00)"],
  [41, '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)'],
  [42, '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)'],
  [43, '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)'],
  [44, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'],
  [48, "##0.0E+0"],
])

/** A built-in format. */
export const builtin = (id: number): CellFormat => ({ shown: ofBuiltin(id), code: builtinCodes.get(id) ?? "General" })

/** A format of the workbook's own. */
export const own = (code: string): CellFormat => ({ shown: ofCode(code), code })

/** How a built-in format shows numbers. 27–36 and 50–58 are dates in the Chinese, Japanese and Korean editions. */
export const ofBuiltin = (id: number): Shown => {
  if ((id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return "date"
  if ((id >= 18 && id <= 21) || id === 45 || id === 47) return "time"
  return id === 46 ? "elapsed" : "number"
}

// what in a format code is shown as it is, or is no part of a date: text in quotes, escaped, filling and padding characters,
// conditions, colours and locales in brackets, and the words for morning and afternoon
const notShown = /"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]|am\/pm|a\/p/gi

/** How a format code shows numbers. */
export const ofCode = (code: string): Shown => {
  const rest = code.replace(notShown, "").toLowerCase()
  if (/\[[hms]+\]/.test(rest)) return "elapsed"
  const time = /[hs]/.test(rest)
  if (/[dy]/.test(rest) || (rest.includes("m") && !time)) return "date"
  return time ? "time" : "number"
}

const dayMs = 86_400_000
// days from 1 March of the year 0 to 1 January 1904, and to 31 December 1899
const epoch1904 = 695_361
const epoch1900 = 693_900
// 9999-12-31 in the 1900 system
const lastDay = 2_958_465

const two = (value: number): string => (value < 10 ? `0${value}` : String(value))

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1000)
  const rest = ms % 1000
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return rest === 0 ? text : `${text}.${String(rest).padStart(3, "0")}`
}

/**
 * The ISO text of a number that is shown as a date, a time or an elapsed time, to the millisecond: `2024-01-31`,
 * `2024-01-31T10:30:00`, `10:30:00`, `36:00:00`. A number that no calendar has stays a number.
 *
 * The 1900 system counts 29 February 1900, which was none: the text of day 60 is `1900-02-29`, as Excel shows it.
 */
export const iso = (serial: number, shown: Shown, is1904: boolean): string | number => {
  if (shown === "elapsed" && serial < 0) return `-${iso(-serial, shown, is1904)}`
  if (!(serial >= 0)) return serial
  const ms = Math.round(serial * dayMs)
  if (shown === "elapsed") return clock(ms)
  if (ms < dayMs && (!is1904 || shown === "time")) return clock(ms)
  const days = Math.floor(ms / dayMs)
  if (days > (is1904 ? lastDay - 1462 : lastDay)) return serial
  const date = is1904 ? civil(epoch1904 + days) : days === 60 ? "1900-02-29" : civil(epoch1900 + (days > 60 ? days - 1 : days))
  const time = ms % dayMs
  return time === 0 ? date : `${date}T${clock(time)}`
}

// dates of a file are mostly of a few years
const known = new Map<number, string>()
const mostKnown = 10_000

const civil = (days: number): string => {
  const found = known.get(days)
  if (found !== undefined) return found
  const date = calendar(days)
  if (known.size < mostKnown) known.set(days, date)
  return date
}

// the date that is so many days after 1 March of the year 0, by the lengths of 400, 100, 4 and 1 years (the leap day comes last)
const calendar = (days: number): string => {
  const era = Math.floor(days / 146_097)
  const ofEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * march + 2) / 5) + 1
  const month = march < 10 ? march + 3 : march - 9
  return `${yearOfEra + era * 400 + (month <= 2 ? 1 : 0)}-${two(month)}-${two(day)}`
}
