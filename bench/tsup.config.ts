import { defineConfig, type Options } from "tsup"

const shared: Options = { format: "esm", target: "node20", sourcemap: true, clean: true }

export default defineConfig([
  { ...shared, entry: ["src/main.ts", "src/child.ts"] },
  // for stages that no package exports: one bundle of the packages' sources
  {
    ...shared,
    entry: ["src/child.ts"],
    outDir: "dist/inside",
    noExternal: [/^@waybill\//],
    esbuildOptions: (options) => {
      options.conditions = ["@waybill/source"]
    },
  },
])
