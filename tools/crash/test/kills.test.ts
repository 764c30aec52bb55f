/** Workers that are processes, and are killed; `npm run crash` kills hundreds. */
import { fileURLToPath } from "node:url"
import { useMongo, usePostgres } from "@waybill-internal/databases/testing"
import { build } from "tsup"
import { beforeAll, expect, it } from "vitest"
import { kill } from "../src/kills.ts"
import { mongoArena } from "../src/mongoArena.ts"
import { postgresArena } from "../src/postgresArena.ts"
import { random } from "../src/random.ts"

const postgres = usePostgres()
const mongo = useMongo()

const root = fileURLToPath(new URL("..", import.meta.url))
const built = `${root}/dist/tested`

// one program of the sources, so that no package has to be built and a worker starts soon
beforeAll(() =>
  build({
    config: false,
    silent: true,
    entry: [`${root}/src/child.ts`],
    outDir: built,
    format: "esm",
    target: "node20",
    external: ["effect", "mongodb", "pg"],
    noExternal: [/^@waybill\//],
    // for dependencies of theirs that are CommonJS
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' },
    esbuildOptions: (options) => {
      options.conditions = ["@waybill/source"]
    },
  }),
)

const arenas = {
  postgres: () => postgresArena(postgres.serverUrl, 10_000, 500),
  mongo: () => mongoArena(mongo.serverUrl, 5_000, 250),
}

it.each(["postgres", "mongo"] as const)(
  "%s: after three kills nothing is lost, nothing doubled, and all is counted",
  async (name) => {
    const arena = await arenas[name]()
    try {
      const tally = await kill(arena, {
        kills: 3,
        random: random(1),
        program: `${built}/child.js`,
        log: () => {},
      })
      expect(tally).toMatchObject({ kills: 3, lost: 0, doubled: 0, wrongCounts: 0, unfinished: 0 })
    } finally {
      await arena.close()
    }
  },
  // whole processes come and go, on a machine that may be busy
  240_000,
)
