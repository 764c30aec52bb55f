/**
 * Numbers as their formats show them: decimals, thousands, percent, currency, leading zeros, exponents, fractions, conditions.
 *
 * As in Excel set to English: the decimal sign is a point, thousands are parted by commas, 15 digits count, halves are rounded away from
 * zero. What only fills up a column's width (`_x`, `*x`, `?`) is left out, and `General` shows all digits that there are, because how many
 * it shows depends on that width.
 */
import { compile, type Section } from "./NumberSection.ts"

const compiled = new Map<string, ReadonlyArray<Section>>()
// formats are few; those of a workbook made to have many are compiled again each time
const mostKept = 1_000
// Excel writes codes of at most 255 characters
const longestCode = 1_000

const sectionsOf = (code: string): ReadonlyArray<Section> => {
  const known = compiled.get(code)
  if (known !== undefined) return known
  const sections = compile(code)
  if (compiled.size < mostKept) compiled.set(code, sections)
  return sections
}

/** The text of a number in a format. A format that makes no sense shows it as `General` does. */
export const textOf = (value: number, code: string): string => {
  if (code === "General" || code === "" || code.length > longestCode) return general(value)
  const sections = sectionsOf(code)
  const section = choose(value, sections)
  if (section === undefined) return general(value)
  // a section that is for negative numbers only shows no sign of its own
  const isForNegative = hasConditions(sections) ? section.condition?.hidesSign === true : section !== sections[0]
  const text = show(Math.abs(value), section)
  return value < 0 && !isForNegative ? `-${text}` : text
}

const hasConditions = (sections: ReadonlyArray<Section>): boolean => sections.some(({ condition }) => condition !== undefined)

const choose = (value: number, sections: ReadonlyArray<Section>): Section | undefined => {
  const numeric = sections.filter((section) => !section.isText)
  if (hasConditions(numeric)) {
    return (
      numeric.find(({ condition }) => condition?.holds(value) ?? false) ??
      numeric.findLast(({ condition }) => condition === undefined)
    )
  }
  if (value < 0) return numeric[1] ?? numeric[0]
  return value === 0 ? (numeric[2] ?? numeric[0]) : numeric[0]
}

/** All digits that count, without a format. */
export const general = (value: number): string => {
  const rounded = Number(value.toPrecision(15))
  const text = String(rounded)
  if (!text.includes("e")) return text === "-0" ? "0" : text
  const [mantissa, exponent] = text.split("e") as [string, string]
  return `${mantissa}E${exponent.startsWith("-") ? "-" : "+"}${exponent.slice(1).padStart(2, "0")}`
}

// digits and the position of the point before them: 0.123 is ["123", 0]
const digitsOf = (value: number): readonly [digits: string, point: number] => {
  if (value === 0) return ["", 0]
  const [mantissa, exponent] = value.toExponential(14).split("e") as [string, string]
  return [mantissa.replace(".", ""), Number(exponent) + 1]
}

// whole digits and decimals, rounded half away from zero; whole digits without leading zeros
const round = ([digits, point]: readonly [string, number], decimals: number): readonly [whole: string, fraction: string] => {
  const keep = point + decimals
  if (keep < 0) return ["", "0".repeat(decimals)]
  const padded = digits.padEnd(keep + 1, "0")
  const up = padded.charCodeAt(keep) >= 53
  const kept = BigInt(padded.slice(0, keep) === "" ? "0" : padded.slice(0, keep)) + (up ? 1n : 0n)
  const text = kept.toString().padStart(decimals + 1, "0")
  const at = text.length - decimals
  const whole = text.slice(0, at)
  return [whole === "0" ? "" : whole, text.slice(at)]
}

const show = (value: number, section: Section): string => {
  const { after, before, whole } = section
  if (section.isGeneral) return `${before}${general(value)}${after}`
  if (whole.length === 0 && section.fraction.length === 0) return before + after
  const [digits, point] = digitsOf(value)
  const shifted = [digits, point + section.shift] as const
  if (section.exponent !== undefined) return `${before}${scientific(shifted, section)}${after}`
  if (section.divide !== undefined) return `${before}${fractional(value, section.divide, section)}${after}`
  const [integer, decimals] = round(shifted, section.decimals)
  return `${before}${wholeText(integer, section)}${fractionText(decimals, section)}${after}`
}

// digits from the right into their places; what there is more of goes before the first place
const wholeText = (digits: string, { hasThousands, whole }: Section): string => {
  let text = ""
  let rest = digits
  let shown = 0
  const put = (digit: string): void => {
    if (hasThousands && shown > 0 && shown % 3 === 0) text = `,${text}`
    text = digit + text
    shown++
  }
  const firstPlace = whole.findIndex((token) => token.place !== undefined)
  if (firstPlace === -1) return digits
  for (let at = whole.length - 1; at >= 0; at--) {
    const { literal, place } = whole[at]!
    if (place === undefined) {
      text = literal + text
      continue
    }
    const last = rest.slice(-1)
    rest = rest.slice(0, -1)
    if (last !== "") put(last)
    else if (place === "0") put("0")
    if (at === firstPlace) for (; rest !== ""; rest = rest.slice(0, -1)) put(rest.slice(-1))
  }
  return text
}

const fractionText = (digits: string, { fraction, hasPoint }: Section): string => {
  let text = ""
  const last = digits.replace(/0+$/, "").length
  let at = 0
  for (const { literal, place } of fraction) {
    if (place === undefined) text += literal
    else {
      if (place === "0" || at < last) text += digits[at]
      at++
    }
  }
  return hasPoint ? `.${text}` : text
}

const scientific = ([digits, point]: readonly [string, number], section: Section): string => {
  const places = section.whole.filter(({ place }) => place !== undefined).length
  const step = Math.max(1, places)
  let exponent = digits === "" ? 0 : Math.floor((point - 1) / step) * step
  let [integer, decimals] = round([digits, point - exponent], section.decimals)
  // rounding can make one digit more than there is place for
  if (integer.length > step) {
    exponent += step
    ;[integer, decimals] = round([digits, point - exponent], section.decimals)
  }
  const { least, sign } = section.exponent!
  const prefix = exponent < 0 ? "-" : sign
  return `${wholeText(integer, section)}${fractionText(decimals, section)}E${prefix}${String(Math.abs(exponent)).padStart(least, "0")}`
}

const fractional = (value: number, divide: NonNullable<Section["divide"]>, { whole }: Section): string => {
  const hasWhole = whole.length > 0
  const integer = hasWhole ? Math.floor(value) : 0
  const [numerator, denominator] = nearest(value - integer, divide)
  const carried = hasWhole && numerator === denominator ? 1 : 0
  const all = integer + carried
  if (hasWhole && (numerator === 0 || carried === 1)) return String(all)
  const part = `${numerator}/${denominator}`
  return hasWhole && (all > 0 || whole.some(({ place }) => place === "0")) ? `${all} ${part}` : part
}

// the nearest fraction of at most so many digits below the line, by continued fractions
const nearest = (value: number, divide: NonNullable<Section["divide"]>): readonly [number, number] => {
  if (divide.by !== undefined) return [Math.round(value * divide.by), divide.by]
  const largest = 10 ** divide.digits - 1
  let [before, now]: [readonly [number, number], readonly [number, number]] = [
    [0, 1],
    [1, 0],
  ]
  let rest = value
  for (let round = 0; round < 20; round++) {
    const whole = Math.floor(rest)
    const next = [whole * now[0] + before[0], whole * now[1] + before[1]] as const
    if (next[1] > largest) break
    ;[before, now] = [now, next]
    if (rest - whole < 1e-9) break
    rest = 1 / (rest - whole)
  }
  return now
}
