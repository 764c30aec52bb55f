import { defineConfig } from "tsup"

export default defineConfig({
  entry: ["src/main.ts"],
  format: "esm",
  target: "node20",
  clean: true,
  sourcemap: true,
  // the examples are programs, not packages: their parts come in from the sources
  noExternal: [/^@waybill-examples\//],
})
