/**
 * The demo: a folder is made, imported, killed on the way at moments that follow from `--seed`, finished and looked at.
 * `--files 1607 --bytes 2600000000 --kills 20` does it in full. It ends with 1 where anything is not as it ought to be.
 */

import { randomInt } from "node:crypto"
import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { createPostgresDatabase, startPostgres } from "@waybill-internal/databases"
import pg from "pg"
import * as Tree from "./Tree.ts"
import * as Trial from "./Trial.ts"

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "120" },
    bytes: { type: "string", default: "2000000" },
    kills: { type: "string", default: "3" },
    seed: { type: "string", default: String(randomInt(1, 2 ** 31)) },
  },
})
const whole = (name: keyof typeof values, least: number): number => {
  const value = Number(values[name])
  if (/^\d{1,15}$/.test(values[name]) && value >= least) return value
  process.stderr.write(`--${name} is “${values[name]}”; expected a whole number from ${least} on\n`)
  process.exit(1)
}
const [files, bytes, kills, seed] = [whole("files", 1), whole("bytes", 1), whole("kills", 0), whole("seed", 0)]
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const folder = await fs.mkdtemp(join(tmpdir(), "directory-import-"))
const server = await startPostgres({ durable: false })
try {
  const database = await createPostgresDatabase({ url: server.url })
  const [inbox, objects] = [join(folder, "in"), join(folder, "objects")]
  const expected = await Tree.make(inbox, { files, bytes })
  say(
    `A folder of ${expected.files.size} files; ${expected.documents.size} documents and ${expected.quarantined.size} that are none.`,
  )
  const program: Trial.Program = {
    command: [fileURLToPath(new URL("main.js", import.meta.url))],
    environment: { IMPORT_FOLDER: inbox, OBJECTS_FOLDER: objects, DATABASE_URL: database.url, IMPORT_LEASE_MS: "5000" },
  }
  say(`The moments to kill at follow from --seed ${seed}.`)
  // a document is two lines of the trace or three: at this, what is left is killed about evenly
  const moments = Trial.moments(seed, Math.ceil((4 * expected.documents.size) / (kills + 1)))
  let killed = 0
  let troubles = 0
  for (let kill = 1; kill <= kills; kill++) {
    const lines = moments.next().value as number
    const { code, err, signal } = await Trial.run(program, lines)
    if (signal === "SIGKILL") killed++
    else if (code === 1) {
      troubles++
      process.stderr.write(err)
    }
    say(
      signal === "SIGKILL"
        ? `Killed after ${lines} lines of its trace (${kill} of ${kills}).`
        : `Ended with ${code ?? signal} before it could be killed after ${lines} lines (${kill} of ${kills}).`,
    )
  }
  const { code, err, out } = await Trial.run(program, undefined)
  if (code !== 0 && code !== 2) {
    troubles++
    process.stderr.write(err)
  }
  say(out)
  const pool = new pg.Pool({ connectionString: database.url })
  const problems = await Trial.problems(expected, inbox, objects, pool)
  const tally = await Trial.tally(inbox, pool)
  await pool.end()
  await database.drop()
  for (const problem of problems) say(problem)
  say(`files        ${tally.files}`)
  say(`done         ${tally.done}`)
  for (const [reason, count] of [...tally.quarantined].sort()) say(`quarantined  ${count}  ${reason}`)
  say(`duplicates   ${tally.duplicates}  of those done`)
  say(`left         ${tally.left}`)
  say(`kills        ${killed} of ${kills}`)
  say(`problems     ${problems.length + troubles}`)
  if (problems.length + troubles > 0) process.exitCode = 1
  else say("Each file is once in the store and in the database, and all reasons are right.")
} finally {
  await server.stop()
  await fs.rm(folder, { recursive: true, force: true })
}
