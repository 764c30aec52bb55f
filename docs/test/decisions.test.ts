/**
 * The index of decisions equals the folder.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import * as Markdown from "./Markdown.ts"

const folder = "docs/decisions"
const records = readdirSync(join(Markdown.root, folder))
  .filter((name) => /^\d{4}-.*\.md$/.test(name))
  .sort()
  .map((name) => ({ name, ...Markdown.read(`${folder}/${name}`) }))

test("the index lists every record with its title and status", () => {
  const listed = [...Markdown.read(`${folder}/README.md`).text.matchAll(/^\| \[(\d{4})\]\(([^)]+)\) +\| (.+?) +\| (.+?) +\|$/gm)]
  expect(listed.map(([, number, name, title, status]) => ({ number, name, title, status }))).toEqual(
    records.map(({ name, text }) => ({
      number: name.slice(0, 4),
      name,
      title: /^# \d{4}: (.+)$/m.exec(text)?.[1],
      status: /^Status: (.+)$/m.exec(text)?.[1],
    })),
  )
})

test.each(records)("$name says its number, context, decision and what was given up", ({ name, text }) => {
  expect(text).toMatch(new RegExp(`^# ${name.slice(0, 4)}: `))
  expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(["Context", "Decision", "Given up"])
  // one page
  expect(text.split(/\s+/).length).toBeLessThan(700)
})

test("no two records have the same number", () => {
  const numbers = records.map(({ name }) => name.slice(0, 4))
  expect(numbers).toEqual([...new Set(numbers)])
})
