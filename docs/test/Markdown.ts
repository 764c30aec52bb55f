/**
 * What the tests of the documentation look at in a Markdown file: fenced blocks, headings and links.
 *
 * A comment on the line before a block says what a test does with it: `<!-- continues -->` (the block goes on where the one before it
 * ended), `<!-- prints -->` (the output of the block before it), `<!-- no-check: reason -->` (it is not checked, and why).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url))

/** A fenced block. */
export interface Block {
  readonly language: string
  /** What follows the language on the fence: `no-check`. */
  readonly info: string
  /** The comment on the line before, without its marks. */
  readonly comment: string | null
  readonly code: string
  /** The line of the file that the code begins at, from 1. */
  readonly line: number
}

/** A Markdown file. */
export interface Page {
  /** Its path in the repository, with `/`. */
  readonly path: string
  readonly text: string
  readonly blocks: ReadonlyArray<Block>
  /** The anchors of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
  readonly links: ReadonlyArray<{ readonly target: string; readonly line: number }>
}

const fence = /^(`{3,})([\w-]*)\s*(.*)$/
const comment = /^<!--\s*(.*?)\s*-->$/

const slug = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\p{Mark} _-]/gu, "")
    .replaceAll(" ", "-")

/** Reads the text of a Markdown file. */
export const parse = (path: string, text: string): Page => {
  const blocks: Array<Block> = []
  const anchors = new Set<string>()
  const links: Array<{ target: string; line: number }> = []
  const lines = text.split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    const opened = fence.exec(line)
    if (opened !== null) {
      const before = lines.slice(0, at).findLast((it) => it.trim() !== "") ?? ""
      const start = at + 1
      do at++
      while (at < lines.length && lines[at] !== opened[1])
      if (at === lines.length) throw new Error(`${path}:${start}: the block is not closed`)
      blocks.push({
        language: opened[2]!,
        info: opened[3]!,
        comment: comment.exec(before)?.[1] ?? null,
        code: `${lines.slice(start, at).join("\n")}\n`,
        line: start + 1,
      })
      continue
    }
    const heading = /^#{1,6} (.*)$/.exec(line)
    if (heading !== null) {
      const wanted = slug(heading[1]!)
      let anchor = wanted
      for (let suffix = 1; anchors.has(anchor); suffix++) anchor = `${wanted}-${suffix}`
      anchors.add(anchor)
    }
    // links in code are no links
    for (const [, target] of line.replace(/`[^`]*`/g, "``").matchAll(/\]\(([^)\s]+)\)/g))
      links.push({ target: target!, line: at + 1 })
  }
  return { path, text, blocks, anchors, links }
}

/** Reads a Markdown file of the repository. */
export const read = (path: string): Page => parse(path, readFileSync(join(root, path), "utf8"))

const inFolder = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(root, join(root, folder, entry.name)).replaceAll("\\", "/"))

const readmesIn = (folder: string): ReadonlyArray<string> =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .map((name) => `${folder}/${name}/README.md`)
        .filter((path) => existsSync(join(root, path)))
    : []

/** The pages whose TypeScript is checked. */
export const checked = (): ReadonlyArray<Page> => ["README.md", ...inFolder("docs"), ...readmesIn("packages")].map(read)

/** All pages. */
export const all = (): ReadonlyArray<Page> => [
  ...checked(),
  ...["CONTRIBUTING.md", "bench/README.md", ...inFolder("docs/decisions"), ...readmesIn("examples"), ...readmesIn("tools")]
    .filter((path) => existsSync(join(root, path)))
    .map(read),
]

/** The TypeScript of a page as modules: a block with those it continues is one. */
export const modules = (
  page: Page,
): ReadonlyArray<{ readonly line: number; readonly blocks: ReadonlyArray<Block>; readonly prints: string | undefined }> => {
  const found: Array<{ line: number; blocks: Array<Block>; prints: string | undefined }> = []
  for (const [at, block] of page.blocks.entries()) {
    if (!["ts", "typescript"].includes(block.language) || block.info === "no-check") continue
    const next = page.blocks[at + 1]
    const prints = next?.comment === "prints" ? next.code : undefined
    const before = found.at(-1)
    if (block.comment !== "continues") found.push({ line: block.line, blocks: [block], prints })
    else if (before === undefined) throw new Error(`${page.path}:${block.line}: there is no block to continue`)
    else found.push({ line: block.line, blocks: [...before.blocks, block], prints })
  }
  return found
}
