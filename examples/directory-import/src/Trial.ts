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

// kills its own process as it has written so many lines: a parent that has to wait for the processor would come too late
const killsItself = (lines: number): string =>
  `data:text/javascript,${encodeURIComponent(`
  let written = 0
  const write = process.stderr.write.bind(process.stderr)
  process.stderr.write = (text, ...others) => {
    const result = write(text, ...others)
    written += String(text).split("\\n").length - 1
    if (written >= ${lines}) process.kill(process.pid, "SIGKILL")
    return result
  }`)}`

/** Starts the program, and kills it with SIGKILL once it has written so many lines to standard error; `undefined` lets it come to its end. */
export const run = async ({ command, environment }: Program, lines: number | undefined) => {
  const kill = lines === undefined ? [] : ["--import", killsItself(lines)]
  const child = spawn(process.execPath, [...kill, ...command], {
    env: { ...process.env, ...environment, IMPORT_TRACE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const streams = { out: "", err: "" }
  child.stdout.on("data", (data) => {
    streams.out += String(data)
  })
  child.stderr.on("data", (data) => {
    streams.err += String(data)
  })
  const [code, signal] = (await once(child, "close")) as [number | null, string | null]
  return { code, signal, ...streams }
}

/**
 * Moments to kill at, from a seed: after how many lines of the trace, counted from each start. The same seed and numbers give the same moments.
 */
export const moments = function* (seed: number, upTo: number): Generator<number> {
  // mulberry32, by Tommy Ettinger, in the public domain
  for (let state = seed >>> 0; ; ) {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    yield 1 + (((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, upTo))
  }
}

/** How many files ended how; what is neither done nor quarantined is left. */
export interface Tally {
  readonly files: number
  readonly done: number
  /** Files by the code that their reason names; `no code` where it names none. */
  readonly quarantined: ReadonlyMap<string, number>
  /** Files of those done that are a document which another one is as well: the same name and content. */
  readonly duplicates: number
  readonly left: number
}

/** Counts what is in the folder and the database, whatever ought to be there. */
export const tally = async (folder: string, pool: pg.Pool): Promise<Tally> => {
  const files = await filesOf(folder)
  const names = [...files.keys()].filter((it) => !it.endsWith(".reason.txt"))
  const done = names.filter((it) => it.startsWith("done/")).length
  const refused = names.filter((it) => it.startsWith("quarantine/"))
  const quarantined = new Map<string, number>()
  for (const name of refused) {
    const code =
      files
        .get(`${name}.reason.txt`)
        ?.toString("utf8")
        .match(/\brule\.[\w.]*\w/)?.[0] ?? "no code"
    quarantined.set(code, (quarantined.get(code) ?? 0) + 1)
  }
  const { rows } = await pool.query("SELECT count(*)::integer AS documents FROM document")
  return {
    files: names.length,
    done,
    quarantined,
    duplicates: done - rows[0].documents,
    left: names.length - done - refused.length,
  }
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
