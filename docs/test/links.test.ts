/**
 * Links between the pages of the repository lead somewhere.
 */
import { existsSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { expect, test } from "vitest"
import * as Markdown from "./Markdown.ts"

const pages = Markdown.all()
const anchors = new Map(pages.map((page) => [page.path, page.anchors]))

const isOutside = (target: string): boolean => /^[a-z]+:/.test(target)

test("every link within the repository leads to a file, and to a heading of it", () => {
  const broken: Array<string> = []
  for (const page of pages) {
    for (const { line, target } of page.links.filter((link) => !isOutside(link.target))) {
      const [path = "", anchor] = target.split("#") as [string, string?]
      const file = path === "" ? page.path : posix.normalize(posix.join(dirname(page.path), path))
      const found = existsSync(join(Markdown.root, file))
      if (!found || (anchor !== undefined && anchors.get(file)?.has(anchor) !== true))
        broken.push(`${page.path}:${line}: ${target}`)
    }
  }
  expect(broken).toEqual([])
})

test("every page of docs can be reached from the README", () => {
  const reached = new Set(["README.md"])
  for (const path of reached)
    for (const { target } of pages.find((page) => page.path === path)?.links ?? [])
      if (!isOutside(target)) reached.add(posix.normalize(posix.join(dirname(path), target.split("#")[0]!)))
  const unreached = pages.map((page) => page.path).filter((path) => path.startsWith("docs/") && !reached.has(path))
  expect(unreached).toEqual([])
})
