import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

export default defineConfig({
  // workspace packages are tested from their sources
  resolve: { conditions: ["@waybill/source"] },
  ssr: { resolve: { conditions: ["@waybill/source"] } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "tools/*/test/**/*.test.ts",
      "docs/test/**/*.test.ts",
      "bench/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    // one real PostgreSQL and one real MongoDB for the whole run
    globalSetup: ["tools/databases/src/vitestSetup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    sequence: { shuffle: true },
    // much of a test is waiting for a database, so that a core less than there are would leave one idle
    maxWorkers: Math.max(2, availableParallelism()),
  },
})
