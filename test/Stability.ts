/**
 * What effect says of the stability of its modules and of their members, in the declaration files that are installed.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs"
import * as path from "node:path"
import { root } from "./Sources.ts"

const dist = path.join(realpathSync(path.join(root, "packages/core/node_modules/effect")), "dist")

const declarations = new Map<string, string>()

const declaration = (module: string): string => {
  let text = declarations.get(module)
  if (text === undefined) {
    const file = path.join(dist, `${module}.d.ts`)
    text = existsSync(file) ? readFileSync(file, "utf8") : ""
    declarations.set(module, text)
  }
  return text
}

const tagOf = (comment: string): string | undefined => /@stability (\w+)/.exec(comment)?.[1]

/** The tag of a name that `effect` itself exports: a module such as `Stream`, or a function such as `pipe`; `undefined` where there is none. */
export const ofExport = (name: string): string | undefined => {
  const text = declaration("index")
  const pattern = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*(?:export \\* as ${name} |${name}[, ])`)
  return tagOf(pattern.exec(text)?.[1] ?? "")
}

/** The tag of a module that is imported by its path: `http/HttpClient`. Its file begins with a comment that has it. */
export const ofModule = (module: string): string | undefined => tagOf(declaration(module).split("*/", 1)[0]!)

/** The tags of a member of a module, one for each of its declarations; none where it is not found. */
export const ofMember = (module: string, member: string): ReadonlyArray<string> => {
  const comment = "/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*"
  const declared = `export (?:declare )?(?:abstract )?(?:const|function|class|interface|type|namespace) ${member}\\b`
  const listed = `(?:export \\{\\s*)?(?:\\w+ as )?${member}[,\\s}]`
  return [...declaration(module).matchAll(new RegExp(`${comment}(?:${declared}|${listed})`, "g"))]
    .map((match) => tagOf(match[1]!))
    .filter((tag) => tag !== undefined)
}
