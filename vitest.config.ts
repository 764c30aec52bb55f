import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

const folders = ["packages/*/test", "examples/*/test", "tools/*/test", "docs/test", "bench/test", "test"]
const files = (ending: string): Array<string> => folders.map((folder) => `${folder}/**/*${ending}`)

const common = {
  // workspace packages are tested from their sources
  resolve: { conditions: ["@waybill/source"] },
  ssr: { resolve: { conditions: ["@waybill/source"] } },
}
const tests = { testTimeout: 60_000, hookTimeout: 120_000, sequence: { shuffle: true } }

export default defineConfig({
  ...common,
  test: {
    // one real PostgreSQL and one real MongoDB for the whole run
    globalSetup: ["tools/databases/src/vitestSetup.ts"],
    // its seed is the run's, for the projects too
    sequence: { shuffle: true },
    // much of a test is waiting for a database: with a core less than there are, one would be idle
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        ...common,
        // modules are loaded once for many files: no test takes something in a module's place, or leaves something behind in one
        test: { ...tests, name: "shared", include: files(".test.ts"), exclude: files(".isolated.test.ts"), isolate: false },
      },
      {
        ...common,
        // here they may
        test: { ...tests, name: "isolated", include: files(".isolated.test.ts") },
      },
    ],
  },
})
