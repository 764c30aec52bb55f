import fc from "fast-check"
import { expect, test } from "vitest"
import { attributes, decode, Xml } from "../src/internal/Xml.ts"

// what is shown, as one list: texts that follow each other are put together
const shown = (
  parts: ReadonlyArray<string>,
): { readonly events: ReadonlyArray<unknown>; readonly failure: string | undefined } => {
  const events: Array<unknown> = []
  const xml = new Xml({
    open: (name, text, from, to) => events.push(["open", name, Object.fromEntries(attributes(text, from, to))]),
    close: (name) => events.push(["close", name]),
    text: (text, from, to, plain) => {
      const part = plain ? text.slice(from, to) : decode(text.slice(from, to))
      if (part === "") return
      const last = events.at(-1)
      if (typeof last === "string") events[events.length - 1] = last + part
      else events.push(part)
    },
  })
  for (const part of parts) xml.feed(part)
  xml.resume()
  xml.end()
  return { events, failure: xml.failure }
}

const text = fc.string({ unit: fc.constantFrom("a", "ş", "😀", "<", ">", "&", '"', "'", " ", "]", "=", "/", "\n"), maxLength: 6 })
const name = fc.constantFrom("c", "v", "row", "sheetData")

interface Node {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<Node | string>
}

const { node } = fc.letrec<{ node: Node; child: Node | string }>((tie) => ({
  node: fc.record({
    name,
    attributes: fc.dictionary(fc.constantFrom("r", "s", "t", "ref"), text, { maxKeys: 3, noNullPrototype: true }),
    children: fc.array(tie("child"), { maxLength: 3 }),
  }),
  child: fc.oneof({ depthSize: "small", withCrossShrink: true }, text, tie("node")),
}))

const encode = (raw: string): string => raw.replace(/[<&]/g, (sign) => (sign === "<" ? "&lt;" : "&#38;"))

// writes a node in one of the ways that XML allows: quotes, CDATA, comments and prefixes as `style` says
const write = (node: Node, style: number): string => {
  const quote = style & 1 ? "'" : '"'
  const prefix = style & 2 ? "x:" : ""
  const values = Object.entries(node.attributes).map(
    ([key, value]) => ` ${prefix}${key}=${quote}${encode(value).replaceAll(quote, style & 1 ? "&apos;" : "&quot;")}${quote}`,
  )
  const children = node.children.map((child) =>
    typeof child !== "string"
      ? write(child, style)
      : style & 4 && !child.includes("]]>")
        ? `<![CDATA[${child}]]>`
        : `${encode(child)}${style & 8 ? "<!-- <c> -- > -->" : ""}`,
  )
  const start = `<${prefix}${node.name}${values.join("")}`
  return children.length === 0 && style & 16 ? `${start}/>` : `${start}>${children.join("")}</${prefix}${node.name}>`
}

const expectedOf = (node: Node): ReadonlyArray<unknown> => {
  const events: Array<unknown> = [["open", node.name, node.attributes]]
  for (const child of node.children.flatMap((child) => (typeof child === "string" ? [child] : expectedOf(child)))) {
    if (child === "") continue
    if (typeof child === "string" && typeof events.at(-1) === "string") events[events.length - 1] = `${events.at(-1)}${child}`
    else events.push(child)
  }
  return [...events, ["close", node.name]]
}

test("any XML is shown as it was meant, however it is written and cut", () => {
  fc.assert(
    fc.property(node, fc.nat({ max: 31 }), fc.integer({ min: 1, max: 9 }), (root, style, size) => {
      const xml = `<?xml version="1.0"?>${write(root, style)}\n`
      const parts = Array.from({ length: Math.ceil(xml.length / size) }, (_, at) => xml.slice(at * size, (at + 1) * size))
      const expected = { events: expectedOf(root), failure: undefined }
      expect(shown([xml])).toEqual(expected)
      expect(shown(parts)).toEqual(expected)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ["&lt;&gt;&amp;&quot;&apos;", "<>&\"'"],
  ["&#65;&#x41;&#x1f600;", "AA😀"],
  ["a\r\nb\rc\n&#13;", "a\nb\nc\n\r"],
  ["&nbsp; &; & &amp;lt;", "&nbsp; &; & &lt;"],
  ["&#0;&#xD800;&#x110000;", "&#0;&#xD800;&#x110000;"],
])("%j is decoded", (raw, decoded) => {
  expect(decode(raw)).toBe(decoded)
})

test.each([
  ["", "is cut off"],
  ["<a><b></b>", "is cut off"],
  ["<a/><b", "is cut off"],
  ["<a></a></a>", "has an end tag too many"],
  ["<!DOCTYPE a><a/>", "has a document type, which workbooks do not have"],
  ["<a><![CDATA[x]]</a>", "is cut off"],
  ["<a/>", undefined],
  ["\ufeff<a/>\n<!-- end -->", undefined],
])("%j: %s", (xml, failure) => {
  expect(shown([xml]).failure).toBe(failure)
  expect(shown([...xml]).failure).toBe(failure)
})
