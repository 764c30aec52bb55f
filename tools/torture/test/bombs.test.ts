/** No file that is made to exhaust its reader does: each is read by a process of its own, whose memory is measured. */
import { fileURLToPath } from "node:url"
import { build } from "tsup"
import { beforeAll, expect, test } from "vitest"
import { bombs } from "../src/bombs/bombs.ts"
import { detonate, problemOf } from "../src/bombs/detonate.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const built = `${root}/dist/tested`

beforeAll(() =>
  build({
    config: false,
    silent: true,
    entry: [`${root}/src/bombs/child.ts`],
    outDir: built,
    format: "esm",
    target: "node20",
    external: ["effect"],
    noExternal: [/^@waybill\//],
    esbuildOptions: (options) => {
      options.conditions = ["@waybill/source"]
    },
  }),
)

// they take 80 to 240 MiB, Node itself among them; how long they take is for the command to tell
const mostMiB = 320

test.each(bombs.map((bomb) => [bomb.name, bomb] as const))("%s", async (_, bomb) => {
  const measured = await detonate(bomb, `${built}/child.js`)
  expect(problemOf(bomb, measured)).toBeUndefined()
  expect(measured.peakMiB).toBeLessThan(mostMiB)
})
