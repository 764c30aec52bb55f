/**
 * Lets plain node run the sources: translates TypeScript as it is loaded.
 */
import { readFile } from "node:fs/promises"
import ts from "typescript"

const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }

export const load = async (url, context, next) => {
  if (!url.endsWith(".ts")) return next(url, context)
  const { outputText } = ts.transpileModule(await readFile(new URL(url), "utf8"), { compilerOptions })
  return { format: "module", shortCircuit: true, source: outputText }
}
