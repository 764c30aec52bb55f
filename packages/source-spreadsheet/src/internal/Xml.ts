/**
 * Scans the XML of workbooks as it comes, in the way of SAX: tags and texts are shown to a visitor as ranges of the text at hand,
 * so that what nobody looks at is never cut out.
 *
 * Names are local names, whatever the prefix. A document type is refused, so there are no entities but the five of XML and
 * numeric ones.
 */

/** Who looks at the XML. Texts may come in parts. */
export interface Visitor {
  /** A start tag; its attributes are within the range. An empty element (`<v/>`) is opened and closed. */
  readonly open: (name: string, text: string, from: number, to: number) => void
  /** An end tag. The scan pauses after it where this gives `true`. */
  readonly close: (name: string) => unknown
  /** May read on by itself from a tag's start: gives where it has read to, which is between elements that it saw as a whole. */
  readonly ahead?: (text: string, at: number) => number
  /** Text between tags; it is `plain` where there is nothing to {@link decode} in it. */
  readonly text: (text: string, from: number, to: number, plain: boolean) => void
}

// the longest tag or text that is waited for; a cell of Excel's has at most 32,767 characters
const longest = 4 * 1024 * 1024

const slash = 47
const exclamation = 33
const question = 63
const doubleQuote = 34
const singleQuote = 39
const equals = 61
const lessThan = 60
const greaterThan = 62

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

/** See the file's first sentence. */
export class Xml {
  /** Set when nothing more can be read: a sentence. */
  failure: string | undefined
  /** Whether the visitor asked for a pause: then {@link resume} goes on. */
  isPaused = false
  private text = ""
  // what was fed since the last scan
  private held = ""
  private depth = 0
  private begun = false
  // the first position of each from where the scan is on; the text's length where there is none
  private amp = -1
  private cr = -1
  private apostrophe = -1

  constructor(private readonly visitor: Visitor) {}

  /** Adds text. */
  feed(text: string): void {
    if (this.failure !== undefined) return
    this.held = this.held === "" ? text : this.held + text
    // text is scanned when there is as much new as old, so that the time a huge tag takes does not grow with its square
    if (this.isPaused || (this.held.length < this.text.length && this.held.length + this.text.length <= longest)) return
    this.resume()
  }

  /** Scans what there is, up to a pause. */
  resume(): void {
    if (this.failure !== undefined) return
    this.text = this.text === "" ? this.held : this.text + this.held
    this.held = ""
    if (!this.begun) {
      if (this.text.length === 0) return
      this.begun = true
      if (this.text.charCodeAt(0) === 0xfeff) this.text = this.text.slice(1)
    }
    this.isPaused = false
    this.amp = this.cr = this.apostrophe = -1
    const at = this.scan()
    this.text = this.text.slice(at)
    if (!this.isPaused && this.text.length > longest) this.failure = `has a piece of text of more than ${longest} characters`
  }

  /** Says that there is no more; what was fed last may be held until {@link resume}. */
  end(): void {
    if (this.failure === undefined && (this.depth !== 0 || !this.begun || this.text.trim() !== "")) this.failure = "is cut off"
  }

  // shows all that is complete; gives where the rest begins
  private scan(): number {
    const { text, visitor } = this
    let at = 0
    while (at < text.length) {
      // tags of one letter next to each other are what a sheet is made of; they are not searched for
      const tag = text.charCodeAt(at) === lessThan ? at : text.indexOf("<", at)
      if (tag === -1) return at
      if (tag > at) {
        if (this.depth > 0) visitor.text(text, at, tag, this.isPlain(at, tag))
        at = tag
      }
      const code = text.charCodeAt(tag + 1)
      // `c` and `s`: what nearly all of a workbook is made of
      if ((code === 99 || code === 115) && visitor.ahead !== undefined) {
        at = visitor.ahead(text, tag)
        if (at !== tag) continue
      }
      if (code === slash) {
        const end = text.charCodeAt(tag + 3) === greaterThan ? tag + 3 : text.indexOf(">", tag + 2)
        if (end === -1) return at
        this.depth--
        if (this.depth < 0) return this.fail("has an end tag too many")
        at = end + 1
        const name = end === tag + 3 ? text.charAt(tag + 2) : localName(text, tag + 2, nameEnd(text, tag + 2, end))
        if (visitor.close(name) === true) {
          this.isPaused = true
          return at
        }
      } else if (code === exclamation || code === question) {
        const end = this.special(tag, code)
        if (end === -1) return at
        at = end
      } else {
        const end = text.charCodeAt(tag + 2) === greaterThan ? tag + 2 : this.tagEnd(tag + 1)
        if (end === -1) return at
        at = end + 1
        if (this.start(tag + 1, end) === true) {
          this.isPaused = true
          return at
        }
      }
    }
    return at
  }

  private start(from: number, end: number): unknown {
    const { text, visitor } = this
    const empty = text.charCodeAt(end - 1) === slash
    const to = empty ? end - 1 : end
    const afterName = nameEnd(text, from, to)
    const name = localName(text, from, afterName)
    visitor.open(name, text, afterName, to)
    if (empty) return visitor.close(name)
    this.depth++
    return undefined
  }

  private isPlain(from: number, to: number): boolean {
    if (this.amp < from) this.amp = this.find("&", from)
    if (this.cr < from) this.cr = this.find("\r", from)
    return this.amp >= to && this.cr >= to
  }

  private find(what: string, from: number): number {
    const found = this.text.indexOf(what, from)
    return found === -1 ? this.text.length : found
  }

  // the end of a start tag: the first `>` that is not within quotes; -1 where it is not there yet
  private tagEnd(from: number): number {
    const { text } = this
    const end = text.indexOf(">", from)
    if (end === -1) return -1
    if (this.apostrophe < from) this.apostrophe = this.find("'", from)
    if (this.apostrophe > end) {
      const last = text.charCodeAt(end - 1) === slash ? end - 2 : end - 1
      // a quote that follows a value closes it; and where the tag has no value there is no quote to be within
      const before = text.charCodeAt(last - 1)
      if (text.charCodeAt(last) === doubleQuote && before !== equals && !isSpace(before)) return end
    }
    let quote = 0
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (quote !== 0) {
        if (code === quote) quote = 0
      } else if (code === greaterThan) return at
      else if (code === doubleQuote || code === singleQuote) quote = code
    }
    return -1
  }

  private fail(message: string): number {
    this.failure = message
    return this.text.length
  }

  // comments, processing instructions, CDATA and document types; gives where they end, -1 where they do not yet
  private special(tag: number, code: number): number {
    const { text } = this
    const after = (what: string, from: number): number => {
      const found = text.indexOf(what, from)
      return found === -1 ? -1 : found + what.length
    }
    if (code === question) return after("?>", tag)
    if (text.startsWith("<!--", tag)) return after("-->", tag + 4)
    if (text.startsWith("<![CDATA[", tag)) {
      const end = after("]]>", tag + 9)
      if (end !== -1 && this.depth > 0) this.visitor.text(text, tag + 9, end - 3, true)
      return end
    }
    // too short to tell yet
    if ("<![CDATA[".startsWith(text.slice(tag)) || "<!--".startsWith(text.slice(tag))) return -1
    return this.fail("has a document type, which workbooks do not have")
  }
}

const nameEnd = (text: string, from: number, to: number): number => {
  let at = from
  while (at < to && !isSpace(text.charCodeAt(at))) at++
  return at
}

const localName = (text: string, from: number, to: number): string => {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) === 58) return text.slice(at + 1, to)
  return text.slice(from, to)
}

/** Shows each attribute of a start tag: its local name's range and its value's. */
export const eachAttribute = (
  text: string,
  from: number,
  to: number,
  visit: (nameFrom: number, nameTo: number, valueFrom: number, valueTo: number) => void,
): void => {
  let at = from
  while (at < to) {
    while (at < to && isSpace(text.charCodeAt(at))) at++
    let nameFrom = at
    while (at < to && text.charCodeAt(at) !== equals && !isSpace(text.charCodeAt(at))) {
      if (text.charCodeAt(at) === 58) nameFrom = at + 1
      at++
    }
    const nameTo = at
    while (at < to && (text.charCodeAt(at) === equals || isSpace(text.charCodeAt(at)))) at++
    const quote = text.charCodeAt(at)
    if (quote !== doubleQuote && quote !== singleQuote) return
    let end = at + 1
    while (end < to && text.charCodeAt(end) !== quote) end++
    visit(nameFrom, nameTo, at + 1, end)
    at = end + 1
  }
}

/** The attributes of a start tag by local name. */
export const attributes = (text: string, from: number, to: number): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  eachAttribute(text, from, to, (nameFrom, nameTo, valueFrom, valueTo) => {
    found.set(text.slice(nameFrom, nameTo), decode(text.slice(valueFrom, valueTo)))
  })
  return found
}

const known: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
])

const entity = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi

const isCharacter = (code: number): boolean => code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)

/** Decodes entities and line ends, as XML says; what is no entity, or stands for no character, is left as it is. */
export const decode = (raw: string): string => {
  const text = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw
  if (!text.includes("&")) return text
  return text.replace(entity, (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
    const digits = hex ?? decimal
    if (digits !== undefined) {
      const code = Number.parseInt(digits, hex === undefined ? 10 : 16)
      return isCharacter(code) ? String.fromCodePoint(code) : whole
    }
    return known.get(name!.toLowerCase()) ?? whole
  })
}
