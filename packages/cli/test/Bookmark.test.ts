/**
 * An import whose source is read from its bookmark on, as the command line shows it.
 */
import { Cell, Entity, Field, Import, Mirror, type Source } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Schema } from "effect"
import { expect, test } from "vitest"
import { Cli } from "../src/index.ts"
import { listening } from "./application.ts"

const Shop = Entity.make("shop", { schema: { id: Field.text(), open: Field.boolean() }, key: "id" })

// gives 2 shops as a whole, and 1 from a bookmark on; the bookmarks are moments
const source = (): Source.Source => {
  const of = (ids: ReadonlyArray<string>) => TestSource.make({ columns: ["id"], rows: ids.map((id) => [id]) })
  const delta = of(["a"])
  return {
    ...of(["a", "b"]),
    incremental: Effect.succeed({
      of: "shops",
      since: () => ({ ...delta, identify: Effect.map(delta.identify, (it) => ({ ...it, isDelta: true })) }),
      reached: (_, from) => (from === null ? "2026-01-01T00:00:00Z" : "2026-01-02T00:00:00Z"),
    }),
  }
}

const shops = Import.make({
  name: "shops",
  row: Schema.Struct({ id: Cell.text() }),
  entities: [Shop],
  map: (row) => [Shop.of({ id: row.id, open: true })],
  mirrors: [Mirror.mark(Shop, { set: { open: false } })],
  sink: MemorySink.make(),
})

test("a reading is from the bookmark on; --full reads all; `show` says which, and where the next one starts", async () => {
  const stores = Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)
  const context = await Effect.runPromise(Effect.scoped(Layer.build(stores)))
  const { host, said } = listening()
  const run = async (...args: ReadonlyArray<string>) => {
    const imports = { shops: { definition: shops, source } }
    const code = await Effect.runPromise(Cli.execute({ imports, layer: Layer.succeedContext(context) }, args, host))
    return `${code}: ${said()}`
  }
  const bookmark = (text: string) => /^ {2}bookmark {2}(.*)$/m.exec(text)?.[1]
  const idOf = (text: string) => /^ {2}job {7}(.*)$/m.exec(text)![1]!

  const first = await run("run")
  expect(bookmark(first)).toBe("all was read; the next reading starts from 2026-01-01T00:00:00Z")
  const refused = await run("run")
  expect(refused).toMatch(/^1: /)
  expect(refused).toContain("gives only what changed")
  expect(bookmark(refused)).toContain(`read from 2026-01-01T00:00:00Z, which job ${idOf(first)} had reached`)
  expect(refused).toContain("    shop validate --full\n")
  expect(refused).toContain("    shop validate --no-mirrors\n")
  const pending = await run("validate", "--no-mirrors")
  const read = `read from 2026-01-01T00:00:00Z, which job ${idOf(first)} had reached`
  expect(bookmark(pending)).toBe(`${read}; once this is committed, the next reading starts from 2026-01-02T00:00:00Z`)
  expect(bookmark(await run("cancel", idOf(pending)))).toBe(`${read}; it stays where it was`)
  const full = await run("run", "--full")
  expect(full).toMatch(/^0: /)
  expect(bookmark(await run("show", idOf(full)))).toBe("all was read; the next reading starts from 2026-01-01T00:00:00Z")
})
