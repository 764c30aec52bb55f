/** A changeset whose head cannot be read is passed over in silence, and its sentence is missing in every changelog. */
import { readdir, readFile } from "node:fs/promises"
import { expect, test } from "vitest"

const folder = new URL("../.changeset/", import.meta.url)
const packages = new URL("../packages/", import.meta.url)

const files = (await readdir(folder)).filter((name) => name.endsWith(".md") && name !== "README.md")
const names = await Promise.all(
  (await readdir(packages)).map(
    async (name) => JSON.parse(await readFile(new URL(`${name}/package.json`, packages), "utf8")).name as string,
  ),
)

test.each(files)("%s names packages that there are, and says what has changed", async (file) => {
  const text = await readFile(new URL(file, folder), "utf8")
  const [, head = "", said = ""] = /^---\n((?:"[^"\n]+": (?:patch|minor|major)\n)+)---\n\n(.+)/s.exec(text) ?? []
  const named = [...head.matchAll(/^"([^"]+)"/gm)].map(([, name]) => name)
  expect(named).not.toEqual([])
  expect(named.filter((name) => !names.includes(name!))).toEqual([])
  expect(said.trim()).not.toBe("")
})
