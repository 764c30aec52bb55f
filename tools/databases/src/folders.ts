/**
 * Where files go: the cache that is kept between runs, and the temporary folders that are not.
 *
 * @module
 */

import { randomUUID } from "node:crypto"
import { mkdir, stat } from "node:fs/promises"
import { homedir, tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { guard, type Ward } from "./guardian.ts"

/** The cache folder of this user; it is made if it is not there. */
export const cacheFolder = async (): Promise<string> => {
  const folder = join(homedir(), ".cache", "waybill")
  await mkdir(folder, { recursive: true })
  return folder
}

/** Whether any user of this machine may pass through all folders down to `path` and read it. */
export const openToOthers = async (path: string): Promise<boolean> => {
  const { mode } = await stat(path)
  if ((mode & 0o004) === 0) return false
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** A new empty folder, under guard from before it is there. */
export interface GuardedFolder {
  readonly folder: string
  readonly ward: Ward
}

/** A new empty folder `<prefix><random>` of this user's own; with `open`, in a place that other users can reach. */
export const temporaryFolder = async (prefix: string, options: { readonly open: boolean }): Promise<GuardedFolder> => {
  const usual = tmpdir()
  const reachable = !options.open || (await openToOthers(join(usual, ".")).catch(() => false))
  const folder = join(reachable ? usual : "/tmp", `${prefix}${randomUUID()}`)
  const ward = guard(folder)
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    await ward.release()
    throw error
  }
  return { folder, ward }
}
