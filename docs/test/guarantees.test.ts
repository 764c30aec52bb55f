/**
 * Each guarantee names tests that hold it, and the tests are there; or it says that it is not given yet, or that no test holds it.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import * as Markdown from "./Markdown.ts"

const sections = Markdown.read("docs/guarantees.md")
  .text.split(/^## (?=\d+\. )/m)
  .slice(1)
  .map((text) => ({ heading: text.split("\n", 1)[0]!, body: text.slice(text.indexOf("\n")).trim() }))

const held = /^- `([^`]+\.test\.ts)` › `([^`]+)`$/gm

test("there are twelve, numbered", () => {
  expect(sections.map(({ heading }) => Number.parseInt(heading, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

test.each(sections)("$heading", ({ body }) => {
  const tests = [...(body.split("Held by:\n\n")[1] ?? "").matchAll(held)]
  if (body.startsWith("**Not yet: planned.**") || body.endsWith("Held by no test of its own yet.")) expect(tests).toEqual([])
  else expect(tests.length).toBeGreaterThan(0)
  for (const [, file, name] of tests) {
    const path = join(Markdown.root, file!)
    expect(existsSync(path), `${file} is not there`).toBe(true)
    expect(readFileSync(path, "utf8"), `${file} has no test of this name`).toContain(name)
  }
})
