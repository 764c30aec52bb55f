/**
 * The source files of the repository as the tests of its architecture look at them: packages, files, imports.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** The folder of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url))

/** What an import line names. */
export interface Imported {
  /** As it is written: `./Issue.ts`, `effect`, `node:path`. */
  readonly from: string
  /** The names that are taken out of it, as they are exported there; none for a namespace or for all of it. */
  readonly names: ReadonlyArray<string>
}

/** A file. */
export interface File {
  /** Within the repository, with `/`. */
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly imports: ReadonlyArray<Imported>
}

const namesOf = (node: ts.ImportDeclaration | ts.ExportDeclaration): ReadonlyArray<string> => {
  const list = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause
  return list !== undefined && (ts.isNamedImports(list) || ts.isNamedExports(list))
    ? list.elements.map((element) => (element.propertyName ?? element.name).text)
    : []
}

const importsOf = (name: string, text: string): ReadonlyArray<Imported> => {
  const found: Array<Imported> = []
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
      found.push({ from: (node.moduleSpecifier as ts.StringLiteral).text, names: namesOf(node) })
    // import("x") as an expression and as a type
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      ts.isStringLiteral(node.arguments[0]!)
    )
      found.push({ from: node.arguments[0].text, names: [] })
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
      found.push({ from: node.argument.literal.text, names: [] })
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.ES2022))
  return found
}

/** The TypeScript files under a folder; none where it is not there. */
export const files = (folder: string): ReadonlyArray<File> => {
  const absolute = path.join(root, folder)
  if (!existsSync(absolute)) return []
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !/node_modules|\/dist(\/|$)/.test(entry.parentPath))
    .map((entry): File => {
      const file = path.join(entry.parentPath, entry.name)
      const text = readFileSync(file, "utf8")
      return {
        path: path.relative(root, file).replaceAll("\\", "/"),
        text,
        lines: text.split("\n").length - 1,
        imports: importsOf(file, text),
      }
    })
}

/** What a package.json says that the rules look at. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly engines: { readonly node: string }
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** A package of the workspace. */
export interface Package {
  /** `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
  readonly src: ReadonlyArray<File>
  readonly test: ReadonlyArray<File>
}

/** The packages in a folder of packages. */
export const packages = (parent: string): ReadonlyArray<Package> =>
  readdirSync(path.join(root, parent))
    .map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(path.join(root, folder, "package.json")))
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as Manifest,
      src: files(`${folder}/src`),
      test: files(`${folder}/test`),
    }))

/** A file without its comments. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`\w])\/\/.*$/gm, "$1")
