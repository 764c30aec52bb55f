import { defineConfig, type Options } from "tsup"

const shared: Options = { format: "esm", target: "node20", sourcemap: true }

export default defineConfig([
  // the two are built at the same time: neither may clean what the other writes
  { ...shared, entry: ["src/main.ts", "src/child.ts"], clean: ["!inside/**"] },
  // for stages that no package exports: one bundle of the packages' sources
  {
    ...shared,
    entry: ["src/child.ts"],
    outDir: "dist/inside",
    clean: true,
    noExternal: [/^@waybill\//],
    esbuildOptions: (options) => {
      options.conditions = ["@waybill/source"]
    },
  },
])
