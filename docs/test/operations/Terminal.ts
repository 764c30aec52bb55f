/**
 * What docs/OPERATIONS.md shows of a terminal: per section its commands, with what they print, and what happens in between.
 *
 * A block of `console` holds lines that begin with `$ ` and the output under each. In the output `…` alone on a line stands for any lines, and
 * `…` within a line for any text. `<!-- meanwhile: … -->` before a block names what happens before its first command.
 */
import type * as Markdown from "../Markdown.ts"

/** A command with the output that the page shows. */
export interface Shown {
  readonly command: string
  readonly output: string
  /** The line of the page that the output begins at, from 1. */
  readonly line: number
}

/** A block: what happened before it, and its commands. */
export interface Terminal {
  readonly meanwhile: string | null
  readonly shown: ReadonlyArray<Shown>
}

/** A section that shows a terminal. */
export interface Section {
  readonly heading: string
  readonly terminals: ReadonlyArray<Terminal>
}

const meanwhileOf = (comment: string | null): string | null => /^meanwhile: (.+)$/.exec(comment ?? "")?.[1] ?? null

const shownIn = ({ code, line }: Markdown.Block): ReadonlyArray<Shown> => {
  const found: Array<{ command: string; output: string; line: number }> = []
  for (const [at, text] of code.split("\n").slice(0, -1).entries()) {
    const last = found.at(-1)
    if (text.startsWith("$ ")) found.push({ command: text.slice(2), output: "", line: line + at + 1 })
    else if (last === undefined) throw new Error(`the block at line ${line} begins with output`)
    else last.output += `${text}\n`
  }
  return found
}

/** The sections of a page that show a terminal, in their order. */
export const sections = (page: Markdown.Page): ReadonlyArray<Section> => {
  const found: Array<{ heading: string; terminals: Array<Terminal> }> = []
  const lines = page.text.split("\n")
  for (const block of page.blocks.filter(({ language }) => language === "console")) {
    const heading =
      lines
        .slice(0, block.line - 2)
        .findLast((it) => /^#+ /.test(it))
        ?.replace(/^#+ /, "") ?? ""
    if (found.at(-1)?.heading !== heading) found.push({ heading, terminals: [] })
    found.at(-1)!.terminals.push({ meanwhile: meanwhileOf(block.comment), shown: shownIn(block) })
  }
  return found
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** Whether what was printed is what the page shows. */
export const isAsShown = (printed: string, output: string): boolean => {
  const pattern = output
    .split("\n")
    .slice(0, -1)
    .map((line) => (line === "…" ? "(?:.*\\n)*?" : `${line.split("…").map(escaped).join(".*")}\\n`))
  return new RegExp(`^${pattern.join("")}$`).test(printed)
}

/** Ids of jobs as a page names them: `JOB`, `JOB2` and so on, in the order in which they show up in a section. */
export class Names {
  readonly #ids: Array<string> = []

  /** What was printed, with names for ids and hashes, and without durations. */
  masked(text: string): string {
    return (
      text
        // in a table a name is as wide as the id
        .replace(/(\d{8}-\d{6}-[0-9a-z]{6})( (?= ))?/g, (_, id: string, space?: string) =>
          space === undefined ? this.#nameOf(id) : `${this.#nameOf(id).padEnd(id.length)} `,
        )
        .replace(/http:\/\/127\.0\.0\.1:\d+/g, "https://api.example")
        .replace(/[0-9a-f]{64}/g, "SHA256")
        .replace(/^( {2}took {6}).*$/gm, "$1…")
    )
  }

  /** A command with ids for names. */
  typed(command: string): string {
    return command.replace(/\bJOB(\d*)\b/g, (name, number: string) => {
      const id = this.#ids[number === "" ? 0 : Number(number) - 1]
      if (id === undefined) throw new Error(`no ${name} has been seen before: ${command}`)
      return id
    })
  }

  #nameOf(id: string): string {
    if (!this.#ids.includes(id)) this.#ids.push(id)
    const at = this.#ids.indexOf(id)
    return at === 0 ? "JOB" : `JOB${at + 1}`
  }
}
