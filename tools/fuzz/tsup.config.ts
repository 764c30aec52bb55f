import { defineConfig } from "tsup"

export default defineConfig({
  entry: ["src/main.ts", "src/child.ts"],
  format: "esm",
  target: "node20",
  // the tests have a program of their own there
  clean: ["!tested/**"],
  sourcemap: true,
  // one bundle of the packages' sources: a process starts soon
  noExternal: [/^@waybill/],
  // for dependencies of theirs that are CommonJS
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' },
  esbuildOptions: (options) => {
    options.conditions = ["@waybill/source"]
  },
})
