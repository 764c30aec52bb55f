/**
 * The contenders in Python: their packages are installed into an environment in the bench's cache, once.
 *
 * @module
 */
import { execFile } from "node:child_process"
import { stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { cacheFolder } from "./cache.ts"
import type { Measured } from "./contender.ts"

const run = promisify(execFile)
const program = fileURLToPath(new URL("../python/files.py", import.meta.url))
const packages = ["pandas", "openpyxl"]

/** A Python that has the packages. */
export interface Python {
  readonly versions: Readonly<Record<string, string>>
  readonly measure: (name: string, file: string) => Promise<Measured>
}

const message = (error: unknown): string => (error instanceof Error ? error.message.split("\n", 1)[0]! : String(error))

/** Finds or makes it; a sentence where it is not to be had. */
export const python = async (): Promise<Python | string> => {
  const folder = join(cacheFolder, "python")
  const path = join(folder, "bin", "python")
  try {
    if ((await stat(join(folder, "ready")).catch(() => undefined)) === undefined) {
      await run("python3", ["-m", "venv", folder])
      await run(path, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages])
      await run("touch", [join(folder, "ready")])
    }
    const asked =
      "import json, platform, pandas, openpyxl; print(json.dumps(dict(python=platform.python_version(), pandas=pandas.__version__, openpyxl=openpyxl.__version__)))"
    const { stdout } = await run(path, ["-c", asked])
    return {
      versions: JSON.parse(stdout) as Record<string, string>,
      measure: async (name, file) => JSON.parse((await run(path, [program, name, file])).stdout) as Measured,
    }
  } catch (error) {
    return `Python's readers are left out: ${message(error)}`
  }
}
