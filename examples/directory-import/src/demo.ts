/**
 * The demo: a folder is made, imported, killed on the way, finished and looked at. `--files 1607 --bytes 2600000000 --kills 20` does it in full.
 */
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
  },
})
const [files, bytes, kills] = [Number(values.files), Number(values.bytes), Number(values.kills)]
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
    environment: { IMPORT_FOLDER: inbox, OBJECTS_FOLDER: objects, DATABASE_URL: database.url, IMPORT_LEASE_MS: "2000" },
  }
  for (let kill = 1; kill <= kills; kill++) {
    // a few files on from where the one before was killed
    const { signal } = await Trial.run(program, 1 + (Math.floor((kill * files) / kills / 2) % 37))
    say(signal === "SIGKILL" ? `Killed (${kill} of ${kills}).` : "Was through before it could be killed.")
  }
  const { code, err, out } = await Trial.run(program, undefined)
  say(out)
  const pool = new pg.Pool({ connectionString: database.url })
  const problems = await Trial.problems(expected, inbox, objects, pool)
  await pool.end()
  await database.drop()
  say(
    problems.length === 0
      ? "Each file is once in the store and in the database, and all reasons are right."
      : problems.join("\n"),
  )
  if (problems.length > 0 || code === 1) {
    process.stderr.write(err)
    process.exitCode = 1
  }
} finally {
  await server.stop()
  await fs.rm(folder, { recursive: true, force: true })
}
