/**
 * A trial: the import of a folder is killed again and again, then finished; and everything is looked at.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import type pg from "pg"
import type { Expected } from "./Tree.ts"

/** How the program is started. */
export interface Program {
  readonly command: ReadonlyArray<string>
  readonly environment: { readonly [name: string]: string }
}

/** Starts the program, and kills it with SIGKILL once it has written so many lines to standard error; `undefined` lets it come to its end. */
export const run = async ({ command, environment }: Program, lines: number | undefined) => {
  const child = spawn(process.execPath, [...command], {
    env: { ...process.env, ...environment, IMPORT_TRACE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const streams = { out: "", err: "" }
  child.stdout.on("data", (data) => {
    streams.out += String(data)
  })
  child.stderr.on("data", (data) => {
    streams.err += String(data)
    if (lines !== undefined && streams.err.split("\n").length > lines) child.kill("SIGKILL")
  })
  const [code, signal] = (await once(child, "close")) as [number | null, string | null]
  return { code, signal, ...streams }
}

const filesOf = async (folder: string): Promise<ReadonlyMap<string, Buffer>> => {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries.filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name))
  const found = new Map<string, Buffer>()
  for (const name of names) found.set(path.relative(folder, name).split(path.sep).join("/"), await fs.readFile(name))
  return found
}

const hashOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex")

/** All that is not as it ought to be, each as a sentence; none where the folder, the database and the object store are in order. */
export const problems = async (
  expected: Expected,
  folder: string,
  objects: string,
  pool: pg.Pool,
): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  const compare = (what: string, is: ReadonlyArray<string>, wanted: Iterable<string>): void => {
    const [has, ought] = [[...is].sort(), [...wanted].sort()]
    for (const it of ought) if (!has.includes(it)) found.push(`${what}: ${it} is not there`)
    for (const [at, it] of has.entries())
      if (!ought.includes(it) || has[at - 1] === it) found.push(`${what}: ${it} is there, and ought not to be, or twice`)
  }
  const { rows } = await pool.query("SELECT name, sha256, path FROM document")
  compare(
    "database",
    rows.map(({ name, sha256 }) => `${name} ${sha256}`),
    expected.documents,
  )
  const stored = await filesOf(objects)
  const hashes = new Set([...expected.documents].map((it) => it.slice(it.lastIndexOf(" ") + 1)))
  compare(
    "object store",
    [...stored.keys()].filter((it) => !path.basename(it).startsWith(".")),
    [...hashes].map((it) => `${it.slice(0, 2)}/${it}`),
  )
  for (const [key, content] of stored)
    if (!path.basename(key).startsWith(".") && hashOf(content) !== path.basename(key))
      found.push(`object store: ${key} has other content`)
  const files = await filesOf(folder)
  const reasons = [...expected.quarantined.keys()].map((it) => `quarantine/${it}.reason.txt`)
  const places = [...expected.files.keys()].map((it) => `${expected.quarantined.has(it) ? "quarantine" : "done"}/${it}`)
  compare("folder", [...files.keys()], [...places, ...reasons])
  for (const [name, content] of files)
    if (name.endsWith(".reason.txt") && !reasons.includes(name)) found.push(`folder: ${name} says: ${content.toString("utf8")}`)
  for (const [name, sha256] of expected.files) {
    const content = files.get(`${expected.quarantined.has(name) ? "quarantine" : "done"}/${name}`)
    if (content !== undefined && hashOf(content) !== sha256) found.push(`folder: ${name} has other content`)
  }
  for (const [name, code] of expected.quarantined)
    if (!(files.get(`quarantine/${name}.reason.txt`)?.includes(code) ?? false))
      found.push(`folder: the reason of ${name} does not name ${code}`)
  return found
}
