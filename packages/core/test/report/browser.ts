/**
 * A headless Chromium, if there is one: at CHROMIUM_PATH or in the PATH.
 */
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import puppeteer, { type Browser } from "puppeteer-core"
import { afterAll, beforeAll } from "vitest"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

const isThere = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const find = (): string | undefined =>
  process.env["CHROMIUM_PATH"] ??
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isThere)

/** Where the browser is; `undefined` where there is none, which is said once. */
export const chromium = find()
if (chromium === undefined) console.log("skipped: there is no Chromium in the PATH, and CHROMIUM_PATH is not set")

/** The browser, for the tests of the calling file. */
export const useBrowser = (): (() => Browser) => {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (chromium === undefined) return
    // root has no sandbox to give
    browser = await puppeteer.launch({ executablePath: chromium, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] })
  })
  afterAll(() => browser?.close())
  return () => browser!
}
