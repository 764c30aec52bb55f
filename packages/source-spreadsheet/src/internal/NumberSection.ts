/**
 * A section of a number format, taken apart: `#,##0.00" kg"` is places for digits with a point between them, and what is around them.
 */

/** A place for a digit, or what stands between digits. */
export interface Token {
  readonly place: "0" | "#" | "?" | undefined
  readonly literal: string
}

/** See the file's first sentence. */
export interface Section {
  readonly condition: { readonly holds: (value: number) => boolean; readonly hidesSign: boolean } | undefined
  /** It is for text. */
  readonly isText: boolean
  /** It shows the number in full. */
  readonly isGeneral: boolean
  readonly before: string
  readonly whole: ReadonlyArray<Token>
  readonly hasPoint: boolean
  readonly fraction: ReadonlyArray<Token>
  /** How many decimals there is place for. */
  readonly decimals: number
  readonly after: string
  readonly hasThousands: boolean
  /** By how many digits the point moves to the right: 2 for a percent sign, -3 for a comma at the end. */
  readonly shift: number
  readonly exponent: { readonly sign: "+" | ""; readonly least: number } | undefined
  /** What is below a fraction's line: a number, or a place for so many digits. */
  readonly divide: { readonly by: number | undefined; readonly digits: number } | undefined
}

// in turn: quoted, escaped, filling, brackets, exponent, places and signs, anything else
const lexeme = /"([^"]*)"?|\\(.)|[_*].?|\[([^\]]*)\]|[Ee]([+-])(?=[0#?])|General|[0#?.,%/@;]|[\s\S]/gi

type Condition = NonNullable<Section["condition"]>

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
  "=": (value, bound) => value === bound,
  "<>": (value, bound) => value !== bound,
}

const conditionOf = (bracket: string): Condition | undefined => {
  const match = /^(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)$/.exec(bracket)
  if (match === null) return undefined
  const bound = Number(match[2])
  const compare = comparisons[match[1]!]!
  // a section for numbers below zero only shows them without their sign
  return { holds: (value) => compare(value, bound), hidesSign: match[1]!.startsWith("<") && match[1] !== "<>" && bound <= 0 }
}

class Builder {
  condition: Condition | undefined
  isText = false
  isGeneral = false
  before = ""
  readonly whole: Array<Token> = []
  hasPoint = false
  readonly fraction: Array<Token> = []
  hasThousands = false
  shift = 0
  exponent: { sign: "+" | ""; least: number } | undefined
  divide: { by: number | undefined; digits: number } | undefined
  after = ""
  private commas = 0

  literal(text: string): void {
    if (this.isGeneral || this.exponent !== undefined || this.divide !== undefined) this.after += text
    else if (this.hasPoint) this.fraction.push({ place: undefined, literal: text })
    else if (this.whole.length === 0) this.before += text
    else this.whole.push({ place: undefined, literal: text })
  }

  place(place: "0" | "#" | "?"): void {
    if (this.exponent !== undefined) this.exponent.least += place === "0" ? 1 : 0
    else if (this.divide !== undefined) this.divide.digits++
    else {
      if (this.commas > 0) this.hasThousands = true
      this.commas = 0
      ;(this.hasPoint ? this.fraction : this.whole).push({ place, literal: "" })
    }
  }

  point(): void {
    this.endCommas()
    if (this.hasPoint) this.literal(".")
    else this.hasPoint = true
  }

  comma(): void {
    if (this.whole.length + this.fraction.length === 0) this.literal(",")
    else this.commas++
  }

  private endCommas(): void {
    this.shift -= 3 * this.commas
    this.commas = 0
  }

  // what follows the last place is not between places
  end(): Section {
    this.endCommas()
    const last = this.fraction.length > 0 || this.hasPoint ? this.fraction : this.whole
    const end = last.findLastIndex(({ place }) => place !== undefined) + 1
    const tail = last.splice(end)
    const text = tail.map(({ literal }) => literal).join("")
    const { after, before, condition, divide, exponent, fraction, hasPoint, hasThousands, isGeneral, isText, shift, whole } = this
    const decimals = fraction.filter(({ place }) => place !== undefined).length
    return {
      condition,
      isText,
      isGeneral,
      before,
      // the places above a fraction's line are not those of the whole number
      whole: divide === undefined ? whole : aboveLine(whole),
      hasPoint,
      fraction,
      decimals,
      after: text + after,
      hasThousands,
      shift,
      exponent,
      divide: divide === undefined ? undefined : { ...divide, digits: Math.max(1, Math.min(divide.digits, 7)) },
    }
  }
}

const aboveLine = (whole: ReadonlyArray<Token>): ReadonlyArray<Token> => {
  let at = whole.length
  while (at > 0 && whole[at - 1]!.place !== undefined) at--
  return whole.slice(0, at).filter(({ place }) => place !== undefined)
}

/** The sections of a format code. */
export const compile = (code: string): ReadonlyArray<Section> => {
  const sections: Array<Section> = []
  let section = new Builder()
  for (const match of code.matchAll(lexeme)) {
    const [all, quoted, escaped, bracket, exponentSign] = match
    if (quoted !== undefined) section.literal(quoted)
    else if (escaped !== undefined) section.literal(escaped)
    else if (bracket !== undefined) {
      if (bracket.startsWith("$")) section.literal(bracket.slice(1).split("-")[0]!)
      else section.condition ??= conditionOf(bracket)
    } else if (exponentSign !== undefined) section.exponent = { sign: exponentSign === "+" ? "+" : "", least: 0 }
    else if (all.startsWith("_") || all.startsWith("*")) continue
    else if (all === ";") {
      sections.push(section.end())
      section = new Builder()
    } else if (all === "0" || all === "#" || all === "?") section.place(all)
    else if (all === ".") section.point()
    else if (all === ",") section.comma()
    else if (all === "%") {
      section.shift += 2
      section.literal("%")
    } else if (all === "/" && section.whole.length > 0) {
      section.divide = { by: undefined, digits: 0 }
      const fixed = /^\s*([1-9]\d*)/.exec(code.slice(match.index + 1))
      if (fixed !== null) section.divide.by = Number(fixed[1])
    } else if (all === "@") section.isText = true
    else if (all.length === 7) section.isGeneral = true
    else if (!(section.divide?.by !== undefined && /\d/.test(all))) section.literal(all)
  }
  sections.push(section.end())
  return sections
}
