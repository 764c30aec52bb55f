/**
 * A program whose target takes forever to write, so that a test can interrupt it.
 */
import type { Import } from "@waybill/core"
import { Effect } from "effect"
import { Cli, type Extra } from "../../src/index.ts"
import { make } from "../application.ts"

const { imports, layer, prices } = make()
const slow: Import.Import = {
  ...prices,
  sink: {
    ...prices.sink,
    commit: () =>
      Effect.andThen(
        Effect.acquireRelease(
          Effect.sync(() => process.stderr.write("writing\n")),
          () => Effect.sync(() => process.stderr.write("rolled back\n")),
        ),
        Effect.never,
      ),
  },
}
const wait: Extra.Extra = {
  description: "waits for nothing",
  run: (_, host) =>
    Effect.andThen(
      Effect.sync(() => host.err("waiting\n")),
      Effect.never,
    ),
}

Cli.run({ name: "shop", imports: { prices: { ...imports["prices"]!, definition: slow } }, extras: { wait }, layer })
