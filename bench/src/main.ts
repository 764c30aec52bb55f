/**
 * The benchmark: runs its parts, prints the table, keeps the results. Exits with 1 where a contender did not do what it says.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startMongo, startPostgres } from "@waybill-internal/databases"
import { launcher } from "./launch.ts"
import { parts } from "./parts.ts"
import { keep, machine } from "./report.ts"
import type { Result } from "./result.ts"
import { readSettings, type Settings, usage } from "./settings.ts"
import { table } from "./table.ts"

const bench = async ({ parts: chosen, profile, rows }: Settings): Promise<void> => {
  const measuredAt = new Date().toISOString()
  const folder = await mkdtemp(join(tmpdir(), "waybill-bench-"))
  const about = machine()
  const results: Array<Result> = []
  const log = (line: string): void => console.error(line)
  try {
    for (const part of chosen) {
      log(`${part.name}: ${part.description}`)
      results.push(
        ...(await part.run({
          rows,
          launch: launcher({ profile }),
          folder,
          log: (line) => log(`  ${line}`),
          note: (name, value) => {
            about[name] = value
          },
          postgres: () => startPostgres(),
          mongo: () => startMongo({ log }),
        })),
      )
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const wrote = await keep({ rows, measuredAt, machine: about, results })
  if (results.length > 0) console.log(`\n${table(results).join("\n")}\n\n${wrote.join("\n")}`)
}

const settings = readSettings(process.argv.slice(2), parts)
if (settings === null) console.log(usage(parts))
else if ("wrong" in settings) {
  console.error(`${settings.wrong}\n\n${usage(parts)}`)
  process.exitCode = 2
} else
  await bench(settings).catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
