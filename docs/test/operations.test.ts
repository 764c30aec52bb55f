/**
 * Every command of docs/OPERATIONS.md is run in the situation of its section, and prints what the page shows.
 *
 * `UPDATE_OPERATIONS=1` writes into the page what was printed instead; read it before you keep it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import * as Markdown from "./Markdown.ts"
import * as Shop from "./operations/Shop.ts"
import { scenarios } from "./operations/scenarios.ts"
import * as Terminal from "./operations/Terminal.ts"

const path = "docs/OPERATIONS.md"
const page = Markdown.read(path)
const sections = Terminal.sections(page)
const updating = process.env["UPDATE_OPERATIONS"] === "1"

const update = (shown: Terminal.Shown, printed: string): void => {
  const file = join(Markdown.root, path)
  const lines = readFileSync(file, "utf8").split("\n")
  lines.splice(shown.line - 1, shown.output.split("\n").length - 1, ...printed.split("\n").slice(0, -1))
  writeFileSync(file, lines.join("\n"))
}

describe("the page", () => {
  test("shows no section without a situation, and no situation is without its section", () => {
    expect(sections.map(({ heading }) => heading)).toEqual(Object.keys(scenarios))
  })

  test("shows commands where they are run, and nowhere else", () => {
    const elsewhere = page.blocks.filter(({ code, language }) => language !== "console" && /^\$? ?shop /m.test(code))
    expect(elsewhere.map(({ line }) => line)).toEqual([])
  })

  test("leaves no output out altogether", () => {
    const shown = sections.flatMap(({ terminals }) => terminals.flatMap((it) => it.shown))
    expect(shown.filter(({ output }) => /^(…?\n)*$/.test(output))).toEqual([])
  })

  test("names commands and options that there are", async () => {
    const shop = Shop.make()
    const named = [...page.text.replace(/```[\s\S]*?```/g, "").matchAll(/`shop ([a-z]+)([^`]*)`/g)]
    expect(named.length).toBeGreaterThan(2)
    for (const [whole, command, rest] of named) {
      const help = await shop.run(command!, "--help")
      expect(help.code, whole).toBe(0)
      for (const [option] of rest!.matchAll(/--[a-z-]+/g)) expect(help.printed, whole).toContain(`  ${option}`)
    }
  })

  test("tells of every exit code that the help tells of", async () => {
    const help = (await Shop.make().run("--help")).printed
    const codes = [...help.slice(help.indexOf("Exit codes")).matchAll(/^ {2}(\d+) /gm)].map(([, code]) => code!)
    expect(codes.length).toBeGreaterThan(4)
    const told = page.text.slice(page.text.indexOf("## Exit codes")).matchAll(/^\| (\d+) +\|/gm)
    expect([...told].map(([, code]) => code)).toEqual(expect.arrayContaining(codes))
  })

  test("leads from each symptom to a section, and to each section from a symptom", () => {
    const table = page.text.slice(0, page.text.indexOf("\n## "))
    const reached = [...table.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor)
    const anchors = [...page.anchors].slice(1)
    expect([...new Set(reached)].sort()).toEqual([...anchors].sort())
  })
})

// from the last to the first, so that what is written into the page moves nothing that is still to be written
describe.sequential("each section shows what is printed", { shuffle: false }, () => {
  test.each([...sections].reverse())("$heading", async ({ heading, terminals }) => {
    const { close, meanwhile, shop } = await scenarios[heading]!()
    const names = new Terminal.Names()
    const updates: Array<readonly [Terminal.Shown, string]> = []
    try {
      expect(terminals.flatMap((it) => it.meanwhile ?? [])).toEqual(Object.keys(meanwhile))
      let code = 0
      for (const terminal of terminals) {
        if (terminal.meanwhile !== null) await meanwhile[terminal.meanwhile]!()
        for (const shown of terminal.shown) {
          let printed: string
          if (shown.command === "echo $?") printed = `${code}\n`
          else {
            const [program, ...args] = names.typed(shown.command).split(" ")
            expect(program, shown.command).toBe("shop")
            const ran = await shop.run(...args)
            code = ran.code
            printed = names.masked(ran.printed)
          }
          if (Terminal.isAsShown(printed, shown.output)) continue
          if (!updating) expect(printed, `${path}:${shown.line}: ${shown.command}`).toBe(shown.output)
          updates.unshift([shown, printed])
        }
      }
    } finally {
      await close?.()
      for (const [shown, printed] of updates) update(shown, printed)
    }
  })
})
