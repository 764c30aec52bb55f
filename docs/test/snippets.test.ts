/**
 * The TypeScript in README.md, docs/*.md and packages/*\/README.md: all of it is type-checked, and what has its output beside it runs.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { format } from "node:util"
import ts from "typescript"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import * as Markdown from "./Markdown.ts"

const pages = Markdown.checked()
// below docs, so that imports resolve as those of a workspace package
const folder = join(Markdown.root, "docs/.cache/snippets")

const snippets = pages.flatMap((page) =>
  Markdown.modules(page).map((module) => ({
    name: `${page.path}:${module.line}`,
    file: join(folder, `${page.path.replaceAll("/", "-")}-${module.line}.ts`),
    code: module.blocks.map((block) => block.code).join(""),
    // the line of the page for each line of the code
    lines: module.blocks.flatMap((block) =>
      block.code
        .split("\n")
        .slice(0, -1)
        .map((_, at) => block.line + at),
    ),
    page: page.path,
    prints: module.prints,
  })),
)

// what a page of a package may use without showing it: what its reader has of their own
const given = {
  file: join(folder, "given.d.ts"),
  code: `declare const prices: import("@waybill/core").Import.Import\n`,
}

const compilerOptions = (): ts.CompilerOptions => {
  const config = join(Markdown.root, "tsconfig.base.json")
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(config, ts.sys.readFile).config, ts.sys, Markdown.root)
  // a reader is shown names that the next paragraph uses
  return { ...options, noUnusedLocals: false, noUnusedParameters: false }
}

const problems = (): ReadonlyArray<string> => {
  const options = compilerOptions()
  const texts = new Map([given, ...snippets].map(({ code, file }) => [file, code]))
  const host = ts.createCompilerHost(options, true)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (file) => texts.has(file) || fileExists(file)
  host.readFile = (file) => texts.get(file) ?? readFile(file)
  host.getSourceFile = (file, settings, ...rest) => {
    const text = texts.get(file)
    return text === undefined ? getSourceFile(file, settings, ...rest) : ts.createSourceFile(file, text, settings, true)
  }
  const program = ts.createProgram([...texts.keys()], options, host)
  return snippets.flatMap(({ file, lines, page }) => {
    const source = program.getSourceFile(file)!
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((it) => {
      const line = lines[source.getLineAndCharacterOfPosition(it.start ?? 0).line]
      return `${page}:${line}: ${ts.flattenDiagnosticMessageText(it.messageText, "\n")}`
    })
  })
}

test("every block of TypeScript compiles", { timeout: 300_000 }, () => {
  expect(snippets.length).toBeGreaterThan(0)
  expect(problems()).toEqual([])
})

test("a block that is not checked says why", () => {
  for (const page of pages)
    for (const { comment, info, line } of page.blocks.filter((block) => block.info !== ""))
      expect({ page: page.path, line, info, comment }).toMatchObject({
        info: "no-check",
        comment: expect.stringMatching(/^no-check: \S.{10,}/),
      })
})

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
})
afterAll(() => {
  for (const name of readdirSync(folder)) if (name.startsWith(`${process.pid}-`)) rmSync(join(folder, name))
})

const programs = snippets.filter(({ prints }) => prints !== undefined)

test("the README shows a program with its output", () => {
  expect(programs.filter(({ page }) => page === "README.md")).toHaveLength(1)
})

test.each(programs)("$name prints what the page says", async ({ code, file, prints }) => {
  const module = join(folder, `${process.pid}-${file.slice(folder.length + 1)}`)
  writeFileSync(module, code)
  const printed: Array<string> = []
  const log = vi.spyOn(console, "log").mockImplementation((...values) => {
    const text = format(...values)
    // log lines begin with the time of day
    if (!/^\u001b?[^a-z]*\d\d:\d\d:\d\d/.test(text)) printed.push(`${text}\n`)
  })
  try {
    await import(/* @vite-ignore */ pathToFileURL(module).href)
  } finally {
    log.mockRestore()
  }
  expect(printed.join("")).toBe(prints)
})
